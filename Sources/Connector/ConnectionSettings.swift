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
    /// A client certificate at the API itself, and no token.
    case certificate(ClientCertificate)
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

  /// The credential itself goes to the API with each request, and nothing is minted: a 401 of the API means the
  /// credential, and it is never repeated. With a token a 401 means the service.
  var isSentToAPI: Bool {
    switch auth {
    case .clientCredentials: false
    case .basic, .certificate: true
    }
  }

  /// The user of HTTP Basic: SAP locks it after three failed logons. A certificate locks nobody.
  var lockableUser: String? {
    if case .basic(let user, _) = auth { user } else { nil }
  }

  /// The certificate that is shown, to the token endpoint or to the API.
  package var certificate: ClientCertificate? {
    switch auth {
    case .clientCredentials(let client): client.authentication.certificate
    case .basic: nil
    case .certificate(let certificate): certificate
    }
  }

  /// When the credential ends: the day that was declared or the certificate's own, whichever comes first.
  package func end(declared: Timestamp?) -> Timestamp? {
    guard let own = certificate?.notAfter else { return declared }
    guard let declared else { return own }
    return declared.milliseconds < own.milliseconds ? declared : own
  }

  /// Writes what may be shown, never the secret.
  func describe(_ writer: inout JSONWriter) {
    writer.member("host", String(origin.url.dropFirst("https://".utf8.count)))
    switch auth {
    case .clientCredentials(let client):
      writer.member("auth", "client_credentials")
      writer.member("token_url", client.tokenOrigin.url + client.tokenTarget)
      writer.member("client_id", client.clientID)
      writer.member("client_auth", client.authentication.name)
      writer.member("scope", client.scope.isEmpty ? nil : client.scope)
      writer.member("user", nil)
    case .basic(let user, _):
      writer.member("auth", "basic")
      for name in Self.clientMembers { writer.member(name, nil) }
      writer.member("user", user)
    case .certificate:
      writer.member("auth", "certificate")
      for name in Self.clientMembers { writer.member(name, nil) }
      writer.member("user", nil)
    }
    writer.key("token_params")
    writer.array { list in
      guard case .clientCredentials(let client) = auth else { return }
      for each in client.parameters {
        list.object { parameter in
          parameter.member("name", each.name)
          parameter.member("value", each.value)
        }
      }
    }
    writer.member("allow_host", allowedHosts.isEmpty ? nil : allowedHosts.joined(separator: ","))
    writer.member("has_ca", !certificateAuthorities.isEmpty)
    writer.key("certificate")
    if let certificate {
      writer.object { shown in
        shown.member("subject", certificate.subject)
        shown.member("not_after", certificate.notAfter.iso8601)
      }
    } else {
      writer.null()
    }
  }

  /// The members that `describe` writes, as the vault keeps them beside a credential: `"host":...,"certificate":null`.
  var summary: [UInt8] {
    var writer = JSONWriter()
    writer.object { describe(&$0) }
    return Array(writer.bytes.dropFirst().dropLast())
  }

  private static let clientMembers = ["token_url", "client_id", "client_auth", "scope"]
}
