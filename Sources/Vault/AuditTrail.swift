// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The audit trail of a vault: entries that can be added and not changed, each sealed, chained to the one before, and
/// counted by a head that is authenticated.
///
/// What it stops: who can write the store and has no key can neither change, exchange, insert nor leave out an entry
/// without `verify` naming it. Who puts back the whole store to an earlier state is found with a head that was kept
/// outside of it. Who has the audit key can write a trail of his own; a rekey gives the trail a new one, and pins what
/// was written under the old.
package struct AuditTrail: Sendable {
  /// Records that one `list` asks a store for: each may be as large as a store's values are, which nobody has checked.
  static let batch = 100

  let vaultID: [UInt8]
  /// Version of the key set that new entries are made under.
  package var keySet: Int64
  private let auditKey: @Sendable (Int64) throws(S4Error) -> SecretBytes
  private let cache = AuditKeyCache()

  /// - Parameters:
  ///   - vaultID: 16 bytes.
  ///   - keySet: version of the vault's current key set; at least 1.
  ///   - keys: gives the audit key (32 bytes) of a key set that the vault has, also of a former one. For a version that
  ///     it does not know it reads the vault's header anew, and throws `.vaultCorrupt` where there is no such version.
  package init(vaultID: [UInt8], keySet: Int64, keys: @escaping @Sendable (Int64) throws(S4Error) -> SecretBytes) {
    self.vaultID = vaultID
    self.keySet = keySet
    auditKey = keys
  }

  /// Gives the changes that add entries, for the body of `Store.change`: they come together with what they tell of, or
  /// not at all, and a head that another writer has moved meanwhile makes the body run again.
  /// - Parameters:
  ///   - events: at most as many as fit a change. The first of a new trail is `vault_created` or `migrated`.
  ///   - raisesGeneration: credentials or keys change with it.
  ///   - formerKeySet: where this change makes `keySet` the current key set: the one that was it before; nil elsewhere.
  ///     Such a change always adds an entry, so that a head under a former key set is one that was put back.
  ///   - view: the change's.
  /// - Returns: the entries and the new head; nothing for no events.
  /// - Throws: `.vaultCorrupt` where the head, or that it is missing, is not what this vault left; `.vaultUnavailable`
  ///   (retryable) where another process has made another key set the current one; `.invalidArgument` for an actor; what
  ///   `view` and `keys` throw.
  package func append(
    _ events: [AuditEvent], raisesGeneration: Bool, formerKeySet: Int64? = nil, in view: any StoreView
  ) throws(S4Error) -> [StoreChange] {
    guard let first = events.first else { return [] }
    let head = try headRecord(in: view, notBefore: formerKeySet ?? keySet)
    if let head {
      try checkKeySet(of: head, expected: formerKeySet ?? keySet)
    } else if !first.action.beginsTrail {
      throw Self.headFault("is missing: it was removed")
    }
    var number = head?.entries ?? 0
    var chain = head?.chain ?? AuditEntryRecord.beginning
    let keys = try keys(of: keySet)
    var changes: [StoreChange] = []
    changes.reserveCapacity(events.count + 1)
    for event in events {
      try AuditEntry.checkActor(event.actor)
      guard event.connection.map({ 1...AuditEvent.Limit.connection ~= $0.utf8.count }) ?? true, event.generation >= 0,
        number < .max
      else { throw S4Error(.internalDefect, "an audit entry is out of its bounds: please report this") }
      number += 1
      let key = AuditEntryRecord.key(number)
      // An entry is never written over: where one stands already, the head was put back.
      guard try view.get(key) == nil else {
        throw Self.headFault(
          "is missing or was put back to an earlier state, since there is an entry \(number) behind it")
      }
      let record = try AuditEntryRecord(
        AuditEntry(number: number, event: event), after: chain, keySet: keySet, keys: keys, vaultID: vaultID)
      chain = record.chain
      changes.append(.put(key: key, value: record.value))
    }
    let generation = head?.generation ?? 0
    let raised = raisesGeneration && generation < .max ? generation + 1 : generation
    let next = AuditHeadRecord(keySet: keySet, entries: number, generation: raised, chain: chain)
    changes.append(.put(key: AuditHeadRecord.key, value: try next.value(keys: keys, vaultID: vaultID)))
    return changes
  }

  /// Tells how far the trail has come.
  /// - Throws: `.vaultCorrupt` where the head is missing or does not prove genuine; what `view` and `keys` throw.
  package func head(in view: any StoreView) throws(S4Error) -> AuditHead {
    guard let record = try headRecord(in: view) else { throw Self.headFault("is missing: it was removed") }
    return head(record)
  }

  /// Whether a record with this key belongs to a trail.
  static func isKey(_ key: String) -> Bool {
    key == AuditHeadRecord.key || AuditEntryRecord.number(ofKey: key) != nil
  }

  func head(_ record: AuditHeadRecord) -> AuditHead {
    AuditHead(vaultID: vaultID, count: record.entries, hash: record.chain, generation: record.generation)
  }

  /// Reads the head as it was left.
  /// - Parameter earliest: the earliest key set that it may be under: inside of a change, where no key service is asked
  ///   for an earlier one's keys.
  /// - Returns: nil where there is none.
  /// - Throws: `.vaultCorrupt` for one that does not prove genuine.
  func headRecord(in view: any StoreView, notBefore earliest: Int64 = 0) throws(S4Error) -> AuditHeadRecord? {
    guard let stored = try view.get(AuditHeadRecord.key) else { return nil }
    let claimed = AuditHeadRecord(value: stored.value)
    if let claimed, claimed.keySet < earliest { throw Self.headFault(Self.formerKeys) }
    guard let claimed, let keys = try keysIfKnown(of: claimed.keySet),
      let head = try AuditHeadRecord.genuine(stored.value, keys: keys, vaultID: vaultID)
    else { throw Self.headFault("does not prove genuine: it was damaged or tampered with") }
    return head
  }

  func keys(of keySet: Int64) throws(S4Error) -> AuditKeys {
    try cache.keys(of: keySet) { () throws(S4Error) in try AuditKeys(from: try auditKey(keySet)) }
  }

  /// - Returns: nil for a key set that the vault has not.
  func keysIfKnown(of keySet: Int64) throws(S4Error) -> AuditKeys? {
    do throws(S4Error) {
      return try keys(of: keySet)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      return nil
    }
  }

  private func checkKeySet(of head: AuditHeadRecord, expected: Int64) throws(S4Error) {
    guard head.keySet <= expected else {
      throw S4Error(
        .vaultUnavailable, "another process has just given the vault new keys: try again", isRetryable: true)
    }
    guard head.keySet == expected else { throw Self.headFault(Self.formerKeys) }
  }

  static let formerKeys = "was made under keys that a rekey has replaced: it was put back to an earlier state"

  static func headFault(_ what: String) -> S4Error {
    S4Error(
      .vaultCorrupt,
      "the head of the vault's audit trail \(what); askel_s4_vault_audit_verify says what else is wrong: "
        + AuditFinding.advice)
  }
}
