// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// What a callback may get wrong.
private struct Wrong: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let given: [StoredRecord]
  let code: S4Error.Code

  init(_ what: String, _ given: [StoredRecord], _ code: S4Error.Code = .vaultUnavailable) {
    (testDescription, self.given, self.code) = (what, given, code)
  }

  static let large = [UInt8](repeating: 0, count: StoreLimit.value + 1)

  static let records = [
    Wrong("another key", [record("B")]),
    Wrong("a key that only looks equal", [record("\u{212A}")]),
    Wrong("two", [record("K"), record("K")]),
    Wrong("version 0", [record("K", 0)], .vaultCorrupt),
    Wrong("a negative version", [record("K", .min)], .vaultCorrupt),
    Wrong("a version that nothing comes after", [record("K", .max)], .vaultCorrupt),
    Wrong("a large value", [record("K", 1, large)], .vaultCorrupt),
  ]

  static let lists = [
    Wrong("out of order", [record("k/b"), record("k/a")]),
    Wrong("twice", [record("k/b"), record("k/b")]),
    Wrong("in a language's order", [record("k/a"), record("k/B")]),
    Wrong("without the prefix", [record("l/b")]),
    Wrong("the prefix in capitals", [record("K/b")]),
    Wrong("not after", [record("k/")]),
    Wrong("too many", (1...4).map { record("k/\($0)") }),
    Wrong("no ASCII", [record("k/ü")]),
    Wrong("a control character", [record("k/\n")]),
    Wrong("no key", [record("")]),
    Wrong("a long key", [record("k/" + String(repeating: "x", count: StoreLimit.key - 1))]),
    Wrong("version 0", [record("k/a"), record("k/b", 0)], .vaultCorrupt),
    Wrong("a large value", [record("k/b", 1, large)], .vaultCorrupt),
  ]
}

private func soon() -> Deadline { Deadline(milliseconds: 20_000) }

private func record(_ key: String, _ version: Int64 = 1, _ value: [UInt8] = [1]) -> StoredRecord {
  StoredRecord(key: key, version: version, value: value)
}

struct CallbackStoreTests {
  private let product = Product()

