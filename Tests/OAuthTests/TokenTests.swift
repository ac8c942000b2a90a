// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import HTTP
@testable import OAuth

private func response(_ status: Int, _ text: String, type: String = "application/json") -> HTTPResponse {
  let body = Body(isSecret: true)
  _ = Array(text.utf8).withUnsafeBytes { body.append($0) }
  return HTTPResponse(status: status, headers: [("content-type", type)], body: body, bytesWire: Int64(body.count))
}

private func header(_ secret: SecretBytes) -> String {
  secret.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

private let origin = try? Origin(pasted: "tenant.authentication.eu10.hana.ondemand.com")

private func read(_ response: HTTPResponse) throws(S4Error) -> Token {
  guard let origin else { throw S4Error(.internalDefect, "no origin") }
  return try Token.read(response, origin: origin)
}

private func failure(_ response: HTTPResponse) -> S4Error? {
  do throws(S4Error) {
    _ = try read(response)
    return nil
  } catch {
    return error
  }
}

@Suite struct TokenTests {
  @Test func tokenBecomesAHeaderLine() throws {
    let token = try read(
      response(
        200, #"{"access_token":"eyJ.a-b_c~+/=","token_type":"bearer","expires_in":43199,"scope":"uaa.x","jti":"1"}"#))
    #expect(header(token.authorization) == "Authorization: Bearer eyJ.a-b_c~+/=\0")
    #expect(token.expiresIn == 43_199)
    #expect(token.scope == "uaa.x")
    #expect(!token.isStale)
  }

  @Test(arguments: [#""43199""#, "43199", "43199.0", #""43199.9""#]) func expiryComesAsNumberOrString(_ form: String)
    throws
  {
    #expect(try read(response(200, #"{"access_token":"a","expires_in":\#(form)}"#)).expiresIn == 43_199)
  }

  @Test(arguments: ["Bearer", "BEARER", "bearer", "bEARER", ""]) func typeComesInAnyCase(_ type: String) throws {
    #expect(try read(response(200, #"{"access_token":"a","token_type":"\#(type)"}"#)).type == type)
  }

  @Test func missingOrWildExpiryMeansAShortLife() throws {
    #expect(try read(response(200, #"{"access_token":"a"}"#)).expiresIn == nil)
    for wild in ["-1", "null", "99999999999999999999999", #""soon""#, "1e400", "[]", "true", #""""#, #"" 60""#, "{}"] {
      #expect(try read(response(200, #"{"access_token":"a","expires_in":\#(wild)}"#)).expiresIn == nil, "\(wild)")
    }
    #expect(try read(response(200, #"{"access_token":"a","expires_in":0}"#)).isStale)
  }

  /// What the endpoint says, and for how long the token is sent: to 30 s before its end, at least for half of its life.
  @Test(arguments: [
    (nil, 30_000), (0, 0), (1, 500), (10, 5_000), (59, 29_500), (60, 30_000), (61, 31_000), (3_600, 3_570_000),
    (43_199, 43_169_000), (-1, 0), (Int64.max, 86_400 * 365_000 - 30_000),
  ]) func tokenIsSentUntilSomeTimeBeforeItsEnd(_ expiresIn: Int64?, _ milliseconds: Int64) {
    #expect(Token.use(expiresIn) == milliseconds)
  }

  @Test(arguments: [
    #"{"access_token":"a\r\nX-Evil: 1"}"#, #"{"access_token":"a b"}"#, #"{"access_token":"ä"}"#,
    #"{"access_token":""}"#,
    #"{"access_token":7}"#, #"{"access_token":"a","token_type":"mac"}"#,
    #"{"access_token":"a","token_type":"bearer "}"#, #"{}"#, "[]", "", "{",
    #"{"access_token":"a"} x"#,
  ]) func whatIsNoBearerTokenIsRefused(_ text: String) throws {
    #expect(failure(response(200, text))?.code == .malformedAnswer, "\(text)")
  }

  @Test(arguments: ["invalid_client", "unauthorized", "unauthorized_client"]) func rejectedSecretIsExpired(
    _ code: String
  ) throws {
    let error = try #require(
      failure(response(401, #"{"error":"\#(code)","error_description":"Bad credentials s3cret"}"#)))
    #expect(error.code == .credentialExpired)
    #expect(error.sapCode == code)
    #expect(error.httpStatus == 401)
    // The description may quote what was sent.
    #expect(!error.message.contains("s3cret"))
  }

  @Test func everyOtherRefusalHasItsOwnCode() {
    #expect(failure(response(401, ""))?.code == .credentialExpired)
    for code in ["invalid_client", "unauthorized", "unauthorized_client"] {
      #expect(failure(response(400, #"{"error":"\#(code)"}"#))?.code == .credentialExpired)
    }
    #expect(failure(response(400, #"{"error":"invalid_scope"}"#))?.code == .serviceError)
    #expect(failure(response(429, ""))?.code == .throttled)
    #expect(failure(response(503, ""))?.code == .unreachable)
    #expect(failure(response(302, ""))?.code == .originRefused)
    #expect(failure(response(200, "<html><body>Log on</body></html>", type: "text/html"))?.code == .notOData)
    #expect(failure(response(404, "<html></html>", type: "text/html"))?.code == .notOData)
  }

  @Test func secretIsFormEncodedInsideBasicForOAuthAlone() {
    let secret = SecretBytes(copying: Array("p@ss:w/ord ä".utf8))
    #expect(
      header(BasicHeader.make(user: "sb-client!b1|x", secret: secret, isFormEncoded: true))
        == "Authorization: Basic c2ItY2xpZW50JTIxYjElN0N4OnAlNDBzcyUzQXclMkZvcmQrJUMzJUE0\0")
    #expect(
      header(BasicHeader.make(user: "COMM_USER", secret: SecretBytes(copying: Array("a:b".utf8)), isFormEncoded: false))
        == "Authorization: Basic Q09NTV9VU0VSOmE6Yg==\0")
  }

  @Test func secretPostGoesIntoTheBody() throws {
    let credentials = ClientCredentials(
      tokenOrigin: try #require(origin), tokenTarget: "/oauth/token", clientID: "a b",
      authentication: .secretPost(SecretBytes(copying: Array("s&t".utf8))), scope: "x y")
    let request = credentials.tokenRequest(deadline: Deadline(milliseconds: 1_000), trust: Trust())
    #expect(request.authorization == nil)
    #expect(
      request.body.map(header) == "grant_type=client_credentials&scope=x+y&client_id=a+b&client_secret=s%26t")
    #expect(request.isAnswerSecret)
    #expect(request.certificate == nil)
  }

  @Test func parametersOfTheTenantAreFormEncodedInTheirOrder() throws {
    let credentials = ClientCredentials(
      tokenOrigin: try #require(origin), tokenTarget: "/oauth/token", clientID: "a",
      authentication: .secretBasic(SecretBytes(copying: [1])), scope: "x",
      parameters: [
        TokenParameter("resource", "urn:a b&c=ü"), TokenParameter("resource", "2"), TokenParameter("a+b", ""),
      ])
    let request = credentials.tokenRequest(deadline: Deadline(milliseconds: 1_000), trust: Trust())
    #expect(
      request.body.map(header)
        == "grant_type=client_credentials&scope=x&resource=urn%3Aa+b%26c%3D%C3%BC&resource=2&a%2Bb=")
  }

  @Test func certificateGoesIntoTheHandshakeAndTheIDIntoTheBody() throws {
    let certificate = try ClientCertificate(
      chain: SecretBytes(copying: Array(TestCertificates.client.utf8)),
      key: SecretBytes(copying: Array(TestCertificates.key.utf8)))
    let credentials = ClientCredentials(
      tokenOrigin: try #require(origin), tokenTarget: "/oauth/token", clientID: "a b",
      authentication: .certificate(certificate), scope: "")
    let request = credentials.tokenRequest(deadline: Deadline(milliseconds: 1_000), trust: Trust())
    #expect(request.authorization == nil)
    #expect(request.body.map(header) == "grant_type=client_credentials&client_id=a+b")
    #expect(request.certificate?.key == certificate.key && request.certificate?.chain == certificate.chain)
  }
}
