// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Basics

@Suite struct OriginTests {
  @Test(arguments: [
    "my300000-api.s4hana.cloud.sap", "MY300000-API.S4HANA.CLOUD.SAP", "my300000-api.s4hana.cloud.sap.",
    "my300000-api.s4hana.cloud.sap:443", "https://my300000-api.s4hana.cloud.sap",
    "HTTPS://my300000-api.s4hana.cloud.sap:443", "https://my300000-api.s4hana.cloud.sap.:0443",
  ])
  func spellingsOfOneOriginAreEqual(text: String) throws {
    let origin = try Origin(pasted: text)
    #expect(origin == (try Origin(pasted: "my300000-api.s4hana.cloud.sap")))
    #expect(origin.url == "https://my300000-api.s4hana.cloud.sap")
  }

  @Test func anotherPortIsAnotherOrigin() throws {
    #expect(try Origin(pasted: "host:8443") != (try Origin(pasted: "host")))
    #expect(try Origin(pasted: "host:8443").url == "https://host:8443")
  }

  @Test(
    arguments: [
      ("", .empty), ("http://host", .notHTTPS), ("ftp://host", .notHTTPS), ("user@host", .userInfo),
      ("https://user:secret@host", .userInfo), ("https://host@evil.example", .userInfo), ("host/", .path),
      ("https://host/sap", .path), ("host?x", .path), ("host#x", .path), ("host:", .port), ("host:0", .port),
      ("host:65536", .port), ("host:99999", .port), ("host:-1", .port), ("host:+1", .port), ("host:44 3", .host),
      ("host:123456", .port), (":443", .host), ("https://", .host), ("https:///path", .host), ("ho st", .host),
      ("host\n", .host), ("host\r\nX: y", .host), ("host\u{0}", .host), ("höst", .host), ("host\\evil", .host),
      ("-host", .host),
      ("host-", .host), ("a..b", .host), (".host", .host), ("host..", .host), ("ho$t", .host), ("ho%73t", .host),
      ("[::1", .host), ("[]", .host), ("[::1]x", .host), ("[localhost]", .host), ("[1234]", .host),
      ("[::1%25lo]", .host),
      ("[:::1]", .host), ("[1::2::3]", .host), ("[::ffff:1.2.3]", .host), ("127.1", .host), ("2130706433", .host),
      ("0x7f.1", .host), ("0x7F000001", .host), ("0177.0.0.1", .host), ("1.2.3.4.5", .host), ("256.1.1.1", .host),
      ("host.0x", .host), ("host.1", .host), ("[::1]:", .port), ("https:host", .port),
    ] as [(String, Origin.Fault)])
  func whatIsNoHTTPSOriginIsRefused(text: String, fault: Origin.Fault) {
    #expect(throws: fault) { try Origin(pasted: text) }
  }

  @Test func longNamesAreRefused() {
    let label = String(repeating: "a", count: 63)
    #expect(throws: Never.self) { try Origin(pasted: [label, label, label, "b"].joined(separator: ".")) }
    #expect(throws: Origin.Fault.host) { try Origin(pasted: label + "a") }
    #expect(throws: Origin.Fault.host) { try Origin(pasted: Array(repeating: label, count: 4).joined(separator: ".")) }
  }

  @Test func ipv6AddressesKeepTheirBracketsInTheURL() throws {
    let origin = try Origin(pasted: "[2001:DB8::1]:8443")
    #expect(origin.host == "2001:db8::1")
    #expect(origin.url == "https://[2001:db8::1]:8443")
  }

  @Test(arguments: [
    ("[2001:db8:0:0:0:0:0:1]", "2001:db8::1"), ("[2001:0DB8::0001]", "2001:db8::1"), ("[0::0:1]", "::1"),
    ("[::FFFF:7f00:1]", "::ffff:127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"),
  ])
  func spellingsOfOneAddressAreEqual(text: String, host: String) throws {
    let origin = try Origin(pasted: text)
    #expect(origin.host == host)
    #expect(origin == (try Origin(pasted: origin.url)))
  }

  @Test(arguments: [
    ("https://host/sap/x?a=b#c", "/sap/x?a=b#c"), ("https://host", ""), ("https://host?x", "?x"),
    ("https://host:443//x", "//x"), ("https://HOST/@evil", "/@evil"),
  ])
  func urlIsSplitBehindItsAuthority(url: String, rest: String) throws {
    let parts = try Origin.split(url: url)
    #expect(parts.origin.host == "host")
    #expect(parts.rest == rest)
  }

  @Test func urlNeedsItsScheme() {
    #expect(throws: Origin.Fault.notHTTPS) { try Origin.split(url: "host/path") }
    #expect(throws: Origin.Fault.notHTTPS) { try Origin.split(url: "//host/path") }
    #expect(throws: Origin.Fault.notHTTPS) { try Origin.split(url: "http://host/path") }
  }

  @Test func mutatedURLsNeverTrap() {
    var random = Randomness(seed: 3)
    let alphabet = Array("abcZ09.-_:/?#@[]%\\ \u{0}ü漢\n")
    for _ in 0..<20_000 {
      var text = Bool.random(using: &random) ? "https://" : ""
      for _ in 0..<Int.random(in: 0...12, using: &random) { text.append(alphabet.randomElement(using: &random) ?? "a") }
      if let origin = try? Origin(pasted: text) { #expect((try? Origin(pasted: origin.url)) == origin) }
    }
  }
}