  @Test func aChangeComesWithTheVersionsItWasReadFor() throws {
    product.set("a", [1])
    product.set("b", [2])
    product.set("c", [3])
    let store = product.store()
    try store.change(by: soon()) { view throws(S4Error) in
      #expect(try view.get("b")?.value == [2])
      #expect(try view.get("nothing") == nil)
      #expect(try view.list(prefix: "c", after: nil, limit: 10) == [record("c", 1, [3])])
      // "a" was not read, "new" is not there.
      return [.put(key: "new", value: [9]), .put(key: "b", value: [8]), .delete(key: "a")]
    }
    #expect(
      product.commits == [
        [
          .init(key: "a", expectedVersion: 1, action: .delete),
          .init(key: "b", expectedVersion: 1, action: .put(value: [8], version: 2)),
          .init(key: "c", expectedVersion: 1, action: .keep),
          .init(key: "new", expectedVersion: 0, action: .put(value: [9], version: 1)),
          .init(key: "nothing", expectedVersion: 0, action: .keep),
        ]
      ])
    #expect(try store.get("b") == record("b", 2, [8]))
    #expect(try store.get("a") == nil)
  }

  @Test func noIncrementIsLost() throws {
    let store = product.store()
    let faults = Collected<S4Error>()
    onThreads(8) { _ in
      for _ in 0..<100 {
        let failed = fault {
          try store.change(by: soon()) { view throws(S4Error) in
            let value = try view.get("count")?.value.first ?? 0
            // So that others do come in between.
            usleep(100)
            let total = try view.get("total")?.value ?? [0, 0]
            let sum = UInt16(total[0]) << 8 + UInt16(total[1]) + 1
            return [
              .put(key: "count", value: [value &+ 1]), .put(key: "total", value: [UInt8(sum >> 8), UInt8(sum & 255)]),
            ]
          }
        }
        if let failed { faults.append(failed) }
      }
    }
    #expect(faults.all.isEmpty)
    #expect(product.record("count") == record("count", 800, [UInt8(800 & 255)]))
    #expect(product.record("total") == record("total", 800, [UInt8(800 >> 8), UInt8(800 & 255)]))
    #expect(product.state.withLock { $0.conflicts } > 0)
  }

  @Test func aRecordThatWasOnlyReadHoldsTheChange() throws {
    product.set("header", [1])
    product.set("card", [1])
    let store = product.store()
    var seen: [[UInt8]] = []
    try store.change(by: soon()) { view throws(S4Error) in
      let header = try view.get("header")?.value ?? []
      seen.append(header)
      if seen.count == 1 { product.set("header", [2]) }
      return [.put(key: "card", value: header)]
    }
    #expect(seen == [[1], [2]])
    #expect(product.record("card")?.value == [2])
  }

  @Test func aRecordReadAgainIsTheSame() throws {
    product.set("a", [1])
    let store = product.store()
    var runs = 0
    try store.change(by: soon()) { view throws(S4Error) in
      runs += 1
      let first = try view.get("a")
      let absent = try view.get("b")
      if runs == 1 {
        product.set("a", [2])
        product.set("b", [2])
      }
      #expect(try view.get("a") == first)
      #expect(try view.get("b") == absent)
      return []
    }
    #expect(runs == 2)
  }

  @Test(arguments: [record("k/a"), record("k/b", 2), nil])
  func aListThatDoesNotFitWhatWasReadRunsTheBodyAgain(_ change: StoredRecord?) throws {
    product.set("k/b", [1])
    var runs = 0
    try product.store().change(by: soon()) { view throws(S4Error) in
      runs += 1
      _ = try view.get("k/a")
      _ = try view.get("k/b")
      if runs == 1 {
        product.state.withLock { $0.records[change?.key ?? "k/b"] = change }
      }
      let listed = try view.list(prefix: "k/", after: nil, limit: 10)
      #expect(runs == 2)
      #expect(listed == [product.record("k/a"), product.record("k/b")].compactMap { $0 })
      return []
    }
    #expect(runs == 2)
  }

  @Test func aFullListSaysNothingOfWhatComesBehindIt() throws {
    for key in ["k/a", "k/b", "k/c", "l"] { product.set(key, [1]) }
    var runs = 0
    try product.store().change(by: soon()) { view throws(S4Error) in
      runs += 1
      for key in ["k/a", "k/c", "l"] { _ = try view.get(key) }
      #expect(try view.list(prefix: "k/", after: nil, limit: 2).map(\.key) == ["k/a", "k/b"])
      #expect(try view.list(prefix: "k/", after: "k/a", limit: 1).map(\.key) == ["k/b"])
      #expect(try view.list(prefix: "k/", after: "k/b", limit: 5).map(\.key) == ["k/c"])
      return []
    }
    #expect(runs == 1)
  }

  @Test func whatTwoMomentsMakeIsNoError() throws {
    product.set("a", [1])
    product.set("b", [1])
    var runs = 0
    try product.store().change(by: soon()) { view throws(S4Error) in
      runs += 1
      let first = try view.get("a")
      if runs == 1 {
        product.set("a", [2])
        product.set("b", [2])
      }
      guard try view.get("b")?.value == first?.value else { throw S4Error(.vaultCorrupt, "the two do not fit") }
      return []
    }
    #expect(runs == 2)
  }

  @Test func anErrorOfTheBodyIsGivenOn() {
    product.set("a", [1])
    product.set("b", [2])
    for keys in [["a"], ["a", "b"]] {
      var runs = 0
      let failed = fault {
        try product.store().change(by: soon()) { view throws(S4Error) in
          runs += 1
          for key in keys { _ = try view.get(key) }
          throw S4Error(.notFound, "there is no such connection")
        }
      }
      #expect(failed?.code == .notFound)
      #expect(runs == 1)
    }
  }

  @Test func nothingToChangeWritesNothing() throws {
    product.set("a", [1])
    try product.store().change(by: soon()) { view throws(S4Error) in
      _ = try view.get("a")
      return []
    }
    #expect(product.commits.isEmpty)
    try product.store().change(by: soon()) { _ in [.delete(key: "b")] }
    #expect(product.commits == [[.init(key: "b", expectedVersion: 0, action: .keep)]])
  }

  @Test func otherWritersAreWaitedForUntilTheDeadline() {
    let product = product
    let store = product.store()
    var runs = 0
    let began = Deadline.now
    let failed = fault {
      try store.change(by: Deadline(milliseconds: 150)) { view throws(S4Error) in
        runs += 1
        _ = try view.get("a")
        product.set("a", [0])
        return [.put(key: "a", value: [1])]
      }
    }
    let took = (Deadline.now - began) / 1_000_000
    #expect(failed?.code == .vaultUnavailable)
    #expect(failed?.isRetryable == true)
    #expect(failed?.message.contains("another writer came first") == true)
    #expect(runs > 3)
    #expect(150..<2_000 ~= took)
  }

  @Test(arguments: ["get", "list", "commit"]) func aCallbacksReasonIsTold(_ callback: String) {
    let store = product.store()
    let change = {
      try store.change(by: soon()) { view throws(S4Error) in
        for key in ["a", "b"] { _ = try view.get(key) }
        _ = try view.list(prefix: "k/", after: nil, limit: 3)
        return [.put(key: "a", value: [])]
      }
    }
    product.state.withLock { $0.fails[callback] = "connection refused" }
    let failed = fault(change)
    let verb = callback == "commit" ? "written" : "read"
    #expect(failed?.code == .vaultUnavailable)
    #expect(failed?.isRetryable == true)
    #expect(failed?.message == "PostgreSQL vault.product cannot be \(verb): connection refused")
    product.state.withLock { $0.fails[callback] = "" }
    #expect(fault(change)?.message.contains("gave no reason") == true)
    #expect(product.commits.isEmpty)
  }

  @Test(arguments: Wrong.records) private func aRecordThatCannotBeIsRefused(_ wrong: Wrong) {
    product.give("get", wrong.given)
    let store = product.store()
    let failed = fault { _ = try store.get("K") }
    #expect(failed?.code == wrong.code)
    #expect(failed?.isRetryable == false)
    #expect(failed?.message.hasPrefix("PostgreSQL vault.product ") == true)
    #expect(fault { try store.change(by: soon()) { _ in [.put(key: "K", value: [])] } }?.code == wrong.code)
    #expect(product.commits.isEmpty)
  }

  @Test(arguments: Wrong.lists) private func aListThatCannotBeIsRefused(_ wrong: Wrong) {
    product.give("list", wrong.given)
    let failed = fault { _ = try product.store().list(prefix: "k/", after: "k/", limit: 3) }
    #expect(failed?.code == wrong.code)
    #expect(failed?.isRetryable == false)
  }

  @Test func noMoreThanABatchIsListed() throws {
    for number in 0..<1_100 { product.set("k/\(10_000 + number)", []) }
    let store = product.store()
    #expect(try store.list(prefix: "k/", after: nil, limit: .max).count == StoreLimit.batch)
    #expect(try store.list(prefix: "k/", after: "k/10999", limit: 1_000).count == 100)
    product.give("list", [record("k/a")])
    #expect(try store.list(prefix: "k/", after: nil, limit: 0).isEmpty)
    #expect(try store.list(prefix: "k/", after: nil, limit: -1).isEmpty)
  }

  @Test func aChangeThatNamesARecordTwiceIsRefused() {
    let failed = fault {
      try product.store().change(by: soon()) { _ in [.put(key: "a", value: []), .delete(key: "a")] }
    }
    #expect(failed?.code == .internalDefect)
    #expect(product.commits.isEmpty)
  }

  @Test func aClosedStoreAsksNothingAndIsFreedOnce() {
    var store: CallbackStore? = product.store()
    store?.close()
    store?.close()
    #expect(product.freed == 1)
    #expect(fault { _ = try store?.get("a") }?.code == .closed)
    #expect(fault { _ = try store?.list(prefix: "", after: nil, limit: 1) }?.code == .closed)
    #expect(fault { try store?.change(by: soon()) { _ in [.put(key: "a", value: [])] } }?.code == .closed)
    store = nil
    #expect(product.freed == 1)
  }

  @Test func closedUnderACallbackItIsFreedWhenThatHasReturned() throws {
    let product = product
    let store = product.store()
    let freedMeanwhile = Collected<Int>()
    product.state.withLock { state in
      // A lock of the store's that is held around the callback would hang here.
      state.meanwhile = {
        _ = try? store.get("other")
        store.close()
        freedMeanwhile.append(product.freed)
      }
    }
    try store.change(by: soon()) { _ in [.put(key: "a", value: [7])] }
    product.state.withLock { $0.meanwhile = nil }
    #expect(freedMeanwhile.all == [0])
    #expect(product.freed == 1)
    #expect(product.record("a")?.value == [7])
    #expect(fault { _ = try store.get("a") }?.code == .closed)
  }

  @Test func itWantsTheCallersThreadAndHasNothingToLetGo() throws {
    product.set("a", [1])
    let store = product.store()
    #expect(store.needsCallersThread)
    #expect(store.readOnlyReason == nil)
    store.suspend()
    try store.proveSound()
    #expect(try store.get("a") == record("a"))
  }
}

@Suite(.serialized) struct CallbackStoreForkTests {
  @Test func aChildAsksNothingAndFreesNothing() {
    let product = Product()
    product.set("a", [1])
    let store = product.store()
    let child = fork()
    if child == 0 {
      alarm(20)
      let codes = [
        fault { _ = try store.get("a") }?.code,
        fault { try store.change(by: soon()) { _ in [.put(key: "a", value: [])] } }?.code,
      ]
      store.close()
      _exit(codes == [.forked, .forked] && product.freed == 0 ? 0 : 1)
    }
    var status: Int32 = -1
    #expect(waitpid(child, &status, 0) == child && status == 0)
    #expect(fault { _ = try store.get("a") } == nil)
    store.close()
    #expect(product.freed == 1)
  }
}
