// SPDX-License-Identifier: Apache-2.0

import Basics
import Synchronization
import TestSupport
import Testing

@testable import Vault

/// What every store promises to the vault. A suite over a kind of store has one test with `allCases` as its arguments,
/// each with a new, empty store.
enum StoreConformance: CaseIterable {
  case whatWasPutComesBack, versionsRiseByOne, aDeletedRecordIsGone, keysAreOrderedByTheirBytes, aPrefixHasBounds
  case listsArePaged, aChangeComesWholeOrNotAtAll, aBodySeesWhatItBuildsUpon, noChangesWriteNothing
  case whatIsOutOfBoundsIsRefused, largeValuesAndBatchesFit, noUpdateOfManyWritersIsLost, onlyOneOfManyIsFirst
  case readersSeeNoHalfOfAChange, aClosedStoreSaysSo, aSuspendedStoreComesBack

  func prove(_ store: any Store) throws {
    switch self {
    case .whatWasPutComesBack: try Self.whatWasPutComesBack(store)
    case .versionsRiseByOne: try Self.versionsRiseByOne(store)
    case .aDeletedRecordIsGone: try Self.aDeletedRecordIsGone(store)
    case .keysAreOrderedByTheirBytes: try Self.keysAreOrderedByTheirBytes(store)
    case .aPrefixHasBounds: try Self.aPrefixHasBounds(store)
    case .listsArePaged: try Self.listsArePaged(store)
    case .aChangeComesWholeOrNotAtAll: try Self.aChangeComesWholeOrNotAtAll(store)
    case .aBodySeesWhatItBuildsUpon: try Self.aBodySeesWhatItBuildsUpon(store)
    case .noChangesWriteNothing: try Self.noChangesWriteNothing(store)
    case .whatIsOutOfBoundsIsRefused: try Self.whatIsOutOfBoundsIsRefused(store)
    case .largeValuesAndBatchesFit: try Self.largeValuesAndBatchesFit(store)
    case .noUpdateOfManyWritersIsLost: try Self.noUpdateOfManyWritersIsLost(store)
    case .onlyOneOfManyIsFirst: try Self.onlyOneOfManyIsFirst(store)
    case .readersSeeNoHalfOfAChange: try Self.readersSeeNoHalfOfAChange(store)
    case .aClosedStoreSaysSo: try Self.aClosedStoreSaysSo(store)
    case .aSuspendedStoreComesBack: try Self.aSuspendedStoreComesBack(store)
    }
  }

