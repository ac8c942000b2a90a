// SPDX-License-Identifier: Apache-2.0

import Basics

/// What has databases open.
protocol ForkWatched: AnyObject, Sendable {
  /// Closes them until their next use. Where a thread is still inside after all, they stay.
  func suspend()
}

/// Closes the databases of all stores before a `fork()`; they open again at their next use.
///
/// SQLite keeps one table of open files for the process. A child that inherits it believes that it holds the parent's
/// locks, and commits that it acknowledges on the same file are lost (measured). With nothing open at the fork, the
/// child starts clean. `ForkGate` sees to it that no write runs meanwhile.
final class ForkWatch: Sendable {
  static let shared = ForkWatch()

  private struct Entry: Sendable {
    weak var store: (any ForkWatched)?
  }

  private let entries = Locked<[Entry]>([])

  private init() {
    ForkGate.beforeFork { ForkWatch.shared.suspendAll() }
  }

  func add(_ store: any ForkWatched) {
    entries.withLock { entries in
      entries.removeAll { $0.store == nil }
      entries.append(Entry(store: store))
    }
  }

  private func suspendAll() {
    for store in entries.withLock({ $0.compactMap(\.store) }) { store.suspend() }
  }
}
