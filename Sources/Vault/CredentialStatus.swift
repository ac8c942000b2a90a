// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// How one credential stands; nothing of it is secret.
package struct CredentialStatus: Equatable, Sendable {
  /// Number of the credential: rises with each put and each stage, is never used again for this vault's later
  /// connections of the same id, and so tells an old credential's outcome from that of the live one. At least 1.
  package var generation: Int64
  package var state: ConnectionState
  /// When `state` became what it is.
  package var since: Timestamp
  /// When the tenant last accepted the credential, to the minute; nil where it never did.
  package var lastProof: Timestamp?
  /// Code of the last error, for example "invalid_client"; nil after a success. At most 256 bytes.
  package var lastErrorCode: String?
  /// The tenant rejected this generation: it must not be sent again by itself.
  package var isRejected = false
  /// When it ends, as declared or as its certificate says; nil: not known.
  package var expiresAt: Timestamp?
  /// Days before its end from which on it counts as expiring.
  package var expiringDays: Int64 = 0
  /// What may be shown of it: JSON members that the owner of the vault made.
  package var summary: [UInt8] = []

  package init(
    generation: Int64, state: ConnectionState, since: Timestamp, lastProof: Timestamp? = nil,
    lastErrorCode: String? = nil, isRejected: Bool = false, expiresAt: Timestamp? = nil, expiringDays: Int64 = 0,
    summary: [UInt8] = []
  ) {
    self.generation = generation
    self.state = state
    self.since = since
    self.lastProof = lastProof
    self.lastErrorCode = lastErrorCode
    self.isRejected = isRejected
    self.expiresAt = expiresAt
    self.expiringDays = expiringDays
    self.summary = summary
  }

  package var expiry: Expiry { Expiry(end: expiresAt, days: expiringDays) }

  /// Proven, and not rejected since.
  package var isProven: Bool { lastProof != nil && !isRejected }
}

/// A credential to be stored.
package struct NewCredential: Sendable {
  /// What is sealed: at most 1 MiB.
  package var record: SecretBytes
  /// JSON members that may be shown, at most 24 KiB.
  package var summary: [UInt8]
  package var expiresAt: Timestamp?
  package var expiringDays: Int64

  package init(record: SecretBytes, summary: [UInt8] = [], expiresAt: Timestamp? = nil, expiringDays: Int64 = 0) {
    self.record = record
    self.summary = summary
    self.expiresAt = expiresAt
    self.expiringDays = expiringDays
  }
}
