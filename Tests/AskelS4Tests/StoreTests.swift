// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import TestSupport
import Testing
import Vault

@testable import AskelS4

#if canImport(Glibc)
  import Glibc
#endif

/// A product's database as C sees it: the userdata of the callbacks.
private final class Database {
  var said: [String] = []
  /// What the callbacks return.
  var codes: [String: Int32] = [:]
  var reason: String?
  var confirms = false
  var frees = 0

  var userdata: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  static func at(_ userdata: UnsafeMutableRawPointer?) -> Database {
    guard let userdata else { fatalError("the callback was given no userdata") }
    return Unmanaged<Database>.fromOpaque(userdata).takeUnretainedValue()
  }

  func answer(_ call: String, _ sink: OpaquePointer?) -> Int32 {
    said.append(call)
    // As a product does that forks, or asks the library something: what the gate would hold up.
    let child = fork()
    if child == 0 { _exit(0) }
    waitpid(child, nil, 0)
    if confirms { askel_s4_sink_done(sink) }
    if let reason { askel_s4_sink_failure(sink, reason) }
    return codes[String(call.prefix { $0 != " " })] ?? 0
  }
}

private func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "NULL" }

private func options(_ database: Database) -> askel_s4_store {
  var store = askel_s4_store()
  store.struct_size = MemoryLayout<askel_s4_store>.size
  store.userdata = database.userdata
  store.get = { userdata, key, sink in
    if text(key) == "a" { askel_s4_sink_record(sink, "a", 7, [1, 2] as [UInt8], 2) }
    if text(key) == "bad" { askel_s4_sink_record(sink, "bad", 0, nil, 0) }
    return Database.at(userdata).answer("get \(text(key))", sink)
  }
  store.list = { userdata, prefix, after, limit, sink in
    for key in ["k/1", "k/2"] { askel_s4_sink_record(sink, key, 1, nil, 0) }
    return Database.at(userdata).answer("list \(text(prefix)) \(text(after)) \(limit)", sink)
  }
  store.commit = { userdata, changes, count, sink in
    let line = UnsafeBufferPointer(start: changes, count: count).map { change in
      let value = UnsafeBufferPointer(start: change.value, count: change.size)
      return "\(change.action) \(text(change.key)) \(change.expected_version) \(change.version) \(Array(value))"
    }
    return Database.at(userdata).answer("commit " + line.joined(separator: ", "), sink)
  }
  store.free_fn = { Database.at($0).frees += 1 }
  return store
}

private func make(_ options: askel_s4_store) throws -> CallbackStore {
  try withUnsafePointer(to: options) { pointer in
    defer { Userdata.runEnded() }
    return try ForkGate.within { try StoreArgument(pointer, "store").store() }
  }
}

private func close(_ store: CallbackStore) {
  ForkGate.within { store.close() }
  Userdata.runEnded()
}

/// They fork from inside the callbacks.
@Suite(.serialized) struct StoreForkTests {
  private let database = Database()

  private func soon() -> Deadline { Deadline(milliseconds: 5_000) }

