// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import HTTP

@Suite struct RetryRuleTests {
  typealias Ending = RetryRule.Ending

  /// What a rule says to a row of endings: the waits, and a give-up where it says so.
  private func verdicts(
    _ rule: RetryRule, _ endings: [Ending], remaining: Int64 = 60_000, random: (Int64) -> Int64 = { $0 }
  ) -> [RetryRule.Verdict] {
    var rule = rule
    return endings.map { rule.verdict(after: $0, remaining: remaining, random: random) }
  }

  private static func answer(_ status: Int, retryAfter: Int64? = nil) -> Ending {
    .answer(status: status, retryAfter: retryAfter)
  }

  @Test(arguments: [200, 204, 301, 304, 400, 401, 403, 404, 405, 409, 412, 428, 501, 505, 0, -1])
  func whatSaysSomethingIsNotRepeated(status: Int) {
    for effect in [RetryRule.Effect.none, .write] {
      #expect(verdicts(RetryRule(effect), [Self.answer(status)]) == [.giveUp])
      #expect(verdicts(RetryRule(effect), [Self.answer(status, retryAfter: 1)]) == [.giveUp])
    }
  }

  @Test(arguments: [408, 500, 502, 503, 504])
  func whatPassesIsRepeatedForReadsAlone(status: Int) {
    let endings = [Ending](repeating: Self.answer(status), count: 5)
    #expect(
      verdicts(RetryRule(.none), endings)
        == [250, 500, 1_000, 2_000].map { .again(milliseconds: $0) } + [.giveUp])
    #expect(verdicts(RetryRule(.write), endings) == [RetryRule.Verdict](repeating: .giveUp, count: 5))
    #expect(verdicts(RetryRule(.none, limit: 0), [Self.answer(status)]) == [.giveUp])
    #expect(verdicts(RetryRule(.none, limit: 1), Array(endings.prefix(2))) == [.again(milliseconds: 250), .giveUp])
  }

  @Test func aTrialTakesAnErrorForItsAnswer() {
    #expect(verdicts(RetryRule(.none, isTrial: true), [Self.answer(500)]) == [.giveUp])
    #expect(verdicts(RetryRule(.none, isTrial: true), [Self.answer(503)]) == [.again(milliseconds: 250)])
  }

  /// 429 says that nothing was processed: also a write may be repeated, and as often as the tenant asks for it.
  @Test func whoAsksToWaitIsWaitedFor() {
    for effect in [RetryRule.Effect.none, .write] {
      let endings = [Ending](repeating: Self.answer(429, retryAfter: 2_000), count: 9)
      let waits = verdicts(RetryRule(effect), endings, random: { _ in 0 })
      #expect(waits == [RetryRule.Verdict](repeating: .again(milliseconds: 2_000), count: 9))
      #expect(verdicts(RetryRule(effect, limit: 0), [Self.answer(429)]) == [.giveUp])
    }
    // Never before the moment that was named.
    for _ in 0..<1_000 {
      var rule = RetryRule(.none)
      guard case .again(let wait) = rule.verdict(after: Self.answer(503, retryAfter: 1_000), remaining: 60_000) else {
        Issue.record("it gave up")
        return
      }
      #expect(1_000...1_063 ~= wait)
    }
  }

  @Test func theDeadlineWins() {
    for ending in [Self.answer(503), Self.answer(429), Ending.lost, .tokenRefused] {
      #expect(verdicts(RetryRule(.none), [ending], remaining: 0) == [.giveUp])
      #expect(verdicts(RetryRule(.none), [ending], remaining: -1) == [.giveUp])
    }
    // What would be waited for in vain is not waited for at all.
    #expect(verdicts(RetryRule(.none), [Self.answer(503, retryAfter: 2_000)], remaining: 2_000) == [.giveUp])
    #expect(
      verdicts(RetryRule(.none), [Self.answer(503, retryAfter: 1_900)], remaining: 2_000)
        == [.again(milliseconds: 1_962)])
    #expect(verdicts(RetryRule(.none), [Self.answer(429, retryAfter: .max)], remaining: .max) == [.giveUp])
    #expect(verdicts(RetryRule(.none), [Self.answer(429, retryAfter: .min)], remaining: 9) == [.again(milliseconds: 0)])
  }

  @Test func aLostConnectionIsRepeatedAtOnceAndThenLater() {
    let lost = [Ending](repeating: .lost, count: 5)
    #expect(
      verdicts(RetryRule(.none), lost) == [0, 250, 500, 1_000].map { .again(milliseconds: $0) } + [.giveUp])
    #expect(verdicts(RetryRule(.write), [.lost]) == [.giveUp])
    #expect(verdicts(RetryRule(.none), [.failed]) == [.giveUp])
  }

  /// 401 says that nothing was processed.
  @Test func aRefusedTokenIsReplacedOnce() {
    for effect in [RetryRule.Effect.none, .write] {
      for limit in [0, 4] {
        #expect(
          verdicts(RetryRule(effect, limit: limit), [.tokenRefused, .tokenRefused])
            == [.again(milliseconds: 0), .giveUp])
      }
    }
  }

  /// Full jitter: each wait is anything up to a ceiling that doubles, and is bounded itself.
  @Test func waitsAreSpread() {
    var ceilings: [Int64] = []
    _ = verdicts(
      RetryRule(.none, limit: 100), [Ending](repeating: Self.answer(503), count: 12), remaining: .max,
      random: {
        ceilings.append($0)
        return 0
      })
    #expect(ceilings == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000] + [Int64](repeating: 20_000, count: 5))
    // A generator out of its bounds does no harm.
    #expect(
      verdicts(RetryRule(.none), [Self.answer(503), Self.answer(503)], random: { _ in -5 })
        == [.again(milliseconds: 0), .again(milliseconds: 0)])
  }

  @Test func retryAfterComesInTwoForms() {
    let now: Int64 = 1_796_000_000  // 2026-11-30 00:53:20 UTC
    for (text, seconds) in [
      ("0", 0), ("120", 120), ("Mon, 30 Nov 2026 00:53:50 GMT", 30), ("Monday, 30-Nov-26 00:53:50 GMT", 30),
      ("Mon Nov 30 00:53:50 2026", 30), ("Mon, 30 Nov 2026 00:53:10 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
      ("99999999999999999999999", 315_360_000), ("Fri, 31 Dec 9999 23:59:59 GMT", 315_360_000),
    ] as [(String, Int64)] {
      #expect(RetryAfter.seconds(text, now: now) == seconds, "\(text)")
    }
    for text in ["", "-1", "1.5", "+5", "soon", "12 s", "0x10", "Mon, 99 Foo 2026", String(repeating: "1", count: 65)] {
      #expect(RetryAfter.seconds(text, now: now) == nil, "\(text)")
    }
  }
}
