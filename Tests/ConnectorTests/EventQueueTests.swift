// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Testing

@testable import Connector

@Suite struct EventQueueTests {
  private func isReadable(_ descriptor: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) == 1
  }

  @Test func eventsComeInOrderAndTheDescriptorFollows() throws {
    let queue = try EventQueue(capacity: 8)
    #expect(!isReadable(queue.descriptor) && queue.next() == nil)
    for event in ["1", "2", "3"] { queue.push(event) }
    #expect(isReadable(queue.descriptor))
    #expect([queue.next(), queue.next(), queue.next()] == ["1", "2", "3"])
    #expect(!isReadable(queue.descriptor) && queue.next() == nil)
  }

  @Test func fullQueueDropsTheOldestAndSaysHowMany() throws {
    let queue = try EventQueue(capacity: 2)
    for event in ["1", "2", "3", "4"] { queue.push(event) }
    #expect(queue.next() == #"{"event":"events_dropped","count":2}"#)
    #expect([queue.next(), queue.next(), queue.next()] == ["3", "4", nil])
    #expect(queue.droppedEver == 2)
  }

  @Test func wakingWhileNothingIsFoundKeepsTheDescriptorReadable() throws {
    let queue = try EventQueue(capacity: 2)
    queue.wake()
    #expect(isReadable(queue.descriptor))
    queue.answerWake()
    // Comes while the product's call, which has looked for work already, looks for an event.
    queue.wake()
    #expect(queue.next() == nil && isReadable(queue.descriptor))
    queue.answerWake()
    #expect(queue.next() == nil && !isReadable(queue.descriptor))
  }
}
