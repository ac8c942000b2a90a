// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Basics

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (1_130_112_000_000, "2005-10-24T00:00:00Z"),
      (1_130_168_212_000, "2005-10-24T15:36:52Z"), (1_130_168_212_001, "2005-10-24T15:36:52.001Z"),
      (1_130_168_212_120, "2005-10-24T15:36:52.120Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (-86_400_000, "1969-12-31T00:00:00Z"), (253_402_300_799_000, "9999-12-31T23:59:59Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
      (951_782_400_000, "2000-02-29T00:00:00Z"), (-2_203_891_200_000, "1900-03-01T00:00:00Z"),
    ] as [(Int64, String)])
  func momentsAreWrittenAsISO8601(milliseconds: Int64, text: String) {
    #expect(Timestamp(milliseconds: milliseconds).iso8601 == text)
  }

  @Test(arguments: [253_402_300_800_000, -62_135_596_800_001, Int64.max, Int64.min] as [Int64])
  func momentsOutsideOfTheYearsWithFourDigitsHaveNoText(milliseconds: Int64) {
    #expect(Timestamp(milliseconds: milliseconds).iso8601 == nil)
  }

  @Test func eachDayFollowsTheOneBefore() {
    var expected = Timestamp.days(year: 1, month: 1, day: 1)
    #expect(expected == -719_162)
    for year in Int64(1)...2_500 {
      for month in Int64(1)...12 {
        for day in 1...Timestamp.daysInMonth(year: year, month: month) {
          #expect(Timestamp.days(year: year, month: month, day: day) == expected)
          expected += 1
        }
      }
    }
  }

  @Test func leapYearsAreGregorian() {
    #expect(
      [1_900, 2_000, 2_023, 2_024, 2_100].map { Timestamp.daysInMonth(year: $0, month: 2) } == [28, 29, 28, 29, 28])
    #expect([0, 13, -1].map { Timestamp.daysInMonth(year: 2_024, month: $0) } == [0, 0, 0])
  }

  @Test func nowLiesBehindThisProjectsBeginning() {
    #expect(Timestamp.now.milliseconds > 1_700_000_000_000)
  }
}
