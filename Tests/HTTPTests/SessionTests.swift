// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Testing

@testable import HTTP

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func text(_ secret: SecretBytes?) -> String? {
  secret.map { $0.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
}

@Suite struct SessionTests {
  private func collect(token: String? = "t0ken==", _ cookies: [String], host: String = "api.example.com")
    -> SessionGrant?
  {
    var collector = SessionCollector(host: host)
    if let token { bytes(token).withUnsafeBytes { collector.add(token: $0) } }
    for cookie in cookies { bytes(cookie).withUnsafeBytes { collector.add(cookie: $0) } }
    return collector.grant
  }

  @Test func tokenAndCookiesBelongTogether() {
    let grant = collect(["SAP_SESSIONID_S4H_100=a%3d; path=/; secure; HttpOnly", "sap-usercontext=sap-client=100"])
    #expect(text(grant?.token) == "X-CSRF-Token: t0ken==\0")
    #expect(text(grant?.cookies) == "Cookie: SAP_SESSIONID_S4H_100=a%3d; sap-usercontext=sap-client=100\0")
    #expect(text(collect([])?.cookies) == nil)
    #expect(collect(token: nil, ["a=bc"]) == nil)
  }

  @Test func aLaterCookieTakesThePlaceOfAnEarlierOne() {
    #expect(text(collect(["a=one", "ab=two", "a=three"])?.cookies) == "Cookie: ab=two; a=three\0")
    #expect(text(collect(["a=one", "a=gone; Max-Age=0"])?.cookies) == nil)
    #expect(text(collect(["a=one", "a=gone; max-age = -1"])?.cookies) == nil)
    #expect(text(collect(["a=one; Max-Age=60"])?.cookies) == "Cookie: a=one\0")
  }

  @Test(arguments: [
    ("a=bc; Domain=other.com", false), ("a=bc; domain=.example.com", true), ("a=bc; DOMAIN = api.example.com", true),
    ("a=bc; Domain=", true), ("a=bc; Domain=ple.com", false), ("a=bc; Domain=sub.api.example.com", false),
    ("=bc", false), ("abc", false), ("a=b\u{7F}c", false), ("a=b c", false), ("", false), (";;;", false),
  ])
  func onlyOurOwnCookiesAreKept(cookie: String, isKept: Bool) {
    #expect((collect([cookie])?.cookies != nil) == isKept)
  }

  @Test func boundsHold() {
    #expect(collect(token: String(repeating: "t", count: 8_193), []) == nil)
    #expect(collect(token: "a b", []) == nil)
    #expect(collect(token: "", []) == nil)
    #expect(collect(["a=" + String(repeating: "v", count: 9_000)])?.cookies == nil)
    let many = text(collect((0..<200).map { "c\($0)=value" })?.cookies) ?? ""
    #expect(many.split(separator: ";").count == 50)
  }

  private func request(authorization: String? = nil, body: String? = nil) throws -> HTTPRequest {
    var request = HTTPRequest(
      .post, try Origin(pasted: "api.example.com"), "/", headers: [], deadline: Deadline(milliseconds: 1),
      trust: Trust(), maximumBody: 1)
    request.authorization = authorization.map { SecretBytes(copying: bytes($0 + "\0")) }
    request.body = body.map { SecretBytes(copying: bytes($0)) }
    return request
  }

  private func blotted(_ answer: String, _ request: HTTPRequest) -> String {
    var answer = bytes(answer)
    answer.withUnsafeMutableBytes { EchoMask.blot(EchoMask.pieces(of: request), in: $0) }
    return String(decoding: answer, as: UTF8.self)
  }

  @Test func whatWasShownDoesNotComeBack() throws {
    let token = try request(authorization: "Authorization: Bearer abc.def/ghi=")
    #expect(blotted("you sent Bearer abc.def/ghi= to me", token) == "you sent Bearer ************ to me")
    #expect(blotted(#"{"h":"Bearer abc.def\/ghi="}"#, token) == #"{"h":"Bearer *************"}"#)
    #expect(blotted("abc.def/ghi=abc.def/ghi=", token) == String(repeating: "*", count: 24))
    #expect(blotted("abc.def/gh", token) == "abc.def/gh")
    #expect(blotted("", token) == "")

    var session = try request()
    session.session = collect(token: "csrf-token-1", ["SAP_SESSIONID=cookie-value-1", "b=shortish1"])
    let said = blotted("csrf-token-1 SAP_SESSIONID=cookie-value-1; cookie-value-1 shortish1 SAP_SESSIONID", session)
    for secret in ["csrf-token-1", "cookie-value-1", "shortish1"] { #expect(!said.contains(secret), "\(said)") }
    #expect(said.hasSuffix("SAP_SESSIONID"))

    let form = try request(body: "grant_type=client_credentials&client_secret=very%2Fsecret&x=1")
    #expect(!blotted("bad client_secret: very%2Fsecret", form).contains("very%2Fsecret"))
    // Short pieces could stand anywhere.
    #expect(blotted("x=1", form) == "x=1")
  }
}
