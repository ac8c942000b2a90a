// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// Keeps what the product gave as keys, and what they unlock of a vault; follows what other processes do to its header.
final class KeyKeeper: Sendable {
  private struct State: Sendable {
    var sources: [any KeySource]
    var ring: KeyRing
  }

  /// Sources at most: the two that the instance was opened with, and the latest ones. A product that adds one with each
  /// rotation gathers no more.
  private static let mostSources = 8

  private let store: any Store
  private let state: Locked<State>

  init(_ store: any Store, _ sources: [any KeySource], _ ring: KeyRing) {
    self.store = store
    state = Locked(State(sources: sources, ring: ring))
  }

  var ring: KeyRing { state.withLock { $0.ring } }

  /// Takes over what another process did to the header.
  /// - Parameter mayAsk: whether key services may be asked: not on the I/O thread.
  /// - Returns: the ring now, and whether it is another than the given one.
  func refreshed(_ old: KeyRing, mayAsk: Bool) throws(S4Error) -> (ring: KeyRing, isNew: Bool) {
    let ring = try adopt(unless: mayAsk && old.isPartial ? nil : old, mayAsk: mayAsk)
    return ring.map { ($0, true) } ?? (old, false)
  }

  /// Adds a key that may open the vault from now on; kept even where it opens nothing yet, since another process may be
  /// about to rotate to it.
  func add(_ source: any KeySource) throws(S4Error) {
    state.withLock { state in
      if state.sources.count >= Self.mostSources { state.sources.remove(at: 2) }
      state.sources.append(source)
    }
    _ = try adopt(unless: nil, mayAsk: true)
  }

  /// The audit key of a key set, also of one that another process has just made.
  func auditKey(_ version: Int64) throws(S4Error) -> SecretBytes {
    let ring = ring
    if ring.knows(version) { return try ring.openSet(version, store.title).audit }
    return try refreshed(ring, mayAsk: true).ring.openSet(version, store.title).audit
  }

  /// Lets go of everything of the product's, whoever still holds the vault.
  func close() {
    for source in state.withLock({ $0.sources }) { source.close() }
  }

  /// Unlocks the header as it is now.
  /// - Parameter old: what need not be unlocked again.
  /// - Returns: nil where the header is still that one's.
  private func adopt(unless old: KeyRing?, mayAsk: Bool) throws(S4Error) -> KeyRing? {
    // Before the header is read: where it was kept meanwhile, somebody has read a later one. Its version says nothing
    // of that, since it falls where an older copy of the vault is put back.
    let now = state.withLock { $0 }
    let record = try header()
    if let old, record.holds(old.headerValue) { return nil }
    let ring = try KeyRing(record, sources: now.sources, known: now.ring, mayAsk: mayAsk, title: store.title)
    state.withLock { state in
      if state.ring.headerValue == now.ring.headerValue { state.ring = ring }
    }
    return ring
  }

  private func header() throws(S4Error) -> StoredRecord {
    if let record = try store.get(VaultHeader.key) { return record }
    throw S4Error(.vaultCorrupt, "\(store.title) has lost its first record: restore it from a copy")
  }
}
