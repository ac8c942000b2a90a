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

  /// Changes a connection, durably: computes from what is there, which may ask a key service, and writes if nothing of
  /// it has changed meanwhile; else once more.
  func change<Result: Sendable>(
    _ id: String, by deadline: Deadline, mayAsk: Bool = true, provesAbsence: Bool = true,
    _ compute: (Found?, KeyRing) throws(S4Error) -> Outcome<Result>
  ) throws(S4Error) -> Result {
    while true {
      let found = try find(id, mayAsk: mayAsk, provesAbsence: provesAbsence)
      let ring = if let found { found.ring } else { try refreshed(ring, mayAsk: mayAsk).ring }
      let outcome = try compute(found, ring)
      guard outcome.entry != nil || outcome.isDeletion else { return outcome.result }
      if try write(outcome, id, over: found, ring, by: deadline) { return outcome.result }
      _ = try refreshed(ring, mayAsk: mayAsk)
      guard !deadline.hasPassed else { throw contended }
    }
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
    let trail = trail(ring)
    let header = try outcome.header.map { (header) throws(S4Error) in
      try header.encoded(directoryKey: ring.set(ring.header.currentSet).directory)
    }
    var keys: [String] = []
    for set in ring.lookupSets { keys.append(Self.recordKey(try Self.lookup(id, set))) }
    let isDone = Flag()
    try store.change(by: deadline) { (view) throws(S4Error) in
      isDone.isSet = false
      guard try view.get(VaultHeader.key)?.version == ring.headerVersion else { return [] }
      for key in keys {
        let version = try view.get(key)?.version
        guard version == (found?.record.key == key ? found?.record.version : nil) else { return [] }
      }
      isDone.isSet = true
      var changes: [StoreChange] = []
      if let entry = outcome.entry {
        changes.append(.put(key: Self.recordKey(entry.lookup), value: entry.encoded()))
      }
      if let found, outcome.isDeletion || outcome.entry?.lookup != found.entry.lookup {
        changes.append(.delete(key: found.record.key))
      }
      if let header { changes.append(.put(key: VaultHeader.key, value: header)) }
      if !outcome.audit.isEmpty {
        changes += try trail.append(outcome.audit, raisesGeneration: outcome.raisesGeneration, in: view)
      }
      return changes
    }
    return isDone.isSet
  }

  /// Set inside a closure that runs on this thread.
  final class Flag { var isSet = false }
}
