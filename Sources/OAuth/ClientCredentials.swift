// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Secrets

/// An OAuth 2.0 client and where it asks for tokens. Source: RFC 6749 sections 2.3.1 and 4.4.
package struct ClientCredentials: Sendable {
  /// How the client shows its secret.
  package enum Style: Int32, Sendable { case secretBasic = 0, secretPost = 1 }

  package var tokenOrigin: Origin
  /// Path and query of the token endpoint.
  package var tokenTarget: String
  package var clientID: String
  package var clientSecret: SecretBytes
  package var style: Style
  package var scope: String

  package init(
    tokenOrigin: Origin, tokenTarget: String, clientID: String, clientSecret: SecretBytes, style: Style, scope: String
  ) {
    self.tokenOrigin = tokenOrigin
    self.tokenTarget = tokenTarget
    self.clientID = clientID
    self.clientSecret = clientSecret
    self.style = style
    self.scope = scope
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
    switch style {
    case .secretBasic:
      request.authorization = BasicHeader.make(user: clientID, secret: clientSecret, isFormEncoded: true)
    case .secretPost:
      form.append("&client_id=")
      form.appendFormEncoded(public: clientID)
      form.append("&client_secret=")
      form.appendFormEncoded(clientSecret)
    }
    request.body = form.finish()
    return request
  }
}
