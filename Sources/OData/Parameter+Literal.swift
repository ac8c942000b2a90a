// SPDX-License-Identifier: Apache-2.0

import Basics

extension Parameter {
  /// Writes the parameter as a literal of OData V2, or of V4 where the property is of V4.
  /// - Parameters:
  ///   - property: what it is compared with; nil: the literal goes by the parameter's own type.
  ///   - position: which `?` it stands for, from 1 on, for the message.
  /// - Returns: the literal, not percent-encoded: `'O''Neil'`, `12.50M`, `datetime'2026-10-24T00:00:00'`.
  /// - Throws: `.invalidArgument` with target "params" for a value that does not fit the property's type.
  /// - Source: OData V2 Overview, section 6 "Primitive Data Types".
  package func literal(for property: Property?, position: Int = 1) throws(S4Error) -> String {
    let fitting: String?
    if let property {
      if property.isV4 {
        fitting = literal4(for: property)
      } else if case .other = property.type {
        fitting = ownLiteral
      } else {
        fitting = literal(for: property)
      }
    } else {
      fitting = ownLiteral
    }
    if let fitting { return fitting }
    let aim = property.map { "\($0.name), which is \($0.type.name)\(Self.digits(of: $0))" } ?? "this place"
    throw .invalidArgument("params", "parameter \(position), \(kind)\(valueText), does not fit \(aim)\(hint)")
  }

  /// The literal as the property's type asks for it; nil where the parameter does not fit.
  private func literal(for property: Property) -> String? {
    switch (self, property.type) {
    case (.integer(let value), .int64): return String(value) + "L"
    case (.integer(let value), .decimal): return Self.decimal(String(value), property)
    case (.integer(let value), .double): return String(value) + "d"
    case (.integer(let value), .single): return String(value) + "f"
    case (.decimal(let text), .decimal): return Self.decimal(text, property)
    case (.decimal(let text), .double): return DecimalText(text).map { _ in text + "d" }
    case (.decimal(let text), .single): return DecimalText(text).map { _ in text + "f" }
    case (.date(let text), .dateTime): return Self.dateTime(DateTimeText(date: text))
    case (.dateTime(let text), .dateTime): return Self.dateTime(DateTimeText(dateTime: text))
    case (.dateTime(let text), .dateTimeOffset): return Self.dateTimeOffset(DateTimeText(dateTime: text))
    case (.time(let text), .time): return Self.time(text)
    case (.guid(let text), .guid): return Self.guid(text)
    default: return commonLiteral(for: property.type)
    }
  }

  /// The literals that V2 and V4 write alike; nil where it is none of them, or does not fit.
  func commonLiteral(for type: EdmType) -> String? {
    switch (self, type) {
    case (.null, _): return "null"
    case (.text(let text), .string): return Self.quote(text)
    case (.boolean(let value), .boolean): return value ? "true" : "false"
    case (.integer(let value), .byte): return UInt8(exactly: value).map { String($0) }
    case (.integer(let value), .sByte): return Int8(exactly: value).map { String($0) }
    case (.integer(let value), .int16): return Int16(exactly: value).map { String($0) }
    case (.integer(let value), .int32): return Int32(exactly: value).map { String($0) }
    default: return nil
    }
  }

  /// The literal by the parameter's own type; nil where its text has not the form.
  private var ownLiteral: String? {
    switch self {
    case .null: return "null"
    case .text(let text): return Self.quote(text)
    case .integer(let value): return Int32(exactly: value) == nil ? String(value) + "L" : String(value)
    case .decimal(let text): return DecimalText(text).map { _ in text + "M" }
    case .boolean(let value): return value ? "true" : "false"
    case .date(let text): return Self.dateTime(DateTimeText(date: text))
    case .dateTime(let text):
      let value = DateTimeText(dateTime: text)
      return value?.hasOffset == true ? Self.dateTimeOffset(value) : Self.dateTime(value)
    case .time(let text): return Self.time(text)
    case .guid(let text): return Self.guid(text)
    }
  }

  /// A NUL ends the text for too much of what stands between here and the database; every other character may come.
  static func quote(_ text: String) -> String? {
    guard !text.utf8.contains(0) else { return nil }
    var quoted: [UInt8] = [UInt8(ascii: "'")]
    for byte in text.utf8 {
      if byte == UInt8(ascii: "'") { quoted.append(byte) }
      quoted.append(byte)
    }
    quoted.append(UInt8(ascii: "'"))
    return String(decoding: quoted, as: UTF8.self)
  }

  private static func decimal(_ text: String, _ property: Property) -> String? {
    guard let value = DecimalText(text), value.fits(precision: property.precision, scale: property.scale) else {
      return nil
    }
    return text + "M"
  }

  /// Edm.DateTime knows no time zone: a moment with an offset is written in UTC.
  private static func dateTime(_ value: DateTimeText?) -> String? {
    value?.utc.map { "datetime'" + $0 + "'" }
  }

  /// Without an offset nobody can say which moment is meant.
  private static func dateTimeOffset(_ value: DateTimeText?) -> String? {
    guard let value, value.hasOffset else { return nil }
    return value.utc.map { "datetimeoffset'" + $0 + "Z'" }
  }

  private static func time(_ text: String) -> String? {
    var scanner = TextScanner(text)
    guard text.utf8.count == 8, scanner.timeOfDay() != nil, scanner.isAtEnd else { return nil }
    let parts = text.split(separator: ":")
    guard parts.count == 3 else { return nil }
    return "time'PT\(parts[0])H\(parts[1])M\(parts[2])S'"
  }

  static func bareGuid(_ text: String) -> String? {
    let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard groups.map(\.count) == [8, 4, 4, 4, 12],
      groups.allSatisfy({ $0.allSatisfy(isHexDigit) })
    else { return nil }
    return text
  }

  private static func guid(_ text: String) -> String? {
    bareGuid(text).map { "guid'" + $0 + "'" }
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
