// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// Lets one writer of this process through at a time, in the order in which they came.
///
/// Not `Locked`: a mutex goes to whoever is running, so that a thread that writes without pause gets it back each time,
/// before one that it woke has run.
///
/// Among processes nobody keeps an order: who hands SQLite's lock from thread to thread without a pause leaves others,
/// who look for it every 0.2 to 1 ms, gaps of microseconds. Where a commit takes a slow disk's 300 ms, that starves
/// them for longer than they wait. So after a while each pass leaves one gap that they can find.
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

  /// Nanoseconds of passes without a pause after which others are let in.
  private static let longestRun: UInt64 = 100_000_000
  /// Nanoseconds of a gap that others find: twice as long as they sleep between two looks, at most.
  private static let gap: UInt64 = 2_500_000

  private struct State {
    var isTaken = false
    var waiters: [Waiter] = []
    /// Since when passes follow one another without a gap.
    var runBegan: UInt64 = 0
    var released: UInt64 = 0
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
    if let waiter, !waiter.wait(until: deadline), !isGiven(to: waiter) { return false }
    leaveGap()
    return true
  }

  /// Who is no longer in the queue was given the turn in the very moment of giving up; anyone else leaves the queue.
  private func isGiven(to waiter: Waiter) -> Bool {
    state.withLock { state in
      guard let index = state.waiters.firstIndex(where: { $0 === waiter }) else { return true }
      state.waiters.remove(at: index)
      return false
    }
  }

  /// Lets other processes in where this one has not, for a while.
  private func leaveGap() {
    let isDue = state.withLock { state in
      let now = Deadline.now
      if now &- state.released > Self.gap { state.runBegan = now }
      guard now &- state.runBegan > Self.longestRun else { return false }
      state.runBegan = now
      return true
    }
    guard isDue else { return }
    var time = timespec(tv_sec: 0, tv_nsec: Int(Self.gap))
    nanosleep(&time, nil)
  }

  /// Gives the turn to the next one.
  func release() {
    state.withLock { state in
      state.released = Deadline.now
      guard !state.waiters.isEmpty else {
        state.isTaken = false
        return
      }
      state.waiters.removeFirst().wake()
    }
  }
}
