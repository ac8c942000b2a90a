// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import Vault

@Suite struct ExpiryTests {
  private static let day: Int64 = 86_400_000
  private let end = Timestamp(milliseconds: 1_000 * day)

  private func at(_ days: Int64, _ milliseconds: Int64 = 0) -> Timestamp {
    Timestamp(milliseconds: days * Self.day + milliseconds)
  }

  @Test func windowBeginsTheDaysBeforeTheEndAndHasNone() {
    let expiry = Expiry(end: end, days: 14)
    #expect(!expiry.isNear(at: at(986, -1)))
    #expect(expiry.isNear(at: at(986)))
    #expect(expiry.isNear(at: end))
    #expect(expiry.isNear(at: at(5_000)))
  }

  @Test func onlyWhatWorksIsAMatterOfTheDate() {
    let expiry = Expiry(end: end, days: 14)
    for (now, works) in [(at(900), ConnectionState.active), (at(990), .expiring), (at(2_000), .expiring)] {
      for stored in ConnectionState.allCases {
        #expect(expiry.state(stored, at: now) == (stored.works ? works : stored))
      }
    }
  }

  @Test func unknownEndIsNeverNear() {
    #expect(!Expiry.unknown.isNear(at: Timestamp(milliseconds: .max)))
    #expect(Expiry.unknown.state(.expiring, at: end) == .active)
  }

  @Test func numbersFromOutsideNeverTrap() {
    for milliseconds in [Int64.min, -1, 0, .max] {
      for days in [Int64.min, -1, 0, 14, .max] {
        let expiry = Expiry(end: Timestamp(milliseconds: milliseconds), days: days)
        #expect(0...Expiry.maximumDays ~= expiry.days)
        _ = expiry.isNear(at: Timestamp(milliseconds: .min))
        _ = expiry.isNear(at: Timestamp(milliseconds: .max))
      }
    }
  }
}
