// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a file of format 1 holds, judged by type and size and not opened.
struct FormatOneContent: Equatable, Sendable {
  /// A connection's row and its two records.
  struct Connection: Equatable, Sendable {
    /// 16 random bytes that the sealed texts are bound to.
    let rowID: [UInt8]
    /// HMAC-SHA256 of the id under the index key.
    let lookup: [UInt8]
    /// Version of the key-encryption key that `dataKey` is wrapped under.
    let keyVersion: Int64
    let dataKeyVersion: Int64
    /// 60 bytes: a wrapped key.
    let dataKey: [UInt8]
    let generation: Int64
    let state: ConnectionState
    let since: Timestamp
    let lastProof: Timestamp?
    let lastErrorCode: String?
    /// Equal to `generation`: this credential must not be sent again.
    let rejectedGeneration: Int64?
    let name: Sealed
    let credential: Sealed
  }

  /// A text under a connection's data key.
  struct Sealed: Equatable, Sendable {
    let generation: Int64
    let text: [UInt8]
  }

  /// 16 random bytes.
  let vaultID: [UInt8]
  let keyVersion: Int64
  /// Highest generation of all deleted connections.
  let generationFloor: Int64
  /// A constant under the key-encryption key.
  let keyCheck: [UInt8]
  /// The key of the lookup codes, under the key-encryption key.
  let indexKey: [UInt8]
  let connections: [Connection]
}
