// SPDX-License-Identifier: Apache-2.0

import Basics
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite(.serialized) struct ForkGateForkTests {
  /// Forks, and gives the milliseconds that it took until the child had passed the gate itself and ended well.
  private static func fork() -> Int? {
    let start = Deadline.now
    let child = Glibc.fork()
    if child == 0 {
      alarm(20)
      ForkGate.within {}
      _exit(0)
    }
    let milliseconds = Int((Deadline.now - start) / 1_000_000)
    var status: Int32 = -1
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 ? milliseconds : nil
  }

  /// A fork waits for those inside, five seconds at most: this one would for itself.
  @Test func whoIsOutsideMayFork() throws {
    let took = ForkGate.within { ForkGate.within { ForkGate.outside { Self.fork() } } }
    #expect(try #require(took) < 2_000)
  }

  @Test func aSlowCallbackHoldsUpNoFork() throws {
    let isOutside = Atomic<Bool>(false)
    let isForked = Atomic<Bool>(false)
    let milliseconds = Atomic<Int>(-1)
    onThreads(2) { thread in
      if thread == 0 {
        ForkGate.within {
          ForkGate.outside {
            isOutside.store(true, ordering: .releasing)
            for _ in 0..<8_000 where !isForked.load(ordering: .acquiring) { usleep(1_000) }
          }
        }
      } else {
        while !isOutside.load(ordering: .acquiring) { usleep(1_000) }
        milliseconds.store(Self.fork() ?? -1, ordering: .relaxed)
        isForked.store(true, ordering: .releasing)
      }
    }
    let took = milliseconds.load(ordering: .relaxed)
    #expect(0..<2_000 ~= took)
  }

  /// The callback's child goes on where the callback was, inside the gate again.
  @Test func aChildOfACallbackComesBackInside() {
    let child = ForkGate.within {
      let child = ForkGate.outside { Glibc.fork() }
      if child == 0 { alarm(20) }
      return child
    }
    if child == 0 {
      // Nobody is inside now: a fork goes through at once.
      let took = Self.fork()
      _exit(took.map { $0 < 2_000 } == true ? 0 : 1)
    }
    var status: Int32 = -1
    #expect(child > 0 && waitpid(child, &status, 0) == child)
    #expect(status == 0)
  }

  /// Afterwards the gate is left as often as it was entered, and no more: a fork still waits for those inside.
  @Test func afterOutsideTheThreadIsInsideAgain() {
    let isInside = Atomic<Bool>(false)
    let hasLeft = Atomic<Bool>(false)
    let hasWaited = Atomic<Bool>(false)
    onThreads(2) { thread in
      if thread == 0 {
        ForkGate.within {
          ForkGate.within { ForkGate.outside {} }
          isInside.store(true, ordering: .releasing)
          usleep(300_000)
          hasLeft.store(true, ordering: .releasing)
        }
      } else {
        while !isInside.load(ordering: .acquiring) { usleep(1_000) }
        let child = Glibc.fork()
        if child == 0 { _exit(hasLeft.load(ordering: .acquiring) ? 0 : 1) }
        var status: Int32 = -1
        waitpid(child, &status, 0)
        hasWaited.store(status == 0, ordering: .relaxed)
      }
    }
    let isProven = hasWaited.load(ordering: .relaxed)
    #expect(isProven)
  }

  /// A second lock would stand behind the fork, which stands behind the first.
  @Test func whoIsInsideMayEnterWhileAForkWaits() {
    let isInside = Atomic<Bool>(false)
    let entered = Atomic<Bool>(false)
    let milliseconds = Atomic<Int>(-1)
    onThreads(2) { thread in
      if thread == 0 {
        ForkGate.within {
          isInside.store(true, ordering: .releasing)
          usleep(300_000)
          ForkGate.within { entered.store(true, ordering: .relaxed) }
        }
      } else {
        while !isInside.load(ordering: .acquiring) { usleep(1_000) }
        milliseconds.store(Self.fork() ?? -1, ordering: .relaxed)
      }
    }
    let (isEntered, took) = (entered.load(ordering: .relaxed), milliseconds.load(ordering: .relaxed))
    #expect(isEntered)
    #expect(0..<3_000 ~= took)
  }

  @Test func outsideOfTheGateNothingIsLeft() throws {
    #expect(ForkGate.outside { 7 } == 7)
    #expect(try #require(Self.fork()) < 2_000)
  }
}
