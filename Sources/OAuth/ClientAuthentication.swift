// SPDX-License-Identifier: Apache-2.0

import Secrets

/// How an OAuth client shows to the token endpoint who it is. Source: RFC 6749 section 2.3.1, RFC 8705 section 2.
package enum ClientAuthentication: Sendable {
  /// The secret in the Authorization header.
  case secretBasic(SecretBytes)
  /// The secret in the form body.
  case secretPost(SecretBytes)
  /// A client certificate in the TLS handshake, and no secret.
  case certificate(ClientCertificate)

  /// As the vault and the product's JSON spell it.
  package var name: String {
    switch self {
    case .secretBasic: "secret_basic"
    case .secretPost: "secret_post"
    case .certificate: "certificate"
    }
  }

  package var certificate: ClientCertificate? {
    if case .certificate(let certificate) = self { certificate } else { nil }
  }

  package var secret: SecretBytes? {
    switch self {
    case .secretBasic(let secret), .secretPost(let secret): secret
    case .certificate: nil
    }
  }
}
