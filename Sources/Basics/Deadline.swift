// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A moment on the monotonic clock by which an operation is over. The wall clock may jump; this one does not.
package struct Deadline: Comparable, Sendable {
  /// Nanoseconds on `CLOCK_MONOTONIC`.
  package var nanoseconds: UInt64

  /// - Parameter nanoseconds: on `CLOCK_MONOTONIC`.
  package init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  /// - Parameter milliseconds: from now; negative counts as 0, and no more than ten years are taken.
  package init(milliseconds: Int64) {
    let bounded = UInt64(min(max(milliseconds, 0), 315_360_000_000))
    nanoseconds = Self.now &+ bounded &* 1_000_000
  }

  package static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// Whole milliseconds left, rounded up; 0 when it has passed.
  package var remainingMilliseconds: Int64 {
    let now = Self.now
    return nanoseconds <= now ? 0 : Int64((nanoseconds &- now &+ 999_999) / 1_000_000)
  }

  package var hasPassed: Bool { nanoseconds <= Self.now }

  package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
