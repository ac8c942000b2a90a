// SPDX-License-Identifier: Apache-2.0

extension Timestamp {
  /// Reads a moment, "2026-11-23T09:30:00Z" or "2026-11-23T10:30:00.123+01:00", or a date alone, "2026-11-23", which is
  /// the beginning of that day in UTC. Up to nine fraction digits are taken, and what is finer than a millisecond is cut
  /// off. Source: RFC 3339 section 5.6; without its leap seconds (":60"), which no clock of ours tells.
  /// - Returns: nil for text of another form, for a day or time that does not exist, and for years but 0001 to 9999.
  package init?(rfc3339 text: String) {
    var rest = text.utf8[...]
    guard text.utf8.count <= 64, let seconds = Self.takeDate(&rest) else { return nil }
    var milliseconds = seconds &* 1_000
    if !rest.isEmpty {
      guard Self.take("T", or: "t", &rest), let inDay = Self.takeTime(&rest), let fraction = Self.takeFraction(&rest),
        let minutesEast = Self.takeOffset(&rest), rest.isEmpty
      else { return nil }
      milliseconds = milliseconds &+ inDay &* 1_000 &+ fraction &- minutesEast &* 60_000
    }
    self.init(milliseconds: milliseconds)
    // An offset may lead out of the years that have a text.
    guard iso8601 != nil else { return nil }
  }

  /// Takes "2026-11-23": seconds since 1970.
  private static func takeDate(_ rest: inout Substring.UTF8View) -> Int64? {
    guard let year = takeNumber(4, &rest), take("-", &rest), let month = takeNumber(2, &rest), take("-", &rest),
      let day = takeNumber(2, &rest), year >= 1, day >= 1, day <= daysInMonth(year: year, month: month)
    else { return nil }
    return days(year: year, month: month, day: day) &* 86_400
  }

  /// Takes "09:30:00": seconds since midnight.
  private static func takeTime(_ rest: inout Substring.UTF8View) -> Int64? {
    guard let hour = takeNumber(2, &rest), take(":", &rest), let minute = takeNumber(2, &rest), take(":", &rest),
      let second = takeNumber(2, &rest), hour < 24, minute < 60, second < 60
    else { return nil }
    return hour &* 3_600 &+ minute &* 60 &+ second
  }

  /// Takes ".123", where it is there: milliseconds.
  private static func takeFraction(_ rest: inout Substring.UTF8View) -> Int64? {
    guard take(".", &rest) else { return 0 }
    var milliseconds: Int64 = 0
    var unit: Int64 = 100
    var digits = 0
    while let digit = takeNumber(1, &rest) {
      digits &+= 1
      guard digits <= 9 else { return nil }
      milliseconds &+= digit &* unit
      unit /= 10
    }
    return digits > 0 ? milliseconds : nil
  }

  /// Takes "Z" or "+01:00": minutes east of UTC.
  private static func takeOffset(_ rest: inout Substring.UTF8View) -> Int64? {
    if take("Z", or: "z", &rest) { return 0 }
    let isWest = take("-", &rest)
    guard isWest || take("+", &rest), let hours = takeNumber(2, &rest), take(":", &rest),
      let minutes = takeNumber(2, &rest), hours < 24, minutes < 60
    else { return nil }
    let total = hours &* 60 &+ minutes
    return isWest ? 0 &- total : total
  }

  private static func take(
    _ character: Unicode.Scalar, or other: Unicode.Scalar? = nil, _ rest: inout Substring.UTF8View
  ) -> Bool {
    guard let byte = rest.first, byte == UInt8(ascii: character) || byte == other.map({ UInt8(ascii: $0) }) else {
      return false
    }
    rest.removeFirst()
    return true
  }

  /// Takes exactly so many digits, four at most.
  private static func takeNumber(_ count: Int, _ rest: inout Substring.UTF8View) -> Int64? {
    let digits = rest.prefix(count)
    guard digits.count == count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
    rest = rest.dropFirst(count)
    return digits.reduce(0) { $0 &* 10 &+ Int64($1 &- UInt8(ascii: "0")) }
  }
}
