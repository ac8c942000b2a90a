// SPDX-License-Identifier: Apache-2.0

/// A typed value that takes the place of one `?` of a filter or key. Its text form is checked when it is written.
package enum Parameter: Equatable, Sendable {
  case null
  /// Text as it is: quoting and escaping are the library's.
  case text(String)
  case integer(Int64)
  /// "-12.50"
  case decimal(String)
  case boolean(Bool)
  /// "2026-11-23"
  case date(String)
  /// "2026-11-23T09:30:00Z", also with fraction and offset
  case dateTime(String)
  /// "09:30:00"
  case time(String)
  /// "25fae728-0000-0000-0000-00000000abcd"
  case guid(String)

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .null: "null"
    case .text: "text"
    case .integer: "an integer"
    case .decimal: "a decimal number"
    case .boolean: "a truth value"
    case .date: "a date"
    case .dateTime: "a date with time"
    case .time: "a time of day"
    case .guid: "a GUID"
    }
  }
}
