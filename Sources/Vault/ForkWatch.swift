// SPDX-License-Identifier: Apache-2.0

import Basics

/// Closes the databases of all vaults before a `fork()`; they open again at their next use.
///
/// SQLite keeps one table of open files for the process. A child that inherits it believes that it holds the parent's
/// locks, and commits that it acknowledges on the same file are lost (measured). With nothing open at the fork, the
/// child starts clean. `ForkGate` sees to it that no write runs meanwhile.
final class ForkWatch: Sendable {
  static let shared = ForkWatch()

  private struct Entry: Sendable {
    weak var vault: Vault?
  }

  private let entries = Locked<[Entry]>([])

  private init() {
    ForkGate.beforeFork { ForkWatch.shared.suspendAll() }
  }

  func add(_ vault: Vault) {
    entries.withLock { entries in
      entries.removeAll { $0.vault == nil }
      entries.append(Entry(vault: vault))
    }
  }

  private func suspendAll() {
    for vault in entries.withLock({ $0.compactMap(\.vault) }) { vault.store.suspend() }
  }
}
