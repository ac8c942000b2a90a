// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

extension Vault {
  /// What is to become of a connection, computed outside of any lock.
  struct Outcome<Result: Sendable>: Sendable {
    let result: Result
    /// nil: nothing changes.
    var entry: ConnectionEntry?
    /// The record goes.
    var isDeletion = false
    /// The header as it is to be; nil: as it is.
    var header: VaultHeader?
    var audit: [AuditEvent] = []
    /// Credentials or keys change, and not only what is known of them.
    var raisesGeneration = true
  }

  /// Changes a connection, durably. `compute` runs again where another writer came first.
  ///
  /// Where all keys are in this process, it runs under the store's write lock, so that the connection is read once.
  /// Where a key service may be asked, it runs before, with no lock held, and what it gives is written if nothing that
  /// it builds upon has changed meanwhile.
  func change<Result: Sendable>(
    _ id: String, by deadline: Deadline, mayAsk: Bool = true, provesAbsence: Bool = true,
    _ compute: (Found?, KeyRing) throws(S4Error) -> Outcome<Result>
  ) throws(S4Error) -> Result {
    try checkUsable()
    while true {
      // A header that was taken over without its key service is completed here.
      let before = mayAsk && ring.isPartial ? try refreshed(ring).ring : ring
      if before.isLocal {
        let result = try changeAtOnce(id, before, by: deadline, provesAbsence: provesAbsence, compute)
        if let result { return result }
      } else {
        let found = try find(id, mayAsk: mayAsk, provesAbsence: provesAbsence)
        let ring = if let found { found.ring } else { try refreshed(before, mayAsk: mayAsk).ring }
        let outcome = try compute(found, ring)
        guard outcome.entry != nil || outcome.isDeletion else { return outcome.result }
        if try write(outcome, id, over: found, ring, by: deadline) { return outcome.result }
      }
      _ = try refreshed(before, mayAsk: mayAsk)
      guard !deadline.hasPassed else { throw contended }
    }
  }

  /// - Returns: nil where the header is another than the ring's.
  private func changeAtOnce<Result: Sendable>(
    _ id: String, _ ring: KeyRing, by deadline: Deadline, provesAbsence: Bool,
    _ compute: (Found?, KeyRing) throws(S4Error) -> Outcome<Result>
  ) throws(S4Error) -> Result? {
    var result: Result?
    try store.change(by: deadline) { (view) throws(S4Error) in
      result = nil
      guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
      var found: Found?
      for set in ring.lookupSets where found == nil {
        let lookup = try Self.lookup(id, set)
        guard let record = try view.get(Self.recordKey(lookup)) else { continue }
        found = try open(record, lookup, ring, mayAsk: false, name: id)
      }
      if found == nil, provesAbsence { try proveSound() }
      let outcome = try compute(found, ring)
      result = outcome.result
      guard outcome.entry != nil || outcome.isDeletion else { return [] }
      return try changes(outcome, over: found, ring, in: view)
    }
    return result
  }

  var contended: S4Error {
    S4Error(
      .vaultUnavailable,
      "\(store.title) is changed by others all the time, so that this change found no place: try again",
      isRetryable: true)
  }

  /// - Returns: false where what the outcome builds upon is no more.
  private func write<Result: Sendable>(
    _ outcome: Outcome<Result>, _ id: String, over found: Found?, _ ring: KeyRing, by deadline: Deadline
  ) throws(S4Error) -> Bool {
    var keys: [String] = []
    for set in ring.lookupSets { keys.append(Self.recordKey(try Self.lookup(id, set))) }
    let isDone = Flag()
    try store.change(by: deadline) { (view) throws(S4Error) in
      isDone.isSet = false
      guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
      for key in keys {
        guard try view.get(key) == (found?.record.key == key ? found?.record : nil) else { return [] }
      }
      isDone.isSet = true
      return try changes(outcome, over: found, ring, in: view)
    }
    return isDone.isSet
  }

  private func changes<Result: Sendable>(
    _ outcome: Outcome<Result>, over found: Found?, _ ring: KeyRing, in view: any StoreView
  ) throws(S4Error) -> [StoreChange] {
    var changes: [StoreChange] = []
    if let entry = outcome.entry {
      changes.append(.put(key: Self.recordKey(entry.lookup), value: entry.encoded()))
    }
    if let found, outcome.isDeletion || outcome.entry?.lookup != found.entry.lookup {
      changes.append(.delete(key: found.record.key))
    }
    if let header = outcome.header {
      let directoryKey = try ring.set(ring.header.currentSet).directory
      changes.append(.put(key: VaultHeader.key, value: try header.encoded(directoryKey: directoryKey)))
    }
    if !outcome.audit.isEmpty {
      changes += try trail(ring).append(outcome.audit, raisesGeneration: outcome.raisesGeneration, in: view)
    }
    return changes
  }

  /// Set inside a closure that runs on this thread.
  final class Flag { var isSet = false }
}
