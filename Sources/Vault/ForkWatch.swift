// SPDX-License-Identifier: Apache-2.0

import Basics
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Closes the databases of all vaults before a `fork()`; they open again at their next use.
///
/// SQLite keeps one table of open files for the process. A child that inherits it believes that it holds the parent's
/// locks, and commits that it acknowledges on the same file are lost (measured). With nothing open at the fork, the
/// child starts clean.
final class ForkWatch: Sendable {
  static let shared = ForkWatch()

  private struct Entry: Sendable {
    weak var vault: Vault?
  }

  private struct State: Sendable {
    var entries: [Entry] = []
    /// Vaults whose lock is held from before the fork to after it.
    var held: [Vault] = []
  }

  private let state = Locked(State())
  /// The thread that is between `prepare` and `resume`; 0: none.
  private let forking = Atomic<UInt>(0)
  /// A write that runs is waited for, but not for ever: a fork must not hang.
  private static let patience: Int64 = 5_000

  private init() {
    pthread_atfork(
      { ForkWatch.shared.prepare() }, { ForkWatch.shared.resume() }, { ForkWatch.shared.resume() })
  }

  func add(_ vault: Vault) {
    state.withLock { state in
      state.entries.removeAll { $0.vault == nil }
      state.entries.append(Entry(vault: vault))
    }
  }

  private func prepare() {
    guard state.acquire(milliseconds: Self.patience) else { return }
    forking.store(UInt(pthread_self()), ordering: .relaxed)
    state.whileAcquired { state in
      for vault in state.entries.compactMap(\.vault) where vault.database.acquire(milliseconds: Self.patience) {
        vault.database.whileAcquired { $0 = nil }
        state.held.append(vault)
      }
    }
  }

  private func resume() {
    // Not after a `prepare` that gave up: the lock is another thread's then.
    guard forking.load(ordering: .relaxed) == UInt(pthread_self()) else { return }
    forking.store(0, ordering: .relaxed)
    var held: [Vault] = []
    state.whileAcquired { state in
      held = state.held
      state.held = []
    }
    for vault in held { vault.database.release() }
    state.release()
  }
}
