// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Synchronization
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct KeyServiceCacheTests {
  private final class Clock: Sendable {
    let now = Atomic<UInt64>(5)
    var read: @Sendable () -> UInt64 { { self.now.load(ordering: .relaxed) } }
  }

  private let clock = Clock()

  private func number(_ index: Int) -> [UInt8] { withUnsafeBytes(of: index) { Array($0) } }

  @Test func theOldestGoesWhenThereIsNoRoom() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    for index in 0..<1_030 {
      _ = try cache.key(of: number(index), []) { () throws(S4Error) in secret("\(index)") }
      #expect(cache.count <= 1_024)
    }
    #expect(cache.count == 1_024)
    var asked: [Int] = []
    for index in [6, 1_029, 5, 0] {
      _ = try cache.key(of: number(index), []) { () throws(S4Error) in
        asked.append(index)
        return secret("\(index)")
      }
    }
    #expect(asked == [5, 0])
  }

  @Test func whatIsOverIsLetGoOfWithoutBeingAskedFor() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    weak var watched: SecretBytes?
    for index in 0..<10 {
      watched = try cache.key(of: number(index), []) { () throws(S4Error) in secret("\(index)") }
      clock.now.add(100_000_000, ordering: .relaxed)
    }
    #expect(cache.count == 10)
    cache.dropExpired()
    #expect(cache.count == 9)
    #expect(watched != nil)
    clock.now.add(1_000_000_000, ordering: .relaxed)
    cache.dropExpired()
    #expect(cache.count == 0)
    #expect(watched == nil)
  }

  @Test func anyUseLetsGoOfWhatIsOver() throws {
    let cache = ServiceKeyCache(keptFor: 1, clock: clock.read)
    for index in 0..<10 { _ = try cache.key(of: number(index), []) { () throws(S4Error) in secret("k") } }
    clock.now.add(1_000_000, ordering: .relaxed)
    _ = try cache.key(of: number(10), []) { () throws(S4Error) in secret("k") }
    #expect(cache.count == 1)
  }

  /// The time begins when the service has answered.
  @Test func aSlowAnswerIsKeptForItsWholeTime() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    _ = try cache.key(of: [1], []) { () throws(S4Error) in
      clock.now.add(5_000_000_000, ordering: .relaxed)
      return secret("k")
    }
    clock.now.add(999_999_999, ordering: .relaxed)
    cache.dropExpired()
    #expect(cache.count == 1)
  }

  /// Two places never give one key: neither part runs into the other.
  @Test func thePartsOfAPlaceAreApart() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    _ = try cache.key(of: [1, 2], [3]) { () throws(S4Error) in secret("a") }
    #expect(try cache.key(of: [1], [2, 3]) { () throws(S4Error) in secret("b") } == secret("b"))
  }

  /// A callback that opens the very connection that it is asked for would wait for itself.
  @Test func aThreadDoesNotWaitForItself() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    let start = Deadline.now
    let key = try cache.key(of: [1], []) { () throws(S4Error) in
      try cache.key(of: [1], []) { () throws(S4Error) in secret("inner") }
    }
    #expect(Deadline.now - start < 5_000_000_000)
    #expect(key == secret("inner"))
    #expect(cache.count == 1)
  }

  /// The one that asks may be waiting for a lock of the product's that this thread holds.
  @Test func aThreadThatHasWaitedLongEnoughAsksForItself() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read, patience: 50)
    let isAsking = Atomic<Bool>(false)
    let isSecondDone = Atomic<Bool>(false)
    let found = Collected<Bool>()
    onThreads(2) { thread in
      if thread == 0 {
        let key = try? cache.key(of: [1], []) { () throws(S4Error) in
          isAsking.store(true, ordering: .releasing)
          for _ in 0..<5_000 where !isSecondDone.load(ordering: .acquiring) { usleep(1_000) }
          return secret("k")
        }
        found.append(key == secret("k") && isSecondDone.load(ordering: .acquiring))
      } else {
        while !isAsking.load(ordering: .acquiring) { usleep(1_000) }
        let key = try? cache.key(of: [1], []) { () throws(S4Error) in secret("k") }
        found.append(key == secret("k"))
        isSecondDone.store(true, ordering: .releasing)
      }
    }
    #expect(found.all == [true, true])
    #expect(cache.count == 1)
  }

  @Test func whatComesAfterCloseIsNotKept() throws {
    let cache = ServiceKeyCache(keptFor: 1_000, clock: clock.read)
    _ = try cache.key(of: [1], []) { () throws(S4Error) in
      cache.close()
      return secret("k")
    }
    #expect(cache.count == 0)
  }
}
