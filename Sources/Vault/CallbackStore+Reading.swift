// SPDX-License-Identifier: Apache-2.0

import Basics

extension CallbackStore {
  /// What one attempt of a change reads: it remembers the versions that the change builds upon.
  ///
  /// A record that a list did not have, and that another writer adds meanwhile, is not noticed.
  final class Reading: StoreView {
    private let store: CallbackStore
    /// Every key that was read; nil where there was no record.
    private var seen: [String: StoredRecord?] = [:]
    /// Two reads did not fit together: another writer came in between.
    private(set) var isOutdated = false
    /// The store itself could not be read.
    private(set) var hasFailed = false

    init(of store: CallbackStore) { self.store = store }

    func get(_ key: String) throws(S4Error) -> StoredRecord? {
      if let known = seen[key] { return known }
      do throws(S4Error) {
        let record = try store.get(key)
        seen.updateValue(record, forKey: key)
        return record
      } catch {
        hasFailed = true
        throw error
      }
    }

    func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
      let records: [StoredRecord]
      do throws(S4Error) {
        records = try store.list(prefix: prefix, after: after, limit: limit)
      } catch {
        hasFailed = true
        throw error
      }
      // Where it is full, it says nothing about the keys behind its last one.
      let end = records.count < min(limit, StoreLimit.batch) ? nil : records.last?.key
      let missing = Set(seen.filter { $0.value != nil }.keys).subtracting(records.map(\.key)).contains { key in
        key.utf8.starts(with: prefix.utf8) && after.map { CallbackStore.comes($0, before: key) } ?? true
          && end.map { CallbackStore.comes(key, before: $0) } ?? true
      }
      let differs = records.contains { record in seen[record.key].map { $0?.version != record.version } ?? false }
      guard !missing, !differs else {
        isOutdated = true
        throw S4Error(.vaultUnavailable, "\(store.title) was changed while it was read: try again", isRetryable: true)
      }
      for record in records { seen.updateValue(record, forKey: record.key) }
      return records
    }

    /// Makes what a store commits: the changes, and the condition that what was only read is as it was. In the order
    /// of the keys, so that stores which lock record after record do not block each other for ever.
    func parts(of changes: [StoreChange]) throws(S4Error) -> [Part] {
      try StoreLimit.check(changes)
      var parts: [Part] = []
      var changed: Set<String> = []
      for change in changes {
        changed.insert(change.key)
        let version = try get(change.key)?.version ?? 0
        switch change {
        case .put(let key, let value):
          // `get` takes no version that this could overflow.
          parts.append(
            Part(key: key, expectedVersion: version, action: .put(value: value, version: version &+ 1)))
        case .delete(let key):
          parts.append(Part(key: key, expectedVersion: version, action: version == 0 ? .keep : .delete))
        }
      }
      for (key, record) in seen where !changed.contains(key) {
        parts.append(Part(key: key, expectedVersion: record?.version ?? 0, action: .keep))
      }
      return parts.sorted { CallbackStore.comes($0.key, before: $1.key) }
    }
  }
}
