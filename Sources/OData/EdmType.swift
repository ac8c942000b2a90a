// SPDX-License-Identifier: Apache-2.0

/// A primitive type of OData's Entity Data Model.
/// Source: OData V2 Overview, section 6 "Primitive Data Types"; OData CSDL XML 4.01, section 3.3.
package enum EdmType: Hashable, Sendable {
  case string, boolean, byte, sByte, int16, int32, int64, decimal, double, single, dateTime, dateTimeOffset, time, guid
  case binary
  /// V4 alone.
  case date, timeOfDay
  /// A complex type or one that is not known, by its name.
  case other(String)

  package init(_ name: String) {
    self = Self.primitives[name] ?? .other(name)
  }

  /// The name in `$metadata`: "Edm.String".
  package var name: String {
    switch self {
    case .string: "Edm.String"
    case .boolean: "Edm.Boolean"
    case .byte: "Edm.Byte"
    case .sByte: "Edm.SByte"
    case .int16: "Edm.Int16"
    case .int32: "Edm.Int32"
    case .int64: "Edm.Int64"
    case .decimal: "Edm.Decimal"
    case .double: "Edm.Double"
    case .single: "Edm.Single"
    case .dateTime: "Edm.DateTime"
    case .dateTimeOffset: "Edm.DateTimeOffset"
    case .time: "Edm.Time"
    case .guid: "Edm.Guid"
    case .binary: "Edm.Binary"
    case .date: "Edm.Date"
    case .timeOfDay: "Edm.TimeOfDay"
    case .other(let name): name
    }
  }

  /// Says whether values are numbers; V2 sends those of Decimal and Int64 as JSON strings.
  package var isNumeric: Bool {
    switch self {
    case .byte, .sByte, .int16, .int32, .int64, .decimal, .double, .single: true
    default: false
    }
  }

  private static let primitives: [String: EdmType] = {
    let all: [EdmType] = [
      .string, .boolean, .byte, .sByte, .int16, .int32, .int64, .decimal, .double, .single, .dateTime, .dateTimeOffset,
      .time, .guid, .binary, .date, .timeOfDay,
    ]
    return Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }()
}
