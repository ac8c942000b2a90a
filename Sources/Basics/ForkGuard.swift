// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Synchronization

/// Tells a handle whether it was made before a `fork()`: in the child its threads are gone and its locks may be held
/// by nobody, so it answers `FORKED` and touches nothing.
package struct ForkGuard: Sendable {
  private let generation: Int

  package init() {
    Self.register()
    generation = Self.forks.load(ordering: .relaxed)
  }

  /// This process is a fork of the one that made the handle.
  package var isForked: Bool { generation != Self.forks.load(ordering: .relaxed) }

  package func check() throws(S4Error) {
    guard !isForked else {
      throw .forked
    }
  }

  private static let forks = Atomic<Int>(0)
  private static let isRegistered = Locked(false)

  private static func register() {
    isRegistered.withLock { done in
      guard !done else { return }
      done = true
      pthread_atfork(nil, nil) { ForkGuard.forks.add(1, ordering: .relaxed) }
    }
  }
}
