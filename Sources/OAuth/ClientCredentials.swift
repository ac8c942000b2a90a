// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Secrets

/// An OAuth 2.0 client and where it asks for tokens. Source: RFC 6749 sections 2.3.1 and 4.4, RFC 8705 section 2.
package struct ClientCredentials: Sendable {
  package var tokenOrigin: Origin
  /// Path and query of the token endpoint.
  package var tokenTarget: String
  package var clientID: String
  package var authentication: ClientAuthentication
  package var scope: String
  /// What this tenant's endpoint wants besides.
  package var parameters: [TokenParameter]

  package init(
    tokenOrigin: Origin, tokenTarget: String, clientID: String, authentication: ClientAuthentication, scope: String,
    parameters: [TokenParameter] = []
  ) {
    self.tokenOrigin = tokenOrigin
    self.tokenTarget = tokenTarget
    self.clientID = clientID
    self.authentication = authentication
    self.scope = scope
    self.parameters = parameters
  }

  /// Largest token answer that is read, in bytes.
  static let maximumAnswer = 256 << 10

  /// Makes the request for one token. It goes to the token origin alone.
  package func tokenRequest(deadline: Deadline, trust: Trust) -> HTTPRequest {
    var request = HTTPRequest(
      .post, tokenOrigin, tokenTarget,
      headers: ["Accept: application/json", "Content-Type: application/x-www-form-urlencoded"], deadline: deadline,
      trust: trust, maximumBody: Self.maximumAnswer)
    request.isAnswerSecret = true
    var form = SecretBuilder()
    form.append("grant_type=client_credentials")
    if !scope.isEmpty {
      form.append("&scope=")
      form.appendFormEncoded(public: scope)
    }
    for each in parameters {
      form.append("&")
      form.appendFormEncoded(public: each.name)
      form.append("=")
      form.appendFormEncoded(public: each.value)
    }
    switch authentication {
    case .secretBasic(let secret):
      request.authorization = BasicHeader.make(user: clientID, secret: secret, isFormEncoded: true)
    case .secretPost(let secret):
      form.append("&client_id=")
      form.appendFormEncoded(public: clientID)
      form.append("&client_secret=")
      form.appendFormEncoded(secret)
    case .certificate(let certificate):
      // RFC 8705 section 2: the id is in the form, so that the server knows whose certificate to expect.
      form.append("&client_id=")
      form.appendFormEncoded(public: clientID)
      request.certificate = certificate
    }
    request.body = form.finish()
    return request
  }
}
