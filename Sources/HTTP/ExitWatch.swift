// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Synchronization

/// Parks the I/O threads of engines that nobody closed when the process exits: OpenSSL's exit handlers would otherwise
/// take its tables away from under a thread that is in the middle of a handshake. What runs ends with `closed`.
///
/// exit() runs handlers in reverse order; OpenSSL registers its own in `CurlRuntime.start`, so this one comes first.
final class ExitWatch: Sendable {
  static let shared = ExitWatch()

  private let loops = Locked<[ObjectIdentifier: EngineLoop]>([:])
  private let exiting = Atomic<Bool>(false)

  var isExiting: Bool { exiting.load(ordering: .acquiring) }

  private init() {
    atexit { ExitWatch.shared.park() }
  }

  func add(_ loop: EngineLoop) {
    loops.withLock { $0[ObjectIdentifier(loop)] = loop }
  }

  func remove(_ loop: EngineLoop) {
    loops.withLock { $0[ObjectIdentifier(loop)] = nil }
  }

  /// Waits for the threads, but not for ever: leaving must not hang.
  private func park() {
    exiting.store(true, ordering: .releasing)
    // A fork may have left the lock held by nobody, and the loops without their threads.
    let open = loops.withLockIfAvailable { $0.values.filter { !$0.guardian.isForked } } ?? []
    for loop in open { loop.wake() }
    for _ in 0..<200 where !open.allSatisfy(\.hasParked) { usleep(2_000) }
  }
}
