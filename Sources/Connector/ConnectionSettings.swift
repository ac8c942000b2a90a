// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets

/// All that a customer's admin hands over, as one: where the tenant is and what opens it.
package struct ConnectionSettings: Sendable {
  package enum Auth: Sendable {
    case clientCredentials(ClientCredentials)
    case basic(user: String, password: SecretBytes)
  }

  package var origin: Origin
  package var auth: Auth
  package var allowedHosts: [String]
  /// PEM; empty: the system's certificate authorities.
  package var certificateAuthorities: [UInt8]

  package init(origin: Origin, auth: Auth, allowedHosts: [String], certificateAuthorities: [UInt8]) {
    self.origin = origin
    self.auth = auth
    self.allowedHosts = allowedHosts
    self.certificateAuthorities = certificateAuthorities
  }

  var trust: Trust { Trust(certificateAuthorities: certificateAuthorities, allowedHosts: allowedHosts) }

  /// With HTTP Basic a 401 of the API means the credential itself; with a token it means the service.
  var isBasic: Bool {
    if case .basic = auth { true } else { false }
  }

  /// What may be shown, as a JSON object.
  var summary: [UInt8] {
    var writer = JSONWriter()
    writer.object { describe(&$0) }
    return Array(writer.text.utf8)
  }

  /// Writes what may be shown, never the secret.
  func describe(_ writer: inout JSONWriter) {
    writer.member("host", String(origin.url.dropFirst("https://".utf8.count)))
    switch auth {
    case .clientCredentials(let client):
      writer.member("auth", "client_credentials")
      writer.member("token_url", client.tokenOrigin.url + client.tokenTarget)
      writer.member("client_id", client.clientID)
      writer.member("client_auth", client.style == .secretBasic ? "secret_basic" : "secret_post")
      writer.member("scope", client.scope.isEmpty ? nil : client.scope)
      writer.member("user", nil)
    case .basic(let user, _):
      writer.member("auth", "basic")
      for name in ["token_url", "client_id", "client_auth", "scope"] { writer.member(name, nil) }
      writer.member("user", user)
    }
    writer.member("allow_host", allowedHosts.isEmpty ? nil : allowedHosts.joined(separator: ","))
    writer.member("has_ca", !certificateAuthorities.isEmpty)
  }
}
