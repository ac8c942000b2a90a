// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A value behind a lock.
///
/// Not Synchronization's `Mutex`: that one keeps the thread's id in a thread-local variable, which is stale in the child
/// of a `fork()`, and the first contended lock there ends the process ("Unknown error occurred while attempting to
/// acquire a Mutex"; seen with Swift 6.3.1). A pthread mutex holds.
///
/// `@unchecked Sendable`: `value` is touched only while `mutex` is held.
package struct Locked<Value>: ~Copyable, @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>

  package init(_ initial: sending Value) {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    value = .allocate(capacity: 1)
    value.initialize(to: initial)
  }

  deinit {
    value.deinitialize(count: 1)
    value.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  package borrowing func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value.pointee)
  }

  /// Takes the lock for longer than a closure: for those who can wait only so long.
  /// - Returns: false where somebody else still holds it after that time.
  package borrowing func acquire(milliseconds: Int64) -> Bool {
    var until = timespec()
    clock_gettime(CLOCK_REALTIME, &until)
    let nanoseconds = until.tv_nsec + Int(milliseconds % 1_000) * 1_000_000
    until.tv_sec += Int(milliseconds / 1_000) + nanoseconds / 1_000_000_000
    until.tv_nsec = nanoseconds % 1_000_000_000
    return pthread_mutex_timedlock(mutex, &until) == 0
  }

  /// Gives back what `acquire` took; by the same thread.
  package borrowing func release() {
    pthread_mutex_unlock(mutex)
  }

  /// The value between `acquire` and `release`.
  package borrowing func whileAcquired<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(&value.pointee)
  }

  /// - Returns: nil where somebody else holds the lock.
  package borrowing func withLockIfAvailable<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard pthread_mutex_trylock(mutex) == 0 else { return nil }
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value.pointee)
  }
}
