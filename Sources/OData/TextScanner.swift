// SPDX-License-Identifier: Apache-2.0

import Basics

/// Takes short fixed forms (dates, times) from a text, piece by piece.
struct TextScanner {
  private var rest: Substring

  init(_ text: String) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.unicodeScalars.first == character else { return false }
    rest.unicodeScalars.removeFirst()
    return true
  }

  /// Takes all the ASCII digits that come next.
  mutating func digits() -> Substring {
    let digits = rest.utf8.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    rest = rest[digits.endIndex...]
    return Substring(digits)
  }

  /// Takes exactly so many digits. Up to 18 of them fit the result.
  mutating func number(digits count: Int) -> Int64? {
    let found = rest.utf8.prefix(count)
    guard found.count == count, found.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    rest = rest[found.endIndex...]
    return Int64(Substring(found))
  }

  /// Takes "2026-11-23". - Returns: days since 1970; nil for a day that is in no calendar.
  mutating func date() -> Int64? {
    guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
      let day = number(digits: 2), year >= 1, day >= 1, day <= Timestamp.daysInMonth(year: year, month: month)
    else { return nil }
    return Timestamp.days(year: year, month: month, day: day)
  }

  /// Takes "09:30:00". - Returns: seconds since midnight.
  mutating func timeOfDay() -> Int64? {
    guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"),
      let second = number(digits: 2), hour < 24, minute < 60, second < 60
    else { return nil }
    return hour &* 3_600 &+ minute &* 60 &+ second
  }

  /// Takes "+02:00". - Returns: minutes east of UTC.
  mutating func offset() -> Int64? {
    let isWest = skip("-")
    guard isWest || skip("+"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2),
      hours <= 14, minutes < 60
    else { return nil }
    let total = hours &* 60 &+ minutes
    return isWest ? 0 &- total : total
  }
}
