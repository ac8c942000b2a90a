// SPDX-License-Identifier: Apache-2.0

import Basics

@testable import Vault

/// A store in memory. Like one over a product's database it locks nothing while a body runs: it compares versions at
/// the end and, where another writer was faster, runs the body again.
final class MemoryStore: Store {
  let title = "the store in memory"
  let needsCallersThread = false
  let readOnlyReason: String? = nil

  private struct State {
    var records: [String: StoredRecord] = [:]
    var isClosed = false
  }

  /// Reads, and notes at which versions.
  private final class View: StoreView {
    let records: [String: StoredRecord]
    private(set) var seen: [String: Int64] = [:]
    private(set) var listed: [(prefix: String, records: [StoredRecord], after: String?, limit: Int)] = []

    init(_ records: [String: StoredRecord]) { self.records = records }

    func get(_ key: String) throws(S4Error) -> StoredRecord? {
      seen[key] = records[key]?.version ?? 0
      return records[key]
    }

    func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
      let found = MemoryStore.list(records, prefix: prefix, after: after, limit: limit)
      listed.append((prefix, found, after, limit))
      return found
    }

    func isCurrent(in now: [String: StoredRecord]) -> Bool {
      seen.allSatisfy { (now[$0.key]?.version ?? 0) == $0.value }
        && listed.allSatisfy {
          MemoryStore.list(now, prefix: $0.prefix, after: $0.after, limit: $0.limit) == $0.records
        }
    }
  }

  private let state = Locked(State())

  func get(_ key: String) throws(S4Error) -> StoredRecord? { try open()[key] }

  func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    Self.list(try open(), prefix: prefix, after: after, limit: limit)
  }

  func change(
    by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) {
    while true {
      let view = View(try open())
      let changes = try body(view)
      try StoreLimit.check(changes)
      let isDone = state.withLock { state in
        guard view.isCurrent(in: state.records) else { return false }
        for change in changes {
          switch change {
          case .put(let key, let value):
            let version = (state.records[key]?.version ?? 0) + 1
            state.records[key] = StoredRecord(key: key, version: version, value: value)
          case .delete(let key): state.records[key] = nil
          }
        }
        return true
      }
      if isDone { return }
      guard !deadline.hasPassed else {
        throw S4Error(.vaultUnavailable, "\(title) is being written by others: try again", isRetryable: true)
      }
    }
  }

  func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error) { _ = try open() }

  func close() { state.withLock { $0.isClosed = true } }

  func suspend() {}

  private func open() throws(S4Error) -> [String: StoredRecord] {
    try state.withLock { (state) throws(S4Error) in
      guard !state.isClosed else { throw .closed }
      return state.records
    }
  }

  private static func list(
    _ records: [String: StoredRecord], prefix: String, after: String?, limit: Int
  ) -> [StoredRecord] {
    let found = records.values.filter { record in
      record.key.utf8.starts(with: prefix.utf8) && after?.utf8.lexicographicallyPrecedes(record.key.utf8) != false
    }
    let ordered = found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return Array(ordered.prefix(max(0, min(limit, StoreLimit.batch))))
  }
}
