// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A connection opened for use.
package struct OpenedConnection: Sendable {
  package let status: ConnectionStatus
  package let live: SecretBytes
  /// The credential beside the live one: where it was asked for, or can take over by itself.
  package let beside: SecretBytes?
}

extension Vault {
  /// Opens a connection's live credential, and the staged one where it can take over.
  /// - Parameter beside: open the credential beside the live one in any case, where there is one.
  /// - Throws: `.notFound`, `.vaultCorrupt` when a record does not prove genuine, `.vaultKeyRefused`,
  ///   `.vaultUnavailable`, `.closed`, `.forked`.
  package func open(connection id: String, beside: Bool = false) throws(S4Error) -> OpenedConnection {
    guard let found = try find(id) else { throw notFound(id) }
    do throws(S4Error) {
      return try open(found, beside: beside)
    } catch {
      // A copy that was put back in between: the record was of one file, the keys of another.
      guard error.code == .vaultKeyRefused || error.code == .vaultCorrupt,
        let record = try store.get(found.record.key), record != found.record
      else { throw error }
      guard let found = try find(id) else { throw notFound(id) }
      return try open(found, beside: beside)
    }
  }

  private func open(_ found: Found, beside: Bool) throws(S4Error) -> OpenedConnection {
    let dataKey = try dataKey(found)
    let status = found.card.status
    let live = try open(found.entry.live, status.live.generation, found, dataKey)
    var second: SecretBytes?
    if let credential = status.beside, beside || status.canFallOver {
      guard let sealed = found.entry.beside else { throw damaged("second credential", status.id, found.record) }
      second = try open(sealed, credential.generation, found, dataKey)
    }
    return OpenedConnection(status: status, live: live, beside: second)
  }

  @inline(never)
  func open(
    _ sealed: [UInt8], _ generation: Int64, _ found: Found, _ dataKey: SecretBytes
  ) throws(S4Error) -> SecretBytes {
    do throws(S4Error) {
      return try AEAD.open(
        sealed, key: dataKey, associatedData: found.place(.credential, generation: generation).associatedData)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw damaged("credential", found.card.status.id, found.record)
    }
  }

  /// Tells how a connection stands. No key service is asked.
  /// - Throws: `.notFound`, `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  package func status(connection id: String) throws(S4Error) -> ConnectionStatus {
    guard let found = try find(id) else { throw notFound(id) }
    return found.card.status
  }

  /// Lists all connections, ordered by the bytes of their ids. No key service is asked.
  /// - Throws: `.vaultCorrupt` when one does not prove genuine, `.vaultUnavailable`, `.closed`, `.forked`.
  package func list() throws(S4Error) -> [ConnectionStatus] {
    try checkUsable()
    // A damaged file could lose rows in silence.
    try proveSound()
    // By bytes: to Swift two ids that differ in their normal form alone are equal.
    var found: [[UInt8]: ConnectionStatus] = [:]
    var isMoving = true
    // While a rekey moves connections, one may come to lie where this list has been already: a second look finds it.
    for round in 0..<2 where isMoving {
      var ring = try refreshed(ring).ring
      isMoving = ring.header.formerSet != 0
      try forEachEntry { (record, entry) throws(S4Error) in
        if ring.sets[entry.setVersion] == nil { ring = try refreshed(ring).ring }
        guard let set = ring.sets[entry.setVersion] else { throw damaged("card", nil, record) }
        let card = try openListed(record, entry, set, ring.vaultID)
        let key = Array(card.status.id.utf8)
        if round == 0 || found[key] == nil { found[key] = card.status }
      }
      if try refreshed(ring).isNew { isMoving = true }
    }
    return found.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
  }

  /// Opens the card of a record whose id is not known yet.
  @inline(never)
  func openListed(
    _ record: StoredRecord, _ entry: ConnectionEntry, _ set: KeySet, _ vaultID: [UInt8]
  ) throws(S4Error) -> Card {
    let card: Card
    do throws(S4Error) {
      card = try Self.openCard(entry, set, vaultID)
      guard try Self.lookup(card.status.id, set) == entry.lookup else { throw S4Error(.vaultCorrupt, "") }
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw damaged("card", nil, record)
    }
    guard Self.recordKey(entry.lookup) == record.key else { throw misplaced(record, card.status.id) }
    return card
  }

  /// Genuine, and not where it is looked for.
  private func misplaced(_ record: StoredRecord, _ id: String) -> S4Error {
    S4Error(
      .vaultCorrupt,
      "the record \(Display.quoted(record.key)) in \(store.title) is one of the connection \(Display.quoted(id)) and not "
        + "in its place: discard it with askel_s4_vault_discard, and put the connection anew where it is gone",
      target: record.key)
  }

  /// Proves that no connection is hidden by damage: neither of the store, nor of the key that a record is found by.
  func proveSound() throws(S4Error) {
    try store.proveSound { (view) throws(S4Error) in
      var last: String?
      while true {
        let batch = try view.list(prefix: "", after: last, limit: StoreLimit.batch)
        for record in batch where !Self.isInItsPlace(record) { throw damaged("record", nil, record) }
        guard batch.count == StoreLimit.batch, let end = batch.last else { return }
        last = end.key
      }
    }
  }

  /// A flipped bit in a key is nothing that a database sees, and hides a record from whoever looks for it.
  private static func isInItsPlace(_ record: StoredRecord) -> Bool {
    guard record.key.hasPrefix(connectionPrefix) else {
      return record.key == VaultHeader.key || AuditTrail.isKey(record.key)
    }
    guard let entry = try? decode(record) else { return false }
    return recordKey(entry.lookup) == record.key
  }

  /// Walks over the records of all connections, in batches.
  @inline(never)
  func forEachEntry(
    in view: (any StoreView)? = nil, _ body: (StoredRecord, ConnectionEntry) throws(S4Error) -> Void
  ) throws(S4Error) {
    let view = view ?? store
    var last: String?
    while true {
      let batch = try view.list(prefix: Self.connectionPrefix, after: last, limit: StoreLimit.batch)
      for record in batch {
        let entry: ConnectionEntry
        do throws(S4Error) { entry = try Self.decode(record) } catch { throw damaged("record", nil, record) }
        try body(record, entry)
      }
      guard batch.count == StoreLimit.batch, let end = batch.last else { return }
      last = end.key
    }
  }

  /// Counts the connections.
  package func count() throws(S4Error) -> Int {
    try checkUsable()
    var count = 0
    var last: String?
    while true {
      let batch = try store.list(prefix: Self.connectionPrefix, after: last, limit: StoreLimit.batch)
      count += batch.count
      guard batch.count == StoreLimit.batch, let end = batch.last else { return count }
      last = end.key
    }
  }
}
