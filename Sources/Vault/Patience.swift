// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// How long a connection of SQLite waits for the locks of others.
///
/// SQLite's own busy handler sleeps up to 100 ms between two tries: next to a process that writes without pause it
/// found the lock taken each time for ten seconds (measured). Many short sleeps of random length find the gap: a commit
/// takes about 0.2 ms, so each try has its own, fair chance.
struct Patience {
  /// Milliseconds that are waited where nobody gives a deadline: reading, opening.
  static let usual: Int64 = 10_000

  /// Until when is waited; nil: `usual`, counted from the first try.
  var deadline: Deadline?
  private var until: UInt64 = 0
  private var random: UInt64

  init() {
    // Two threads that start at once part at the address of their own clock reading.
    random = Deadline.now
  }

  /// Sleeps once.
  /// - Parameter tries: how often the lock was found taken before.
  /// - Returns: false without a sleep when the time is over.
  mutating func wait(tries: Int32) -> Bool {
    let now = Deadline.now
    if tries == 0 { until = deadline?.nanoseconds ?? Deadline(milliseconds: Self.usual).nanoseconds }
    guard now < until else { return false }
    // xorshift64: good enough to part those who wait.
    random ^= random << 13
    random ^= random >> 7
    random ^= random << 17
    // At first about as long as a commit takes, later 0.2 to 1 ms.
    let pause = tries < 4 ? 50_000 &+ random % 150_000 : 200_000 &+ random % 800_000
    var time = timespec(tv_sec: 0, tv_nsec: Int(min(pause, until &- now)))
    nanosleep(&time, nil)
    return true
  }
}
