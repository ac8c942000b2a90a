// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import Secrets

#if canImport(Glibc)
  import Glibc
#endif

@Suite(.serialized) struct SecretForkTests {
  private final class Counts: Sendable {
    let isOver = Atomic<Bool>(false)
    let wellEnded = Atomic<Int>(0)
  }

  /// Without an arena of its own, a child waits for ever for a lock that another thread of the parent held.
  @Test func aChildMakesSecretsOfItsOwnAndInheritsNoneWhateverTheParentWasDoing() {
    let counts = Counts()
    onThreads(3) { thread in
      guard thread == 0 else {
        while !counts.isOver.load(ordering: .relaxed) { _ = SecretBytes(copying: [1, 2, 3]) }
        return
      }
      for _ in 0..<100 {
        var secret: SecretBytes? = SecretBytes(copying: [4, 5, 6])
        let address = secret?.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } ?? 0
        let child = fork()
        if child == 0 {
          // Ends a child that hangs; its exit status is then a signal.
          var none = sigset_t()
          sigemptyset(&none)
          sigprocmask(SIG_SETMASK, &none, nil)
          alarm(10)
          // The parent's secret did not come along; one of the child's own is whole.
          let slot = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: 64)
          let isGone = slot.allSatisfy { $0 == 0 }
          secret = nil
          let isWhole = SecretBytes(copying: [7, 8]) == SecretBytes(copying: [7, 8])
          _exit(isGone && isWhole ? 0 : 1)
        }
        var status: Int32 = -1
        if child > 0, waitpid(child, &status, 0) == child, status == 0 {
          counts.wellEnded.add(1, ordering: .relaxed)
        }
        #expect(secret == SecretBytes(copying: [4, 5, 6]))
      }
      counts.isOver.store(true, ordering: .relaxed)
    }
    #expect(counts.wellEnded.load(ordering: .relaxed) == 100)
  }
}
