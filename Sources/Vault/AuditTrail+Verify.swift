// SPDX-License-Identifier: Apache-2.0

import Basics

extension AuditTrail {
  /// Verifies the trail from its first entry to its last, and the connections against it. Others may go on writing.
  ///
  /// What is wrong comes as the report's finding, the first one that there is. Memory is that of a batch of entries and
  /// of the connections' ids.
  /// - Parameters:
  ///   - earlier: a head that was kept outside of the vault; nil: none.
  ///   - connections: read after the entries.
  /// - Throws: `.invalidArgument` for another vault's head; `.vaultUnavailable` where a store or a key cannot be had, or an
  ///   entry is a newer library's; what `store`, `keys` and `connections` throw, `.vaultCorrupt` excepted.
  package func verify(
    in store: any Store, against earlier: AuditHead?, connections: AuditedConnections
  ) throws(S4Error) -> AuditReport {
    if let earlier, earlier.vaultID != vaultID {
      throw .invalidArgument(
        "head",
        "is that of the vault \(Display.hex(earlier.vaultID)), and this is \(Display.hex(vaultID)): give a head of this one"
      )
    }
    var verification = AuditVerification(self, store)
    return try verification.run(against: earlier, connections)
  }
}
