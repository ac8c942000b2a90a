// SPDX-License-Identifier: Apache-2.0

import Basics

/// A date, with or without a time and an offset, in ISO 8601's extended form. Source: RFC 3339 section 5.6.
struct DateTimeText: Equatable {
  /// Seconds since 1970 of the clock face, and of the moment in UTC where the offset is known.
  private let localSeconds: Int64
  /// Digits behind the seconds' point without trailing zeros; at most seven, which is what V2 holds.
  private let fraction: String
  let offsetMinutes: Int64?

  var hasOffset: Bool { offsetMinutes != nil }

  /// Reads "2026-11-23".
  init?(date text: String) {
    var scanner = TextScanner(text)
    guard let days = scanner.date(), scanner.isAtEnd else { return nil }
    localSeconds = days &* 86_400
    fraction = ""
    offsetMinutes = nil
  }

  /// Reads "2026-11-23T09:30:00", with up to seven fraction digits, and with "Z" or an offset such as "+02:00".
  init?(dateTime text: String) {
    var scanner = TextScanner(text)
    guard let days = scanner.date(), scanner.skip("T"), let seconds = scanner.timeOfDay() else { return nil }
    localSeconds = days &* 86_400 &+ seconds
    var digits = Substring()
    if scanner.skip(".") {
      digits = scanner.digits()
      guard 1...7 ~= digits.utf8.count else { return nil }
      while digits.hasSuffix("0") { digits.removeLast() }
    }
    fraction = String(digits)
    if scanner.skip("Z") {
      offsetMinutes = 0
    } else if scanner.isAtEnd {
      offsetMinutes = nil
    } else {
      guard let minutes = scanner.offset() else { return nil }
      offsetMinutes = minutes
    }
    guard scanner.isAtEnd, utc != nil else { return nil }
  }

  /// "2026-11-23T07:30:00", moved to UTC where the offset is known; nil outside the years 0001 to 9999.
  var utc: String? {
    let seconds = localSeconds &- (offsetMinutes ?? 0) &* 60
    guard var text = Timestamp(milliseconds: seconds &* 1_000).iso8601 else { return nil }
    text.removeLast()
    return fraction.isEmpty ? text : text + "." + fraction
  }
}
