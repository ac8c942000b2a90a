// SPDX-License-Identifier: Apache-2.0

import Basics

/// How a connection stands; nothing of it is secret.
package struct ConnectionStatus: Equatable, Sendable {
  /// Number of the credential: rises with each put, is never used again for this vault's later connections of the
  /// same id, and so tells an old credential's outcome from that of the live one. At least 1.
  package let generation: Int64
  package let state: ConnectionState
  /// When `state` became what it is.
  package let since: Timestamp
  /// When the tenant last accepted the credential, to the minute; nil where it never did.
  package let lastProof: Timestamp?
  /// Code of the last error, for example "invalid_client"; nil after a success. At most 256 bytes.
  package let lastErrorCode: String?
  /// The tenant rejected this generation: it must not be sent again by itself.
  package let isRejected: Bool
}
