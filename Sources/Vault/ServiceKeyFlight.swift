// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// One question to a key management service that is under way, and those who wait for its answer.
///
/// `@unchecked Sendable`: `hasLanded` and `key` are touched only while `mutex` is held.
final class ServiceKeyFlight: @unchecked Sendable {
  private let thread = pthread_self()
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var hasLanded = false
  private var key: SecretBytes?

  init() {
    mutex = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition = .allocate(capacity: 1)
    condition.initialize(to: pthread_cond_t())
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Whether this thread is the one that asks.
  var isOfThisThread: Bool { pthread_equal(thread, pthread_self()) != 0 }

  /// - Parameter key: nil where the service gave none.
  func land(_ key: SecretBytes?) {
    pthread_mutex_lock(mutex)
    self.key = key
    hasLanded = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// - Returns: nil where the service gave none, or no answer came within that time.
  func wait(milliseconds: Int64) -> SecretBytes? {
    let end = Deadline(milliseconds: milliseconds).nanoseconds
    var until = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !hasLanded {
      guard pthread_cond_timedwait(condition, mutex, &until) == 0 else { break }
    }
    return key
  }
}
