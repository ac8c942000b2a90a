// SPDX-License-Identifier: Apache-2.0

extension Parameter {
  /// The value for a message, " \"12,5\"". Text may be about a person and stays out.
  var valueText: String {
    switch self {
    case .null, .text: ""
    case .integer(let value): " " + String(value)
    case .boolean(let value): value ? " true" : " false"
    case .decimal(let text), .date(let text), .dateTime(let text), .time(let text), .guid(let text):
      " " + MessageText.quoted(text, limit: 40)
    }
  }

  /// What a value of this kind looks like, and what takes it.
  var hint: String {
    switch self {
    case .null: ""
    case .text: "; text fits Edm.String and holds no NUL: for a date, number or GUID give a parameter of that type"
    case .integer: "; an integer fits Edm.Int16 to Int64, Byte, SByte, Decimal, Double and Single in their ranges"
    case .decimal: "; a decimal number is spelled -12.50 and fits Edm.Decimal, Double and Single"
    case .boolean: "; a truth value fits Edm.Boolean"
    case .date: "; a date is spelled 2026-11-23 and fits Edm.DateTime"
    case .dateTime:
      "; a date with time is spelled 2026-11-23T09:30:00 and fits Edm.DateTime, with Z or +01:00 Edm.DateTimeOffset too"
    case .time: "; a time of day is spelled 09:30:00 and fits Edm.Time"
    case .guid: "; a GUID is spelled 25fae728-0000-0000-0000-00000000abcd and fits Edm.Guid"
    }
  }

  /// " with 16 digits, 3 of them behind the point" for a decimal property that says so.
  static func digits(of property: Property) -> String {
    guard property.type == .decimal, let precision = property.precision else { return "" }
    return " with \(precision) digits" + (property.scale.map { ", \($0) of them behind the point" } ?? "")
  }
}
