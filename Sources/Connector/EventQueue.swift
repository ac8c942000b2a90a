// SPDX-License-Identifier: Apache-2.0

import Basics

/// What the library has to tell, as JSON texts, oldest first. Bounded: when full, the oldest goes and is counted. Log
/// records have room of their own, so that many of them push no event out.
package final class EventQueue: Sendable {
  private struct Lane {
    var texts: [(number: UInt64, text: String)] = []
    /// Index of the oldest; the array is compacted when half of it is gone.
    var head = 0
    var dropped: UInt64 = 0

    var oldest: UInt64? { head < texts.count ? texts[head].number : nil }

    mutating func push(_ text: String, _ number: UInt64, capacity: Int) {
      if texts.count - head >= capacity {
        head += 1
        dropped += 1
      }
      texts.append((number, text))
      compact()
    }

    mutating func take() -> String? {
      guard head < texts.count else { return nil }
      defer { compact() }
      head += 1
      return texts[head - 1].text
    }

    /// - Parameter event: what is told where some were dropped.
    mutating func takeDropped(_ event: String) -> String? {
      guard dropped > 0 else { return nil }
      var writer = JSONWriter()
      writer.object { members in
        members.member("event", event)
        members.member("count", dropped)
      }
      dropped = 0
      return writer.text
    }

    private mutating func compact() {
      guard head * 2 >= texts.count else { return }
      texts.removeFirst(head)
      head = 0
    }
  }

  private struct State {
    var events = Lane()
    var records = Lane()
    var next: UInt64 = 0
    var droppedEver: UInt64 = 0
    /// Somebody has something to do, and has not begun with it.
    var isWoken = false
  }

  private let state = Locked(State())
  private let capacity: Int
  private let readable: EventDescriptor

  package init(capacity: Int) throws(S4Error) {
    self.capacity = max(1, capacity)
    readable = try EventDescriptor()
  }

  /// Readable while events wait.
  package var descriptor: Int32 { readable.descriptor }

  /// Events, without log records.
  package var droppedEver: UInt64 { state.withLock { $0.droppedEver } }

  func push(_ event: String) {
    state.withLock { queue in
      let before = queue.events.dropped
      queue.events.push(event, queue.next, capacity: capacity)
      queue.droppedEver += queue.events.dropped - before
      queue.next += 1
      readable.signal()
    }
  }

  func push(record: String) {
    state.withLock { queue in
      queue.records.push(record, queue.next, capacity: capacity)
      queue.next += 1
      readable.signal()
    }
  }

  /// Makes the descriptor readable: the product's next call has something to do.
  func wake() {
    state.withLock { queue in
      queue.isWoken = true
      readable.signal()
    }
  }

  /// What `wake` has told so far is done now. What it tells from here on keeps the descriptor readable, also where
  /// `next` finds no event.
  func answerWake() {
    state.withLock { $0.isWoken = false }
  }

  /// Takes the oldest; nil where none waits.
  package func next() -> String? {
    state.withLock { queue in
      if let dropped = queue.events.takeDropped("events_dropped") { return dropped }
      if let dropped = queue.records.takeDropped("log_dropped") { return dropped }
      let isRecordDue =
        queue.records.oldest.map { record in queue.events.oldest.map { record < $0 } ?? true } ?? false
      let text = isRecordDue ? queue.records.take() : queue.events.take()
      if queue.events.oldest == nil, queue.records.oldest == nil, !queue.isWoken { readable.reset() }
      return text
    }
  }
}
