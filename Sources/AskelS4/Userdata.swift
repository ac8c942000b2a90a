// SPDX-License-Identifier: Apache-2.0

import Basics
import Synchronization

/// What the product gave for its callbacks to get back, and the function that ends it.
///
/// That function may be anything: it may take Python's interpreter lock, call the library, or fork. But the last to let
/// go may be the I/O thread, or a thread that is inside the gate. So nothing of the product's is run here: it is put on
/// a list, and run by the next call of the product's, on its thread, when that is about to return (`runEnded`).
///
/// `nonisolated(unsafe)`: the pointer is only handed on; what it points to is the product's affair.
final class Userdata: Sendable {
  typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void

  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer?
  private let free: Free?
  /// What was given to a parent process is the parent's to free.
  private let guardian = ForkGuard()

  /// Takes over: from here on `free` is run once, whatever becomes of the call.
  init(_ pointer: UnsafeMutableRawPointer?, free: Free?) {
    self.pointer = pointer
    self.free = free
  }

  deinit {
    guard let free, !guardian.isForked else { return }
    let ended = Ended(pointer: pointer, free: free, guardian: guardian)
    ForkGate.within {
      Self.ended.withLock { $0.append(ended) }
      Self.count.add(1, ordering: .releasing)
    }
  }

  /// Runs what ended. Only on a thread that the product has lent for a call, outside of the gate and with no lock held.
  static func runEnded() {
    guard count.load(ordering: .acquiring) > 0 else { return }
    let all = ForkGate.within {
      ended.withLock { list in
        defer { list = [] }
        count.subtract(list.count, ordering: .relaxed)
        return list
      }
    }
    for one in all where !one.guardian.isForked { one.free(one.pointer) }
  }

  private struct Ended: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
    let free: Free
    let guardian: ForkGuard
  }

  private static let ended = Locked<[Ended]>([])
  /// How many wait, so that a call that has nothing to run takes no lock.
  private static let count = Atomic<Int>(0)
}
