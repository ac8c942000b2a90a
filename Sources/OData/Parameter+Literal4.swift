// SPDX-License-Identifier: Apache-2.0

import Basics

extension Parameter {
  /// The literal of OData V4 as the property's type asks for it; nil where the parameter does not fit. A type that is
  /// not known (an enumeration, a type definition) takes the literal of the parameter's own.
  /// Source: OData ABNF Construction Rules 4.01, "Literal Data Values".
  func literal4(for property: Property) -> String? {
    switch (self, property.type) {
    case (.integer(let value), .int64), (.integer(let value), .double), (.integer(let value), .single):
      return String(value)
    case (.integer(let value), .decimal): return Self.bareDecimal(String(value), property)
    case (.decimal(let text), .decimal): return Self.bareDecimal(text, property)
    case (.decimal(let text), .double), (.decimal(let text), .single): return DecimalText(text).map { _ in text }
    case (.date(let text), .date): return DateTimeText(date: text).map { _ in text }
    case (.dateTime(let text), .dateTimeOffset):
      guard let value = DateTimeText(dateTime: text), value.hasOffset else { return nil }
      return value.utc.map { $0 + "Z" }
    case (.time(let text), .timeOfDay): return Self.bareTime(text)
    case (.guid(let text), .guid): return Self.bareGuid(text)
    case (_, .other): return ownLiteral4
    default: return commonLiteral(for: property.type)
    }
  }

  private var ownLiteral4: String? {
    switch self {
    case .null: "null"
    case .text(let text): Self.quote(text)
    case .integer(let value): String(value)
    case .decimal(let text): DecimalText(text).map { _ in text }
    case .boolean(let value): value ? "true" : "false"
    case .date(let text): DateTimeText(date: text).map { _ in text }
    case .dateTime(let text): DateTimeText(dateTime: text)?.utc.map { $0 + "Z" }
    case .time(let text): Self.bareTime(text)
    case .guid(let text): Self.bareGuid(text)
    }
  }

  private static func bareDecimal(_ text: String, _ property: Property) -> String? {
    guard let value = DecimalText(text), value.fits(precision: property.precision, scale: property.scale) else {
      return nil
    }
    return text
  }

  private static func bareTime(_ text: String) -> String? {
    var scanner = TextScanner(text)
    guard text.utf8.count == 8, scanner.timeOfDay() != nil, scanner.isAtEnd else { return nil }
    return text
  }
}
