// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A connection as it was found in the store, with the keys that its card opened with.
struct Found: Sendable {
  let ring: KeyRing
  let record: StoredRecord
  let entry: ConnectionEntry
  var card: Card

  func place(_ kind: SealedPlace.Kind, generation: Int64 = 0) -> SealedPlace {
    entry.place(kind, vaultID: ring.vaultID, generation: generation)
  }
}

extension Vault {
  /// The code that a connection is found by. The store holds it in place of the id, which names a customer.
  static func lookup(_ id: String, _ set: KeySet) throws(S4Error) -> [UInt8] {
    try HMACSHA256.code(for: id, key: set.index)
  }

  static let connectionPrefix = "\(recordPrefix)"
  private static let recordPrefix: StaticString = "connection/"

  static func recordKey(_ lookup: [UInt8]) -> String {
    Display.hex(lookup, count: 16, prefix: recordPrefix)
  }

  /// Finds a connection.
  /// - Returns: nil where there is none, and no damage hides it.
  /// - Parameters:
  ///   - mayAsk: whether key services may be asked: not on the I/O thread.
  ///   - provesAbsence: looks through the whole store before it says that there is none. Not for whoever stores a new
  ///     one: with each the store changes, and ten thousand would be looked through ten thousand times.
  func find(_ id: String, mayAsk: Bool = true, provesAbsence: Bool = true) throws(S4Error) -> Found? {
    try checkUsable()
    var ring = ring
    // More than one round only where another process rotates at this moment.
    for round in 0..<4 {
      for set in ring.lookupSets {
        let lookup = try Self.lookup(id, set)
        guard let record = try store.get(Self.recordKey(lookup)) else { continue }
        return try open(record, lookup, ring, mayAsk: mayAsk, name: id)
      }
      let (now, isNew) = try refreshed(ring, mayAsk: mayAsk)
      // A rekey may have moved it from where we looked last to where we had looked first.
      guard isNew || (round == 0 && ring.header.formerSet != 0) else { break }
      ring = now
    }
    if provesAbsence { try proveSound() }
    return nil
  }

  /// Opens a record's card. Not inlined: it stands in every change.
  @inline(never)
  func open(
    _ record: StoredRecord, _ lookup: [UInt8], _ ring: KeyRing, mayAsk: Bool, name: String?
  ) throws(S4Error) -> Found {
    var ring = ring
    do throws(S4Error) {
      let entry = try Self.decode(record)
      if ring.sets[entry.setVersion] == nil { ring = try refreshed(ring, mayAsk: mayAsk).ring }
      guard let set = ring.sets[entry.setVersion], entry.lookup == lookup else { throw S4Error(.vaultCorrupt, "") }
      let found = Found(
        ring: ring, record: record, entry: entry, card: try Self.openCard(entry, set, ring.vaultID))
      guard name.map({ $0 == found.card.status.id }) ?? true else { throw S4Error(.vaultCorrupt, "") }
      return found
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw damaged("card", name, record)
    }
  }

  static func decode(_ record: StoredRecord) throws(S4Error) -> ConnectionEntry {
    do throws(FieldReader.Damage) {
      return try record.value.span.withUnsafeBytes { (bytes) throws(FieldReader.Damage) in try ConnectionEntry(bytes) }
    } catch {
      throw S4Error(.vaultCorrupt, "")
    }
  }

  static func openCard(
    _ entry: ConnectionEntry, _ set: KeySet, _ vaultID: [UInt8]
  ) throws(S4Error) -> Card {
    let place = entry.place(.card, vaultID: vaultID)
    let card = try AEAD.open(entry.card, key: set.directory, associatedData: place.associatedData)
    do throws(FieldReader.Damage) {
      return try card.withUnsafeBytes { (bytes) throws(FieldReader.Damage) in try Card(bytes) }
    } catch {
      throw S4Error(.vaultCorrupt, "")
    }
  }

  func damaged(_ what: String, _ name: String?, _ record: StoredRecord) -> S4Error {
    let connection = name.map { Display.quoted($0) } ?? "of the record " + Display.quoted(record.key)
    let advice =
      name == nil
      ? "with, or is another vault's; put the connection anew where you know which it is, discard the record with "
        + "askel_s4_vault_discard, or restore the vault from a copy"
      : "with; put the connection anew, delete it, or restore the vault from a copy"
    return S4Error(
      .vaultCorrupt,
      "the \(what) of the connection \(connection) in \(store.title) does not prove genuine: it was damaged or tampered "
        + advice, target: name ?? record.key)
  }

  func notFound(_ id: String) -> S4Error {
    S4Error(.notFound, "there is no connection \(Display.quoted(id)) in the vault", target: id)
  }

  /// Unwraps a connection's data key. May ask a key service: with no lock held, on the caller's thread.
  @inline(never)
  func dataKey(_ found: Found) throws(S4Error) -> SecretBytes {
    var ring = found.ring
    // Rotated by another process: it may be a key that this one was given as well.
    if ring.providers[found.entry.keyVersion] == nil { ring = try refreshed(ring).ring }
    do throws(S4Error) {
      let key = try unwrap(found, ring)
      guard key.count == AEAD.keyCount else { throw S4Error(.vaultCorrupt, "") }
      return key
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw damaged("data key", found.card.status.id, found.record)
    }
  }

  private func unwrap(_ found: Found, _ ring: KeyRing) throws(S4Error) -> SecretBytes {
    let data = found.place(.dataKey).associatedData
    do throws(S4Error) {
      return try ring.provider(found.entry.keyVersion, store.title)
        .unwrap(found.entry.wrappedDataKey, associatedData: data)
    } catch {
      // Where a copy was put back and rotated from there, another key may go by that version now.
      guard error.code == .vaultCorrupt || error.code == .vaultKeyRefused,
        try store.get(VaultHeader.key)?.holds(ring.headerValue) == false
      else { throw error }
      return try refreshed(ring).ring.provider(found.entry.keyVersion, store.title)
        .unwrap(found.entry.wrappedDataKey, associatedData: data)
    }
  }
}
