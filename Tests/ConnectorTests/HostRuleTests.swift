// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import Connector

private func refusal(_ host: String, allowed: [String] = []) -> S4Error? {
  do throws(S4Error) {
    _ = try HostRule.apiOrigin(host, allowed: allowed)
    return nil
  } catch {
    return error
  }
}

private func tokenRefusal(_ url: String, allowed: [String] = []) -> S4Error? {
  do throws(S4Error) {
    _ = try HostRule.tokenEndpoint(url, allowed: allowed)
    return nil
  } catch {
    return error
  }
}

@Suite struct HostRuleTests {
  @Test(arguments: [
    "my300000-api.s4hana.cloud.sap", "https://my300000-api.s4hana.cloud.sap", "MY300000-API.S4HANA.CLOUD.SAP.",
    "my300000-api.s4hana.ondemand.com:443", "my300000-api.saps4hanacloud.cn",
  ]) func editionHostsAreTaken(_ host: String) {
    #expect(refusal(host) == nil)
  }

  @Test(arguments: [
    ("http://my300000-api.s4hana.cloud.sap", "https"), ("https://my300000-api.s4hana.cloud.sap/", "path"),
    ("my300000-api.s4hana.cloud.sap/sap/opu", "path"), ("my300000-api.s4hana.cloud.sap?x=1", "path"),
    ("user:pw@my300000-api.s4hana.cloud.sap", "user"), ("https://u@my300000-api.s4hana.cloud.sap", "user"),
    ("my300000-api.s4hana.cloud.sap:0", "port"), ("my300000-api.s4hana.cloud.sap:65536", "port"),
    ("my300000-api.s4hana.cloud.sap:", "port"), ("my300000-api.s4hana.cloud.sap:+443", "port"), ("", "empty"),
    ("my 300000.s4hana.cloud.sap", "host name"), ("my300000\r\n.s4hana.cloud.sap", "host name"),
    ("my300000-api.s4hana.cloud.sap\t", "host name"), ("my300000\\@evil.com.s4hana.cloud.sap", "host name"),
    ("evil.com\\.s4hana.cloud.sap", "host name"), ("my300000\u{212A}.s4hana.cloud.sap", "host name"),
    ("my300000%2fevil.s4hana.cloud.sap", "host name"), ("evil.com#.s4hana.cloud.sap", "path"),
    ("evil.com/.s4hana.cloud.sap", "path"), ("evil.com?.s4hana.cloud.sap", "path"), ("2130706433", "host name"),
    ("https:my300000.s4hana.cloud.sap", "port"), ("//my300000.s4hana.cloud.sap", "host name"),
    ("-x.s4hana.cloud.sap", "host name"), ("a..s4hana.cloud.sap", "host name"),
  ]) func malformedHostIsRefusedSayingWhich(_ host: String, _ word: String) throws {
    let error = try #require(refusal(host))
    #expect(error.code == .hostRefused)
    #expect(error.target == "host")
    #expect(error.message.contains(word), "\(error.message)")
    #expect(!error.message.contains("pw"))
  }

  @Test(arguments: [
    "sap.example.com", "s4hana.cloud.sap", "evil-s4hana.cloud.sap", "my1.s4hana.cloud.sap.example.com", "10.0.0.1",
    "localhost", "my300000-api.s4hana.cloud.sap:8443",
  ]) func otherHostsAreRefusedUnlessAllowed(_ host: String) throws {
    let error = try #require(refusal(host))
    #expect(error.message.contains("on-premise") && error.message.contains("allow_host"))
    let bare = host.split(separator: ":").first.map(String.init) ?? host
    #expect(refusal(host, allowed: [bare]) == nil)
  }

  @Test(arguments: [
    "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token",
    "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token?sap-client=100",
    "https://acme.authentication.eu10.hana.ondemand.com/oauth/token",
  ]) func documentedTokenURLsAreTaken(_ url: String) {
    #expect(tokenRefusal(url) == nil)
  }

  @Test(arguments: [
    "https://my300000-api.s4hana.cloud.sap/evil", "https://authentication.eu10.hana.ondemand.com/oauth/token",
    "https://a.authentication.eu10.hana.ondemand.com.evil.com/oauth/token", "https://evil.com/oauth/token",
    "http://acme.authentication.eu10.hana.ondemand.com/oauth/token", "acme.authentication.eu10.hana.ondemand.com",
    "https://acme.authentication.eu10.hana.ondemand.com",
    "https://x@acme.authentication.eu10.hana.ondemand.com/oauth/token",
    "https://acme.authentication.eu10.hana.ondemand.com/oauth/token#x",
  ]) func otherTokenURLsAreRefused(_ url: String) {
    #expect(tokenRefusal(url)?.code == .hostRefused)
  }

  @Test func allowedHostsAreNamesAlone() throws {
    #expect(
      try HostRule.allowedHosts("localhost, Proxy.Example.com ,::1") == ["localhost", "proxy.example.com", "::1"])
    #expect(try HostRule.allowedHosts("") == [])
    for bad in ["https://x/y", "localhost:8443", "a b", "x/y", "*"] {
      #expect(throws: S4Error.self, "\(bad)") { try HostRule.allowedHosts(bad) }
    }
  }
}
