// SPDX-License-Identifier: Apache-2.0

import Basics
import OAuth
import Secrets

/// A credential as the product gave it, member by member; nil where nothing was said. The names in its errors are the
/// header's.
package struct ConnectionDraft: Sendable {
  /// The header's `ASKEL_S4_AUTH_…`.
  package enum Auth: Int32, Sendable { case clientCredentials = 0, basic = 1, certificate = 2 }
  /// The header's `ASKEL_S4_CLIENT_AUTH_…`.
  package enum ClientAuth: Int32, Sendable { case secretBasic = 0, secretPost = 1, certificate = 2 }

  package var host: String?
  package var auth = Auth.clientCredentials
  package var tokenURL: String?
  package var clientID: String?
  package var clientSecret: SecretBytes?
  package var clientAuth = ClientAuth.secretBasic
  package var scope: String?
  package var tokenParameters: [TokenParameter]?
  package var user: String?
  package var password: SecretBytes?
  package var allowHost: String?
  /// PEM; empty: the system's.
  package var authorities: [UInt8]?
  /// PEM.
  package var clientCertificate: SecretBytes?
  package var clientKey: SecretBytes?

  package init() {}

  /// Makes the settings, with everything checked that can be checked without the tenant.
  /// - Throws: `.invalidArgument` that names what is missing, wrong or contradicts another member; `.hostRefused`.
  package func settings() throws(S4Error) -> ConnectionSettings {
    let allowed = try HostRule.allowedHosts(allowHost ?? "")
    let origin = try HostRule.apiOrigin(try given(host, "host"), allowed: allowed)
    return ConnectionSettings(
      origin: origin, auth: try authSettings(allowed), allowedHosts: allowed, certificateAuthorities: authorities ?? [])
  }

  private func authSettings(_ allowed: [String]) throws(S4Error) -> ConnectionSettings.Auth {
    switch auth {
    case .clientCredentials:
      try TokenParameter.check(tokenParameters ?? [])
      let (tokenOrigin, target) = try HostRule.tokenEndpoint(try given(tokenURL, "token_url"), allowed: allowed)
      return .clientCredentials(
        ClientCredentials(
          tokenOrigin: tokenOrigin, tokenTarget: target, clientID: try given(clientID, "client_id"),
          authentication: try authentication(), scope: scope ?? "", parameters: tokenParameters ?? []))
    case .basic:
      try refuseCertificate("auth says HTTP Basic: say ASKEL_S4_AUTH_CERTIFICATE, or leave it out")
      let user = try given(user, "user")
      guard !user.holds(":") else {
        throw .invalidArgument("user", "holds a colon, which HTTP Basic cannot carry")
      }
      return .basic(user: user, password: try given(password, "password"))
    case .certificate:
      for (secret, name) in [(clientSecret, "client_secret"), (password, "password")] where secret != nil {
        throw .invalidArgument(
          name, "is given, and auth says that the certificate is all that is shown: leave it out, or name another auth")
      }
      return .certificate(try certificate())
    }
  }

  private func authentication() throws(S4Error) -> ClientAuthentication {
    switch clientAuth {
    case .secretBasic, .secretPost:
      try refuseCertificate(
        "client_auth says that the client shows a secret: say ASKEL_S4_CLIENT_AUTH_CERTIFICATE, or leave it out")
      let secret = try given(clientSecret, "client_secret")
      return clientAuth == .secretPost ? .secretPost(secret) : .secretBasic(secret)
    case .certificate:
      guard clientSecret == nil else {
        throw .invalidArgument(
          "client_secret",
          "is given, and client_auth says that the client shows a certificate: leave it out, or name client_id and "
            + "another client_auth")
      }
      return .certificate(try certificate())
    }
  }

  private func certificate() throws(S4Error) -> ClientCertificate {
    try ClientCertificate(
      chain: try given(clientCertificate, "client_certificate"), key: try given(clientKey, "client_key"))
  }

  private func refuseCertificate(_ why: String) throws(S4Error) {
    for (text, name) in [(clientCertificate, "client_certificate"), (clientKey, "client_key")] where text != nil {
      throw .invalidArgument(name, "is given, and " + why)
    }
  }

  private func given<Value>(_ value: Value?, _ name: String) throws(S4Error) -> Value {
    guard let value else { throw .invalidArgument(name, "is missing (NULL)") }
    return value
  }
}
