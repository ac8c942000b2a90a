// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Lets one writer of this process through at a time, in the order in which they came.
///
/// Not `Locked`: a mutex goes to whoever is running, so that a thread that writes without pause gets it back each time,
/// before one that it woke has run.
final class WriterTurn: Sendable {
  /// `@unchecked Sendable`: a POSIX semaphore.
  private final class Waiter: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
      sem_destroy(semaphore)
      semaphore.deallocate()
    }

    func wake() { sem_post(semaphore) }

    /// - Returns: whether it was woken in time.
    func wait(until deadline: Deadline) -> Bool {
      while sem_trywait(semaphore) != 0 {
        // In pieces, since the wall clock, which counts here, may be set back or forward.
        let left = min(deadline.remainingMilliseconds, 100)
        guard left > 0 else { return false }
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let nanoseconds = until.tv_nsec + Int(left) * 1_000_000
        until.tv_sec += nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        if sem_timedwait(semaphore, &until) == 0 { return true }
      }
      return true
    }
  }

  private struct State {
    var isTaken = false
    var waiters: [Waiter] = []
  }

  private let state = Locked(State())

  /// - Returns: false where the turn did not come by then.
  func take(by deadline: Deadline) -> Bool {
    let waiter = state.withLock { (state) -> Waiter? in
      guard state.isTaken else {
        state.isTaken = true
        return nil
      }
      let waiter = Waiter()
      state.waiters.append(waiter)
      return waiter
    }
    guard let waiter, !waiter.wait(until: deadline) else { return true }
    return state.withLock { state in
      // Who is no longer in the queue was given the turn in the very moment of giving up.
      guard let index = state.waiters.firstIndex(where: { $0 === waiter }) else { return true }
      state.waiters.remove(at: index)
      return false
    }
  }

  /// Gives the turn to the next one.
  func release() {
    state.withLock { state in
      guard !state.waiters.isEmpty else {
        state.isTaken = false
        return
      }
      state.waiters.removeFirst().wake()
    }
  }
}
