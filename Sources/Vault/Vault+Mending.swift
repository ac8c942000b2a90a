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
    try discard(AuditEvent(.delete, actor: actor, connection: id, result: "damaged")) { (view, ring) throws(S4Error) in
      var keys: [String] = []
      for set in ring.lookupSets {
        let lookup = try Self.lookup(id, set)
        guard let record = try view.get(Self.recordKey(lookup)), isDamaged(record, lookup, ring, id) else { continue }
        keys.append(record.key)
      }
      return keys
    }
  }

  /// Takes away a record that is no connection's of this vault, or in no connection's place: so damaged that nobody knows
  /// whose it was, or another vault's. Messages name it by its key.
  /// - Throws: `.invalidArgument` for a key that none of these has, `.conflict` where a connection is found by it,
  ///   `.notFound`, and as `put`.
  package func discard(record key: String, actor: String?) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    guard 1...StoreLimit.key ~= key.utf8.count, key.utf8.allSatisfy({ 0x21..<0x7F ~= $0 }), key != VaultHeader.key,
      !AuditTrail.isKey(key)
    else {
      throw S4Error.invalidArgument(
        "record", "\(Display.quoted(key)) is no connection's record: give the key that the message names")
    }
    let isDone = try discard(AuditEvent(.discard, actor: actor, result: key)) { (view, ring) throws(S4Error) in
      guard let record = try view.get(key) else { return [] }
      let id: String
      do throws(S4Error) {
        let entry = try Self.decode(record)
        guard let set = ring.sets[entry.setVersion] else { return [key] }
        id = try openListed(record, entry, set, ring.vaultID).status.id
      } catch {
        guard error.code == .vaultCorrupt else { throw error }
        return [key]
      }
      throw S4Error(
        .conflict,
        "the record \(Display.quoted(key)) is that of the connection \(Display.quoted(id)), and proves genuine: delete "
          + "the connection by its id", target: id)
    }
    guard isDone else {
      throw S4Error(.notFound, "there is no record \(Display.quoted(key)) in \(store.title)", target: key)
    }
    store.tidy()
  }

  /// - Parameter choose: the keys of the records to take away.
  /// - Returns: whether there were any.
  private func discard(
    _ event: AuditEvent, _ choose: (any StoreView, KeyRing) throws(S4Error) -> [String]
  ) throws(S4Error) -> Bool {
    try checkUsable()
    let deadline = Deadline(milliseconds: Self.patience)
    let (isDone, isFound) = (Flag(), Flag())
    while true {
      let ring = try refreshed(ring).ring
      try store.change(by: deadline) { (view) throws(S4Error) in
        (isDone.isSet, isFound.isSet) = (false, false)
        guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
        isDone.isSet = true
        let keys = try choose(view, ring)
        guard !keys.isEmpty else { return [] }
        isFound.isSet = true
        var header = ring.header
        // The floor proves genuine; what the store says of the record does not, and must not run it up.
        header.generationFloor = min(header.generationFloor, .max - 2 * Self.lostGenerations) + Self.lostGenerations
        let directoryKey = try ring.set(header.currentSet).directory
        return keys.map { .delete(key: $0) }
          + [.put(key: VaultHeader.key, value: try header.encoded(directoryKey: directoryKey))]
          + (try trail(ring).append([event], raisesGeneration: true, in: view))
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
