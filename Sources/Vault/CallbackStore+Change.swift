// SPDX-License-Identifier: Apache-2.0

import Basics

extension CallbackStore {
  package func change(
    by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) {
    var attempts = 0
    while try !attempt(body) {
      attempts += 1
      guard !deadline.hasPassed else {
        throw S4Error(
          .vaultUnavailable,
          "\(title) was not written: another writer came first, \(attempts) times; try again, and look for a process "
            + "that writes without end",
          isRetryable: true)
      }
      // Of random length, so that writers who met once do not meet again; longer with each time.
      let longest = min(UInt64(deadline.remainingMilliseconds) * 1_000, 1_000 << UInt64(min(attempts, 6)))
      callbacks.pause(UInt32.random(in: 0...UInt32(longest)))
    }
  }

  /// - Returns: false where another writer came first: all that was read is to be read again.
  private func attempt(_ body: (any StoreView) throws(S4Error) -> [StoreChange]) throws(S4Error) -> Bool {
    let reading = Reading(of: self)
    let changes: [StoreChange]
    do throws(S4Error) {
      changes = try body(reading)
    } catch {
      // Records were read one after the other. What does not fit together may be two moments, and no error at all.
      guard !reading.hasFailed, try isOutdated(reading) else { throw error }
      return false
    }
    if changes.isEmpty { return try !isOutdated(reading) }
    let parts = try reading.parts(of: changes)
    return reading.isOutdated ? false : try commit(parts)
  }

  /// Whether another writer changed one of the records while they were read.
  private func isOutdated(_ reading: Reading) throws(S4Error) -> Bool {
    if reading.isOutdated { return true }
    let parts = try reading.parts(of: [])
    // One record alone was read in one moment.
    return parts.count > 1 ? try !commit(parts) : false
  }
}
