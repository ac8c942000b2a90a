// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// How a vault stands.
package struct VaultStanding: Sendable {
  /// A rotation or a rekey that is under way.
  package struct Move: Sendable {
    /// "rotate" or "rekey".
    package let kind: String
    package let done: Int
    package let total: Int
  }

  package let connections: Int
  package let keyVersion: Int64
  /// "file", "bytes", "passphrase" or "service"; nil where this process does not have the key in use.
  package let keyKind: String?
  package let formerKeyVersion: Int64?
  package let move: Move?
  package let auditEntries: Int64
}

extension Vault {
  /// Tells how the vault stands. No key service is asked.
  package func standing() throws(S4Error) -> VaultStanding {
    try checkUsable()
    let ring = try refreshed(ring).ring
    let header = ring.header
    let isRekey = header.formerSet != 0
    var total = 0
    var done = 0
    try forEachEntry { (_, entry) in
      total += 1
      if isRekey ? entry.setVersion == header.currentSet : entry.keyVersion == header.currentKey { done += 1 }
    }
    let isMoving = isRekey || header.formerKeyVersion != nil
    return VaultStanding(
      connections: total, keyVersion: header.currentKey, keyKind: ring.kinds[header.currentKey],
      formerKeyVersion: header.formerKeyVersion,
      move: isMoving ? VaultStanding.Move(kind: isRekey ? "rekey" : "rotate", done: done, total: total) : nil,
      auditEntries: try trail(ring).head(in: store).count)
  }

  /// Proves the store's structure, and every record genuine. A key service is asked once for each connection.
  /// - Throws: `.vaultCorrupt` with the first finding, and what the store and the keys throw.
  package func proveGenuine() throws(S4Error) {
    try checkUsable()
    try proveSound()
    for status in try list() {
      do throws(S4Error) {
        _ = try open(connection: status.id, beside: true)
      } catch {
        // Deleted by another process meanwhile.
        guard error.code == .notFound else { throw error }
      }
    }
  }

  /// Copies the vault while it is in use.
  package func backup(to path: String) throws(S4Error) {
    try checkUsable()
    try store.backup(to: path)
  }
}