  @Test func callbacksGetAndGiveWhatTheHeaderSays() throws {
    let store = try make(options(database))
    #expect(store.title == "the product's store")
    try ForkGate.within {
      #expect(try store.get("a") == StoredRecord(key: "a", version: 7, value: [1, 2]))
      #expect(try store.get("b") == nil)
      #expect(try store.list(prefix: "k/", after: nil, limit: 2).map(\.key) == ["k/1", "k/2"])
      #expect(fault { _ = try store.list(prefix: "k/", after: "k/1", limit: 3) }?.code == .vaultUnavailable)
      try store.change(by: soon()) { view throws(S4Error) in
        _ = try view.list(prefix: "k/", after: nil, limit: 2)
        return [.put(key: "b", value: []), .put(key: "a", value: [9, 0, 8]), .delete(key: "k/2")]
      }
    }
    #expect(database.frees == 0)
    close(store)
    #expect(
      database.said == [
        "get a", "get b", "list k/ NULL 2", "list k/ k/1 3", "list k/ NULL 2", "get b", "get a",
        "commit 1 a 7 8 [9, 0, 8], 1 b 0 1 [], 3 k/1 1 0 [], 2 k/2 1 0 []",
      ])
    #expect(database.frees == 1)
  }

  @Test func aConflictIsReadAgainAndAFailureIsTold() throws {
    let store = try make(options(database))
    defer { close(store) }
    let change = {
      try ForkGate.within {
        try store.change(by: Deadline(milliseconds: 30)) { view throws(S4Error) in [.put(key: "b", value: [])] }
      }
    }
    let commits = { database.said.count { $0.hasPrefix("commit") } }
    database.codes["commit"] = ASKEL_S4_STORE_CONFLICT
    #expect(fault(change)?.message.contains("another writer came first") == true)
    #expect(commits() > 1)
    database.codes["commit"] = -1
    database.said = []
    #expect(fault(change)?.message.hasPrefix("the product's store cannot be written: its callback gave no") == true)
    #expect(commits() == 1)
    // A get that returns this number has failed.
    database.codes["get"] = ASKEL_S4_STORE_CONFLICT
    database.reason = "no\nroute"
    #expect(fault(change)?.message == "the product's store cannot be read: no route")
    let bad = { try ForkGate.within { _ = try store.get("bad") } }
    #expect(fault(bad)?.message.contains("no route") == true)
    database.codes = [:]
    #expect(fault(bad)?.code == .vaultCorrupt)
  }

  @Test func aCallbackThatWasCutOffHasNotDoneItsWork() throws {
    var given = options(database)
    given.confirms = 1
    let store = try make(given)
    defer { close(store) }
    let uses: [() throws -> Void] = [
      { _ = try store.get("nothing") },
      { _ = try store.list(prefix: "k/", after: nil, limit: 2) },
      { try store.change(by: soon()) { view throws(S4Error) in [.put(key: "a", value: [])] } },
    ]
    for use in uses {
      let failed = fault { try ForkGate.within(use) }
      #expect(failed?.code == .vaultUnavailable)
      #expect(failed?.message.contains("cut off") == true)
    }
    database.confirms = true
    for use in uses { #expect(fault { try ForkGate.within(use) } == nil) }
    given.confirms = 2
    #expect(fault { _ = try make(given) }?.target == "store.confirms")
  }

  @Test func userdataIsFreedOnceWhateverGoesWrong() throws {
    let long = [CChar](repeating: 0x78, count: 257) + [0]
    let mistakes: [(String, (inout askel_s4_store) -> Void)] = [
      ("store.get", { $0.get = nil }), ("store.list", { $0.list = nil }), ("store.commit", { $0.commit = nil }),
      ("store.confirms", { $0.confirms = 2 }),
    ]
    for (target, mistake) in mistakes {
      database.frees = 0
      var given = options(database)
      mistake(&given)
      #expect(fault { _ = try make(given) }?.target == target)
      #expect(database.frees == 1)
    }
    for title in [[0], [-1, 0], long] {
      database.frees = 0
      var given = options(database)
      let failed = title.withUnsafeBufferPointer { bytes in
        given.title = bytes.baseAddress
        return fault { _ = try make(given) }
      }
      #expect(failed?.target == "store.title")
      #expect(database.frees == 1)
    }
    database.frees = 0
    // Made, and let go of by an instance that could not be opened.
    _ = try make(options(database))
    Userdata.runEnded()
    #expect(database.frees == 1)
    var none = options(database)
    none.free_fn = nil
    close(try make(none))
    #expect(fault { _ = try StoreArgument(nil, "store").store() }?.target == "store")
  }

  @Test func aStructOfAnUnknownSizeIsNotTouched() {
    var given = options(database)
    given.struct_size = 8
    #expect(fault { _ = try make(given) }?.target == "struct_size")
    #expect(database.frees == 0)
  }

  /// The gate is not passed twice: the second time would wait for the fork, which waits for this thread.
  @Test func aStoreThatIsClosedWhileAnotherThreadForksHoldsNobodyUp() throws {
    let store = try make(options(database))
    let took = Collected<UInt64>()
    let isWaiting = Locked(false)
    onThreads(2) { thread in
      guard thread == 0 else {
        while !isWaiting.withLock({ $0 }) { usleep(1_000) }
        let began = Deadline.now
        let child = fork()
        if child == 0 { _exit(0) }
        took.append((Deadline.now - began) / 1_000_000)
        waitpid(child, nil, 0)
        return
      }
      ForkGate.within {
        isWaiting.withLock { $0 = true }
        usleep(200_000)
        store.close()
      }
    }
    Userdata.runEnded()
    #expect(database.frees == 1)
    #expect(took.all.allSatisfy { $0 < 2_000 } && took.all.count == 1, "\(took.all)")
  }
}

private final class Collected<Element: Sendable>: Sendable {
  private let elements = Locked<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }

  var all: [Element] { elements.withLock { $0 } }
}
