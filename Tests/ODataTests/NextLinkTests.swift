// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import OData

@Suite struct NextLinkTests {
  private let host = "my300000-api.s4hana.cloud.sap"
  private let request = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$top=5"

  private func resolve(_ link: String, host: String? = nil) throws(S4Error) -> String {
    guard let origin = try? Origin(pasted: host ?? self.host) else { return "no origin" }
    return try NextLink.resolve(
      link, service: try ServicePath("API_SALES_ORDER_SRV"), requestTarget: request, origin: origin)
  }

  @Test(arguments: [
    (
      "https://my300000-api.s4hana.cloud.sap/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$skiptoken=1",
      "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$skiptoken=1"
    ), ("HTTPS://MY300000-API.S4HANA.CLOUD.SAP.:443/x?a", "/x?a"), ("https://my300000-api.s4hana.cloud.sap?a", "/?a"),
    ("/v1/foo/bar/endpoint?$skiptoken=s3cReT-t0k3n&foo=bar", "/v1/foo/bar/endpoint?$skiptoken=s3cReT-t0k3n&foo=bar"),
    ("/v1/foo/bar/endpoint?$skiptoken=&foo=bar", "/v1/foo/bar/endpoint?$skiptoken=&foo=bar"),
    (
      "A_SalesOrder?%24skiptoken=1000&$skiptoken=2000",
      "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?%24skiptoken=1000&$skiptoken=2000"
    ), ("?$skiptoken='ERNSH'", "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder?$skiptoken='ERNSH'"),
    (
      "A?x=%2e%2e/../..&y=https://evil.example/",
      "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A?x=%2e%2e/../..&y=https://evil.example/"
    ),
    ("A?x=//evil.example", "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A?x=//evil.example"),
    ("A?a+b=%zz%&&=;", "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A?a+b=%zz%&&=;"), ("/x?a#fragment", "/x?a"),
    (
      "A(datetime'2026-10-24T00:00:00')/to_Item?a",
      "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A(datetime'2026-10-24T00:00:00')/to_Item?a"
    ),
    ("/x?a=ü", "/x?a=%C3%BC"), ("/a..b/c...d/.e?x", "/a..b/c...d/.e?x"), ("/other/service?x", "/other/service?x"),
  ])
  func linksOfEachFormAreResolved(link: String, target: String) throws {
    #expect(try resolve(link) == target)
  }

  @Test(arguments: [
    ("https://evil.example/x?$skiptoken=secret", "evil.example"),
    ("https://my300000-api.s4hana.cloud.sap.evil.example/x", "my300000-api.s4hana.cloud.sap.evil.example"),
    ("https://my300000-api.s4hana.cloud.sap:80/x", "my300000-api.s4hana.cloud.sap:80"),
    ("https://my300000-api.s4hana.cloud.sap:8443/x", "my300000-api.s4hana.cloud.sap:8443"),
    ("https://my300000.s4hana.cloud.sap/x", "my300000.s4hana.cloud.sap"), ("//evil.example/x?a", "evil.example"),
    ("//my300000-api.s4hana.cloud.sap/x", "my300000-api.s4hana.cloud.sap"),
    ("http://my300000-api.s4hana.cloud.sap/x", "my300000-api.s4hana.cloud.sap"),
    ("https://user:pw@evil.example/x", "evil.example"),
    ("https://my300000-api.s4hana.cloud.sap@evil.example/x", "evil.example"),
    ("https://user@my300000-api.s4hana.cloud.sap/x", "my300000-api.s4hana.cloud.sap"),
    ("ftp://evil.example/x", "evil.example"),
    ("https:evil.example/x", "evil.example"), ("https:/evil.example/x", "evil.example"),
    ("https:///evil.example/x", "evil.example"),
    ("javascript:alert(1)", "alert(1)"), ("file:///etc/passwd", "etc"), ("https://[::1]/x", "[::1]"),
  ])
  func foreignNextLinkIsRefused(link: String, host: String) {
    let error = failure { () throws(S4Error) in try resolve(link) }
    #expect(error?.code == .originRefused)
    #expect(error?.outcome == .notSent)
    #expect(error?.target == host)
    #expect(contains(error?.message ?? "", host))
    #expect(!contains(error?.message ?? "", "skiptoken"))
    #expect(!contains(error?.message ?? "", "pw"))
  }

  @Test(arguments: [
    "", "#", "#x", " ", "/x y", "/x\r\nHost: evil", "/x\n", "/x\u{0}", "/x\u{7F}", "/\\evil.example",
    "\\\\evil.example\\x", "https://my300000-api.s4hana.cloud.sap\\@evil.example/",
    "/a/../b", "/a/./b", "../b", "./b", "..", "/..", "/a/..", "/a/%2e%2e/b", "/a/.%2E/b", "/a/%2e/b", "/a/..;x/b",
    "/a/..%2fb", "/a/%2e%2e%5cb",
    "A/../../x?y", "https://my300000-api.s4hana.cloud.sap//evil.example/x",
    "https://my300000-api.s4hana.cloud.sap/a/../b",
    "/..?x",
  ])
  func whatIsNoLinkIsMalformed(link: String) {
    let error = failure { () throws(S4Error) in try resolve(link) }
    #expect(error?.code == .malformedAnswer)
    #expect(error?.target == "__next")
  }

  @Test func portIsPartOfTheOrigin() throws {
    #expect(try resolve("https://localhost:8443/x", host: "localhost:8443") == "/x")
    #expect(
      failure { () throws(S4Error) in try resolve("https://localhost/x", host: "localhost:8443") }?.code
        == .originRefused)
  }

  @Test func longLinksAreRefused() {
    let link = "/x?" + String(repeating: "a", count: 64 << 10)
    #expect(failure { () throws(S4Error) in try resolve(link) }?.code == .malformedAnswer)
    #expect(failure { () throws(S4Error) in try resolve(String(link.dropLast(3))) } == nil)
  }

  @Test func resolvedLinkIsAPathOnThisHostWhateverCame() throws {
    var random = Randomness(seed: 6)
    let pieces = [
      "https://", "http:", "//", "/", host, "evil.example", "?", "#", "..", "%2e", ".", ":", "443", "@", "A_SalesOrder",
      "$skiptoken=", "\\",
      " ", "\u{0}", "ü", "%", "[", "]", ";", "'",
    ]
    for _ in 0..<30_000 {
      let link = (0..<Int.random(in: 1...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      guard let target = try? resolve(link) else { continue }
      #expect(target.hasPrefix("/") && !target.hasPrefix("//"), "\(link)")
      #expect(
        target.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") }, "\(link)")
    }
  }
}
