// SPDX-License-Identifier: Apache-2.0

import Basics

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// A product's database in memory, and what can be wrong with one.
final class Product: Sendable {
  struct State {
    var records: [String: StoredRecord] = [:]
    var commits: [[CallbackStore.Part]] = []
    var freed = 0
    /// What a callback answers instead, by its name.
    var gives: [String: [StoredRecord]] = [:]
    var fails: [String: String] = [:]
    var conflicts = 0
    /// Runs inside each commit.
    var meanwhile: (@Sendable () -> Void)?
  }

  let state = Locked(State())

  func set(_ key: String, _ value: [UInt8]) {
    state.withLock { state in
      let version = (state.records[key]?.version ?? 0) + 1
      state.records[key] = StoredRecord(key: key, version: version, value: value)
    }
  }

  func record(_ key: String) -> StoredRecord? { state.withLock { $0.records[key] } }

  func give(_ callback: String, _ records: [StoredRecord]) { state.withLock { $0.gives[callback] = records } }

  var commits: [[CallbackStore.Part]] { state.withLock { $0.commits } }

  var freed: Int { state.withLock { $0.freed } }

  func store() -> CallbackStore {
    CallbackStore(
      title: "PostgreSQL vault.product",
      callbacks: CallbackStore.Callbacks(
        get: { [self] key throws(CallbackStore.Failure) in
          try enter("get")
          return state.withLock { $0.gives["get"] ?? ($0.records[key].map { [$0] } ?? []) }
        },
        list: { [self] prefix, after, limit throws(CallbackStore.Failure) in
          try enter("list")
          return state.withLock { state in
            let keys = state.records.keys.filter { $0.hasPrefix(prefix) && $0 > after ?? "" }.sorted()
            return state.gives["list"] ?? keys.prefix(limit).compactMap { state.records[$0] }
          }
        },
        commit: { [self] parts throws(CallbackStore.Failure) in
          try enter("commit")
          state.withLock { $0.meanwhile }?()
          return state.withLock { commit(parts, &$0) }
        },
        pause: { usleep($0) },
        free: { [self] in state.withLock { $0.freed += 1 } }))
  }

  private func enter(_ callback: String) throws(CallbackStore.Failure) {
    if let reason = state.withLock({ $0.fails[callback] }) { throw .refused(reason.isEmpty ? nil : reason) }
  }

  private func commit(_ parts: [CallbackStore.Part], _ state: inout State) -> Bool {
    state.commits.append(parts)
    guard parts.allSatisfy({ (state.records[$0.key]?.version ?? 0) == $0.expectedVersion }) else {
      state.conflicts += 1
      return false
    }
    for part in parts {
      switch part.action {
      case .put(let value, let version):
        state.records[part.key] = StoredRecord(key: part.key, version: version, value: value)
      case .delete: state.records[part.key] = nil
      case .keep: break
      }
    }
    return true
  }
}
