// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

@testable import Vault

/// A store in memory whose records a test may tamper with.
final class AuditMemoryStore: Store {
  struct State {
    var records: [String: StoredRecord] = [:] {
      didSet { order = nil }
    }
    var order: [String]?
    var lists = 0
    var longestList = 0
    var damage: String?
    /// Runs once, before the next `get` of this key: what another writer does meanwhile.
    var before: (key: String, body: @Sendable (AuditMemoryStore) -> Void)?

    var sorted: [String] {
      mutating get {
        if let order { return order }
        let sorted = records.keys.sorted()
        order = sorted
        return sorted
      }
    }
  }

  let state = Locked(State())
  let title = "the vault in memory"
  let needsCallersThread = false
  let readOnlyReason: String? = nil

  /// What a change reads, with the versions that it builds upon.
  final class View: StoreView {
    var records: [String: StoredRecord]
    var read: [String: Int64] = [:]

    init(_ records: [String: StoredRecord]) { self.records = records }

    func get(_ key: String) throws(S4Error) -> StoredRecord? {
      read[key] = records[key]?.version ?? 0
      return records[key]
    }

    func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
      var state = State(records: records)
      return AuditMemoryStore.list(&state, prefix, after, limit)
    }
  }

  func get(_ key: String) throws(S4Error) -> StoredRecord? {
    let meanwhile = state.withLock { state -> (@Sendable (AuditMemoryStore) -> Void)? in
      guard let before = state.before, before.key == key else { return nil }
      state.before = nil
      return before.body
    }
    meanwhile?(self)
    return state.withLock { $0.records[key] }
  }

  func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    state.withLock { state in
      let records = Self.list(&state, prefix, after, limit)
      state.lists += 1
      state.longestList = max(state.longestList, records.count)
      return records
    }
  }

  func change(by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]) throws(S4Error) {
    while true {
      let view = View(state.withLock { $0.records })
      let changes = try body(view)
      // Else the dictionary would be copied below.
      view.records = [:]
      let isDone = state.withLock { state -> Bool in
        guard view.read.allSatisfy({ state.records[$0.key]?.version ?? 0 == $0.value }) else { return false }
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
    }
  }

  func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error) {
    if let damage = state.withLock({ $0.damage }) { throw S4Error(.vaultCorrupt, damage) }
  }

  func close() {}
  func suspend() {}

  private static func list(
    _ state: inout State, _ prefix: String, _ after: String?, _ limit: Int
  ) -> [StoredRecord] {
    let first = after.map { after in state.sorted.partitioningIndex { after < $0 } } ?? 0
    let keys = state.sorted[first...].lazy.filter { $0.utf8.starts(with: prefix.utf8) }.prefix(limit)
    return keys.compactMap { state.records[$0] }
  }
}

extension [String] {
  /// Index of the first element that satisfies the condition, as do all behind it.
  fileprivate func partitioningIndex(_ isBehind: (String) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension AuditMemoryStore {
  var records: [String: StoredRecord] {
    get { state.withLock { $0.records } }
    set { state.withLock { $0.records = newValue } }
  }

  /// The value of an entry's record; nil removes it.
  subscript(entry number: Int64) -> [UInt8]? {
    get { self[AuditEntryRecord.key(number)] }
    set { self[AuditEntryRecord.key(number)] = newValue }
  }

  subscript(key: String) -> [UInt8]? {
    get { records[key]?.value }
    set { records[key] = newValue.map { StoredRecord(key: key, version: 1, value: $0) } }
  }
}

/// A vault as far as its audit trail goes: the trail, and the connections as they are.
final class AuditedVault: Sendable {
  let store = AuditMemoryStore()
  let trail: AuditTrail
  let connections = Locked<[[UInt8]: AuditedCredentials]>([:])

  static let start: Int64 = 1_795_426_200_000  // 2026-11-23T09:30:00Z

  /// - Parameter keySets: how many there are; the last one is current.
  init(id: UInt8 = 1, keySets: Int64 = 1) {
    trail = AuditedVault.trail(id: id, keySets: keySets)
  }

  static func trail(id: UInt8 = 1, keySets: Int64 = 1) -> AuditTrail {
    AuditTrail(vaultID: [UInt8](repeating: id, count: 16), keySet: keySets) { version throws(S4Error) in
      guard 1...keySets ~= version else { throw S4Error(.vaultCorrupt, "there is no key set \(version)") }
      return try auditKey(version, id: id)
    }
  }

  static func auditKey(_ keySet: Int64, id: UInt8) throws(S4Error) -> SecretBytes {
    SecretBytes(copying: [UInt8](repeating: UInt8(truncatingIfNeeded: keySet), count: 31) + [id])
  }

  /// Writes one entry, a minute after the one before, and carries out what it tells of.
  func write(
    _ action: AuditAction, _ connection: String? = nil, _ generation: Int64 = 0, actor: String? = nil,
    result: String = "ok", under trail: AuditTrail? = nil, formerKeySet: Int64? = nil
  ) throws {
    let trail = trail ?? self.trail
    try store.change(by: Deadline(milliseconds: 1_000)) { (view) throws(S4Error) in
      let count = try view.get(AuditHeadRecord.key).flatMap { AuditHeadRecord(value: $0.value) }?.entries ?? 0
      let event = AuditEvent(
        action, actor: actor, connection: connection, generation: generation, result: result,
        at: Timestamp(milliseconds: Self.start + count * 60_000))
      let raises = ![AuditAction.check, .rejected, .recovered].contains(action)
      return try trail.append([event], raisesGeneration: raises, formerKeySet: formerKeySet, in: view)
    }
    guard let connection else { return }
    connections.withLock { connections in
      let id = Array(connection.utf8)
      switch action {
      case .put, .migrated: connections[id] = AuditedCredentials(live: generation)
      case .stage: connections[id]?.beside = generation
      case .promote, .fallOver:
        connections[id] = AuditedCredentials(live: generation, beside: connections[id]?.live)
      case .retire: connections[id]?.beside = nil
      case .delete: connections[id] = nil
      default: break
      }
    }
  }

  /// Eight entries: a connection that was rotated, one that was deleted, and one that fell over.
  func writeHistory() throws {
    try write(.vaultCreated)
    try write(.put, "nordvik", 1, actor: "anna@example.com")
    try write(.check, "nordvik", 1)
    try write(.put, "södra", 1, actor: "anna@example.com")
    try write(.stage, "nordvik", 2, actor: "björn")
    try write(.promote, "nordvik", 2, actor: "björn")
    try write(.delete, "södra", 1)
    try write(.rejected, "nordvik", 2, result: "invalid_client")
  }

  func verify(against head: AuditHead? = nil, under trail: AuditTrail? = nil) throws -> AuditReport {
    try (trail ?? self.trail).verify(in: store, against: head, connections: audited)
  }

  func head() throws -> AuditHead { try trail.head(in: store) }

  var audited: AuditedConnections {
    AuditedConnections(
      all: { () throws(S4Error) in
        self.connections.withLock { $0.keys.map { String(decoding: $0, as: UTF8.self) } }
      },
      credentials: { (id) throws(S4Error) in self.connections.withLock { $0[Array(id.utf8)] } })
  }
}
