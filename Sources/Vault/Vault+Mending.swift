// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

extension Vault {
  /// Generations that are left out after a card that told the number was lost: more than anybody puts.
  private static let lostGenerations: Int64 = 1 << 20

  /// Takes away the record of a connection whose card does not prove genuine, so that it can be put anew, or deleted.
  /// - Returns: false where there is no such record.
  /// - Throws: `.vaultUnavailable`, `.vaultCorrupt` where more than that record is damaged, `.closed`, `.forked`.
  func discardDamaged(_ id: String, actor: String?) throws(S4Error) -> Bool {
    try checkUsable()
    let deadline = Deadline(milliseconds: Self.patience)
    let (isDone, isFound) = (Flag(), Flag())
    while true {
      let ring = try refreshed(ring).ring
      try store.change(by: deadline) { (view) throws(S4Error) in
        (isDone.isSet, isFound.isSet) = (false, false)
        guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
        isDone.isSet = true
        var changes: [StoreChange] = []
        var header = ring.header
        for set in ring.lookupSets {
          let lookup = try Self.lookup(id, set)
          guard let record = try view.get(Self.recordKey(lookup)), isDamaged(record, lookup, ring, id) else { continue }
          isFound.isSet = true
          changes.append(.delete(key: record.key))
          // The floor proves genuine; what the store says of the record does not, and must not run it up.
          header.generationFloor = min(header.generationFloor, .max - 2 * Self.lostGenerations) + Self.lostGenerations
        }
        guard isFound.isSet else { return [] }
        let event = AuditEvent(.delete, actor: actor, connection: id, result: "damaged")
        changes.append(
          .put(
            key: VaultHeader.key,
            value: try header.encoded(directoryKey: try ring.set(ring.header.currentSet).directory)))
        return changes + (try trail(ring).append([event], raisesGeneration: true, in: view))
      }
      if isDone.isSet { return isFound.isSet }
      guard !deadline.hasPassed else { throw contended }
    }
  }

  private func isDamaged(_ record: StoredRecord, _ lookup: [UInt8], _ ring: KeyRing, _ id: String) -> Bool {
    do throws(S4Error) {
      _ = try open(record, lookup, ring, mayAsk: false, name: id)
      return false
    } catch {
      return error.code == .vaultCorrupt
    }
  }
}
