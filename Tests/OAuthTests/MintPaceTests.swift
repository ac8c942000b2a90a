// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OAuth

@Suite struct MintPaceTests {
  private let second: UInt64 = 1_000_000_000
  private let endpoint: Origin
  private let other: Origin
  private let noDeadline = Deadline(nanoseconds: .max)

  init() throws {
    endpoint = try Origin(pasted: "a.authentication.eu10.hana.ondemand.com")
    other = try Origin(pasted: "b.authentication.eu10.hana.ondemand.com")
  }

  private func moments(_ pace: MintPace, _ count: Int, now: UInt64, by deadline: Deadline? = nil) -> [UInt64] {
    (0..<count).compactMap { _ in pace.reserve(endpoint, by: deadline ?? noDeadline, now: now)?.nanoseconds }
  }

  @Test func noSecondHasMoreThanItsNumber() {
    let pace = MintPace(perSecond: 5)
    var all: [UInt64] = []
    var now = 10 * second
    // Crowds, gaps and trickles.
    for step in [0, 0, 3, 0, 900, 50, 1, 0, 2_500, 200, 0, 0, 0] as [UInt64] {
      now += step * 1_000_000
      all += moments(pace, 4, now: now)
    }
    #expect(all.count == 52 && all == all.sorted())
    for (index, moment) in all.enumerated() where index >= 5 {
      #expect(moment - all[index - 5] >= second)
    }
  }

  @Test func whoIsFreeGoesAtOnce() {
    let pace = MintPace(perSecond: 50)
    #expect(moments(pace, 50, now: 7) == [UInt64](repeating: 7, count: 50))
    #expect(moments(pace, 1, now: 7) == [7 + second])
    // Another endpoint has a pace of its own.
    #expect(pace.reserve(other, by: noDeadline, now: 7)?.nanoseconds == 7)
  }

  @Test func nothingIsTakenBehindTheDeadline() {
    let pace = MintPace(perSecond: 1)
    let soon = Deadline(nanoseconds: 100 + second)
    #expect(moments(pace, 3, now: 100, by: soon) == [100])
    // Those that were turned away took no place from others.
    #expect(moments(pace, 1, now: 100) == [100 + second])
  }

  @Test func anEndpointThatAsksToWaitIsLeftAlone() {
    let pace = MintPace(perSecond: 10)
    pace.hold(endpoint, until: Deadline(nanoseconds: 30 * second), now: 0)
    #expect(moments(pace, 1, now: 1) == [30 * second])
    #expect(pace.reserve(other, by: noDeadline, now: 1)?.nanoseconds == 1)
    pace.hold(endpoint, until: Deadline(nanoseconds: 2 * second), now: 0)
    #expect(moments(pace, 1, now: 1) == [30 * second])
    // A day is not believed without asking now and then.
    pace.hold(endpoint, until: Deadline(nanoseconds: 86_400 * second), now: 0)
    #expect(moments(pace, 1, now: 1) == [60 * second])
  }

  @Test func itCanBeSwitchedOff() {
    let pace = MintPace(perSecond: 0)
    pace.hold(endpoint, until: Deadline(nanoseconds: 30 * second), now: 0)
    #expect(moments(pace, 1_000, now: 3) == [UInt64](repeating: 3, count: 1_000))
    #expect(moments(MintPace(perSecond: -4), 99, now: 3).count == 99)
    #expect(moments(MintPace(perSecond: .max), 10_001, now: 3).last == 3 + second)
  }
}
