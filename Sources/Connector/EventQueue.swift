// SPDX-License-Identifier: Apache-2.0

import Basics

/// What the library has to tell, as JSON texts, oldest first. Bounded: when full, the oldest goes and is counted.
package final class EventQueue: Sendable {
  private struct State {
    var events: [String] = []
    /// Index of the oldest event; the array is compacted when half of it is gone.
    var head = 0
    var dropped: UInt64 = 0
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

  package var droppedEver: UInt64 { state.withLock { $0.droppedEver } }

  func push(_ event: String) {
    state.withLock { queue in
      if queue.events.count - queue.head >= capacity {
        queue.head += 1
        queue.dropped += 1
        queue.droppedEver += 1
      }
      queue.events.append(event)
      Self.compact(&queue)
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

  /// Takes the oldest event; nil where none waits.
  package func next() -> String? {
    state.withLock { queue in
      if queue.dropped > 0 {
        var writer = JSONWriter()
        writer.object { event in
          event.member("event", "events_dropped")
          event.member("count", queue.dropped)
        }
        queue.dropped = 0
        return writer.text
      }
      guard queue.head < queue.events.count else {
        Self.rest(queue, readable)
        return nil
      }
      let event = queue.events[queue.head]
      queue.head += 1
      Self.compact(&queue)
      if queue.events.isEmpty { Self.rest(queue, readable) }
      return event
    }
  }

  private static func rest(_ queue: borrowing State, _ readable: borrowing EventDescriptor) {
    if !queue.isWoken { readable.reset() }
  }

  private static func compact(_ queue: inout State) {
    guard queue.head * 2 >= queue.events.count else { return }
    queue.events.removeFirst(queue.head)
    queue.head = 0
  }
}
