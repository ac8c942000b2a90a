// SPDX-License-Identifier: Apache-2.0

import Basics
import OAuth
import Secrets

// A credential that is staged beside a live one: what was not said is as it is there.
extension ConnectionDraft {
  /// Makes the settings of a credential that is to stand beside the live one.
  ///
  /// Host, allowed hosts and authorities are taken over in any case, the rest where `auth` is the same. A stored secret
  /// is not taken over for another host or another client or user: whoever may stage could otherwise have it sent to a
  /// server of their own, and what belongs to one user is a failed logon for another.
  /// - Throws: as `settings()`.
  package func settings(over live: ConnectionSettings) throws(S4Error) -> ConnectionSettings {
    var draft = self
    draft.host = host ?? live.origin.url
    draft.allowHost = allowHost ?? live.allowedHosts.joined(separator: ",")
    draft.authorities = authorities ?? live.certificateAuthorities
    switch (auth, live.auth) {
    case (.clientCredentials, .clientCredentials(let client)): try draft.take(from: client)
    case (.basic, .basic(let user, let password)): try draft.take(from: live.origin, user: user, password: password)
    case (.certificate, .certificate(let certificate)): draft.take(from: certificate)
    case (.clientCredentials, .basic) where tokenURL == nil && clientID == nil:
      throw .invalidArgument(
        "auth",
        "the live credential is of HTTP Basic, and this one of client credentials: say ASKEL_S4_AUTH_BASIC, or "
          + "give token_url and client_id")
    case (.clientCredentials, .certificate) where tokenURL == nil && clientID == nil:
      throw .invalidArgument(
        "auth",
        "the live credential is a certificate at the API, and this one of client credentials: say "
          + "ASKEL_S4_AUTH_CERTIFICATE, or give token_url and client_id")
    default: break
    }
    return try draft.settings()
  }

  private mutating func take(from client: ClientCredentials) throws(S4Error) {
    let isSameClient = clientID == nil || clientID == client.clientID
    // 0 is also what is left unsaid.
    if clientID == nil, clientAuth == .secretBasic { clientAuth = client.authentication.kind }
    clientID = clientID ?? client.clientID
    scope = scope ?? client.scope
    tokenParameters = tokenParameters ?? client.parameters
    let isSameHost = tokenURL.map { Self.origin($0) == client.tokenOrigin } ?? true
    tokenURL = tokenURL ?? client.tokenOrigin.url + client.tokenTarget
    if clientAuth == .certificate {
      if let certificate = client.authentication.certificate { take(from: certificate) }
    } else if clientSecret == nil, let secret = client.authentication.secret {
      try Self.check(isSameClient, "client_secret", "client", as: "client_id")
      try Self.check(isSameHost, "client_secret", "host", as: "token_url")
      clientSecret = secret
    }
  }

  private mutating func take(from origin: Origin, user live: String, password stored: SecretBytes) throws(S4Error) {
    if password == nil {
      try Self.check(user == nil || user == live, "password", "user", as: "user")
      try Self.check(host.map { Self.origin($0) == origin } ?? true, "password", "host", as: "host")
      password = stored
    }
    user = user ?? live
  }

  /// A certificate is taken over for any host: its key never leaves this process.
  private mutating func take(from certificate: ClientCertificate) {
    clientCertificate = clientCertificate ?? certificate.chain
    clientKey = clientKey ?? certificate.key
  }

  private static func check(_ isSame: Bool, _ secret: String, _ owner: String, as member: String) throws(S4Error) {
    guard isSame else {
      throw .invalidArgument(
        secret, "is missing (NULL), and the stored one belongs to another \(owner) than \(member) names: give it too")
    }
  }

  /// The origin of a host or a URL; nil for what is none, which `settings()` says better.
  private static func origin(_ text: String) -> Origin? {
    do throws(Origin.Fault) {
      return text.hasPrefix("https://") ? try Origin.split(url: text).origin : try Origin(pasted: text)
    } catch {
      return nil
    }
  }
}

extension ClientAuthentication {
  fileprivate var kind: ConnectionDraft.ClientAuth {
    switch self {
    case .secretBasic: .secretBasic
    case .secretPost: .secretPost
    case .certificate: .certificate
    }
  }
}