  private static func whatWasPutComesBack(_ store: any Store) throws {
    #expect(try store.get("vault") == nil)
    #expect(try store.list(prefix: "", after: nil, limit: 10) == [])
    let values: [[UInt8]] = [[], [0], Array(0...255), [UInt8](repeating: 7, count: 5_000)]
    let keys = ["vault", "connection/0123456789abcdef", "~!*'%_", String(repeating: "k", count: StoreLimit.key)]
    for (key, value) in zip(keys, values) {
      try store.put(key, value)
      #expect(try store.get(key) == StoredRecord(key: key, version: 1, value: value))
    }
    #expect(try store.list(prefix: "", after: nil, limit: 10).count == keys.count)
    for key in ["Vault", "vaul", "vault ", "vault/", "%", "_____", ""] { #expect(try store.get(key) == nil) }
    try store.proveSound()
  }

  private static func versionsRiseByOne(_ store: any Store) throws {
    for version in 1...5 as ClosedRange<Int64> {
      // The same value is a change too.
      try store.put("a", [UInt8(version / 2)])
      #expect(try store.get("a") == StoredRecord(key: "a", version: version, value: [UInt8(version / 2)]))
    }
    #expect(try store.list(prefix: "a", after: nil, limit: 1).first?.version == 5)
  }

  private static func aDeletedRecordIsGone(_ store: any Store) throws {
    try store.put("a", [1])
    try store.put("a", [2])
    try store.put("b", [3])
    try store.change { _ in [.delete(key: "a"), .delete(key: "never/there")] }
    #expect(try store.get("a") == nil)
    #expect(try store.list(prefix: "", after: nil, limit: 10).map(\.key) == ["b"])
    try store.put("a", [4])
    #expect(try store.get("a") == StoredRecord(key: "a", version: 1, value: [4]))
  }

  private static let mixed = ["A", "Z", "a", "a/", "a/1", "a/10", "a/2", "a/~", "a0", "aa", "b", "b/1", "~"]

  private static func keysAreOrderedByTheirBytes(_ store: any Store) throws {
    try store.change { _ in mixed.shuffled().map { .put(key: $0, value: Array($0.utf8)) } }
    let all = try store.list(prefix: "", after: nil, limit: 100)
    #expect(all.map(\.key) == mixed)
    #expect(all.allSatisfy { $0.value == Array($0.key.utf8) && $0.version == 1 })
  }

  private static func aPrefixHasBounds(_ store: any Store) throws {
    try store.change { _ in mixed.map { .put(key: $0, value: []) } }
    let keys = { (prefix: String, after: String?) in
      try store.list(prefix: prefix, after: after, limit: 100).map(\.key)
    }
    #expect(try keys("a/", nil) == ["a/", "a/1", "a/10", "a/2", "a/~"])
    #expect(try keys("a/1", nil) == ["a/1", "a/10"])
    #expect(try keys("~", nil) == ["~"])
    #expect(try keys("c", nil) == [])
    #expect(try keys("a/%", nil) == [])
    #expect(try keys("a/", "a/") == ["a/1", "a/10", "a/2", "a/~"])
    #expect(try keys("a/", "a/11") == ["a/2", "a/~"])
    // What lies before the prefix leaves nothing out, what lies behind it all.
    #expect(try keys("b/", "A") == ["b/1"])
    #expect(try keys("a/", "a") == ["a/", "a/1", "a/10", "a/2", "a/~"])
    #expect(try keys("a/", "a/~") == [])
    #expect(try keys("a/", "b") == [])
  }

  private static func listsArePaged(_ store: any Store) throws {
    let keys = (0..<250).map { "e/" + String($0 + 1_000) }
    try store.change { _ in keys.map { .put(key: $0, value: [1]) } + [.put(key: "f", value: [])] }
    for limit in [1, 7, 249, 250, 251, 1_000, .max] {
      var found: [String] = []
      var pages = 0
      while true {
        let page = try store.list(prefix: "e/", after: found.last, limit: limit).map(\.key)
        found += page
        pages += 1
        if page.count < limit || pages > 300 { break }
        #expect(page.count == limit)
      }
      #expect(found == keys)
      #expect(pages == keys.count / limit + 1)
    }
    for limit in [0, -1, .min] { #expect(try store.list(prefix: "", after: nil, limit: limit) == []) }
  }

  private static func aChangeComesWholeOrNotAtAll(_ store: any Store) throws {
    try store.put("a", [1])
    let refused = S4Error(.conflict, "not this time")
    #expect(fault { try store.change { _ throws(S4Error) in throw refused } } == refused)
    // The last of them cannot be, so none comes.
    let error = fault {
      try store.change { _ in
        [.put(key: "a", value: [2]), .put(key: "b", value: [2]), .put(key: "ä", value: [2])]
      }
    }
    #expect(error?.code == .internalDefect)
    #expect(try store.list(prefix: "", after: nil, limit: 10) == [StoredRecord(key: "a", version: 1, value: [1])])
    // Nobody holds a lock afterwards.
    try store.change { _ in [.put(key: "a", value: [2]), .put(key: "b", value: [2])] }
    #expect(try store.list(prefix: "", after: nil, limit: 10).map(\.version) == [2, 1])
  }

  private static func aBodySeesWhatItBuildsUpon(_ store: any Store) throws {
    try store.change { _ in [.put(key: "e/1", value: [1]), .put(key: "e/2", value: [2])] }
    try store.change { (view) throws(S4Error) in
      #expect(try view.get("e/1") == StoredRecord(key: "e/1", version: 1, value: [1]))
      #expect(try view.get("e/3") == nil)
      let all = try view.list(prefix: "e/", after: nil, limit: 10)
      #expect(all.map(\.key) == ["e/1", "e/2"])
      return [.put(key: "sum", value: [all.reduce(0) { $0 + ($1.value.first ?? 0) }])]
    }
    #expect(try store.get("sum")?.value == [3])
  }

  private static func noChangesWriteNothing(_ store: any Store) throws {
    try store.put("a", [1])
    try store.change { (view) throws(S4Error) in
      _ = try view.get("a")
      return []
    }
    #expect(try store.get("a") == StoredRecord(key: "a", version: 1, value: [1]))
    try store.put("a", [2])
  }

  private static func whatIsOutOfBoundsIsRefused(_ store: any Store) throws {
    let long = String(repeating: "k", count: StoreLimit.key + 1)
    let bad: [[StoreChange]] = [
      [.put(key: "", value: [])], [.put(key: long, value: [])], [.delete(key: long)], [.put(key: "ä", value: [])],
      [.put(key: "a b", value: [])], [.put(key: "a\u{0}", value: [])],
      [.put(key: "a", value: [UInt8](repeating: 0, count: StoreLimit.value + 1))],
      [.put(key: "a", value: []), .put(key: "a", value: [])], [.put(key: "a", value: []), .delete(key: "a")],
      (0...StoreLimit.batch).map { .put(key: "\($0)", value: []) },
    ]
    for changes in bad { #expect(fault { try store.change { _ in changes } }?.code == .internalDefect) }
    #expect(try store.list(prefix: "", after: nil, limit: 10) == [])
  }

  private static func largeValuesAndBatchesFit(_ store: any Store) throws {
    var generator = Randomness(seed: 2_030)
    let large = (0..<StoreLimit.value).map { _ in UInt8.random(in: 0...255, using: &generator) }
    try store.change { _ in [.put(key: "large", value: large), .put(key: "other", value: large.reversed())] }
    #expect(try store.get("large")?.value == large)
    #expect(try store.list(prefix: "other", after: nil, limit: 1).first?.value == large.reversed())
    try store.put("large", [1])
    #expect(try store.get("large")?.value == [1])
    let keys = (0..<StoreLimit.batch).map { "e/" + String($0 + 1_000) }
    try store.change { _ in keys.map { .put(key: $0, value: Array($0.utf8)) } }
    #expect(try store.list(prefix: "e/", after: nil, limit: StoreLimit.batch).map(\.key) == keys)
    try store.change { _ in keys.map { .delete(key: $0) } }
    #expect(try store.list(prefix: "e/", after: nil, limit: StoreLimit.batch) == [])
    try store.proveSound()
  }

  private static func noUpdateOfManyWritersIsLost(_ store: any Store) throws {
    let problems = Collected<String>()
    onThreads(8) { thread in
      let error = fault {
        for _ in 0..<25 {
          try store.change { (view) throws(S4Error) in
            let count = try view.get("count")?.value.first ?? 0
            return [.put(key: "count", value: [count + 1]), .put(key: "own/\(thread)", value: [count])]
          }
          _ = try store.list(prefix: "own/", after: nil, limit: 10)
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    #expect(try store.get("count") == StoredRecord(key: "count", version: 200, value: [200]))
    #expect(try store.list(prefix: "own/", after: nil, limit: 10).map(\.version) == Array(repeating: 25, count: 8))
  }

  private static func onlyOneOfManyIsFirst(_ store: any Store) throws {
    let winners = Collected<Int>()
    onThreads(8) { thread in
      var isFirst = false
      let error = fault {
        try store.change { (view) throws(S4Error) in
          isFirst = try view.get("first") == nil
          return isFirst ? [.put(key: "first", value: [UInt8(thread)])] : []
        }
      }
      if error == nil, isFirst { winners.append(thread) }
    }
    #expect(winners.all.count == 1)
    #expect(try store.get("first")?.value == winners.all.map(UInt8.init))
  }

  private static func readersSeeNoHalfOfAChange(_ store: any Store) throws {
    let problems = Collected<String>()
    let isOver = Atomic<Bool>(false)
    try store.change { _ in [.put(key: "p/a", value: [0]), .put(key: "p/b", value: [0])] }
    onThreads(3) { thread in
      let error = fault {
        if thread == 0 {
          defer { isOver.store(true, ordering: .relaxed) }
          for round in 1...100 as ClosedRange<UInt8> {
            try store.change { _ in [.put(key: "p/a", value: [round]), .put(key: "p/b", value: [round])] }
          }
        }
        while !isOver.load(ordering: .relaxed) {
          let both = try store.list(prefix: "p/", after: nil, limit: 2).map(\.value)
          guard both.count == 2, both.first == both.last else { return problems.append("\(both)") }
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
  }

  private static func aClosedStoreSaysSo(_ store: any Store) throws {
    try store.put("a", [1])
    store.close()
    store.close()
    #expect(fault { _ = try store.get("a") } == .closed)
    #expect(fault { _ = try store.list(prefix: "", after: nil, limit: 1) } == .closed)
    #expect(fault { try store.put("a", [2]) } == .closed)
    #expect(fault { try store.proveSound() } == .closed)
    store.suspend()
    #expect(fault { _ = try store.get("a") } == .closed)
  }

  private static func aSuspendedStoreComesBack(_ store: any Store) throws {
    for round in 1...3 as ClosedRange<UInt8> {
      try store.put("a", [round])
      store.suspend()
      #expect(try store.get("a")?.value == [round])
      store.suspend()
      #expect(try store.list(prefix: "", after: nil, limit: 1).first?.version == Int64(round))
      try store.proveSound()
      store.suspend()
    }
    let problems = Collected<String>()
    onThreads(4) { thread in
      let error = fault {
        for round in 0..<20 {
          if thread == 0 { store.suspend() }
          try store.put("own/\(thread)", [UInt8(round)])
          guard try store.get("own/\(thread)")?.value == [UInt8(round)] else { return problems.append("\(thread)") }
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
  }
}

extension Store {
  /// With all the time in the world.
  func change(_ body: (any StoreView) throws(S4Error) -> [StoreChange]) throws(S4Error) {
    try change(by: Deadline(milliseconds: 60_000), body)
  }

  func put(_ key: String, _ value: [UInt8]) throws(S4Error) {
    try change { _ in [.put(key: key, value: value)] }
  }
}

@Suite struct MemoryStoreTests {
  @Test(arguments: StoreConformance.allCases) func keepsWhatStoresPromise(_ promise: StoreConformance) throws {
    try promise.prove(MemoryStore())
  }
}
