// SPDX-License-Identifier: Apache-2.0

import Basics

/// Reads single fields of a row that `Page` or `Document` has checked.
package enum RowReader {
  /// Finds a field by its name and decodes it by its type in `$metadata`.
  /// - Parameters:
  ///   - name: in SAP's spelling.
  ///   - row: the row's range, from the index of the page or document.
  ///   - body: the body that the index was read from.
  /// - Returns: the field; `.absent` where the row has no such member.
  /// - Throws: `.internalDefect` for a range that holds no row.
  package static func field(
    _ name: String, inRow row: Range<Int>, of body: UnsafeRawBufferPointer, type: EntityType
  ) throws(S4Error) -> Field {
    guard row.lowerBound >= 0, row.upperBound <= body.count else { throw defect("its range is outside of the body") }
    let wanted = MemberNames([name])
    do throws(JSONFault) {
      var reader = JSONReader(UnsafeRawBufferPointer(rebasing: body[row]))
      try reader.beginObject()
      while let member = try reader.nextKey() {
        guard wanted.index(of: member, in: reader) != nil else {
          try reader.skipValue()
          continue
        }
        var value = try reader.readValue()
        let range = value.range
        value.range = (range.lowerBound &+ row.lowerBound)..<(range.upperBound &+ row.lowerBound)
        return decode(value, type: type.property(name)?.type, of: body)
      }
      return .absent
    } catch {
      throw defect("at byte \(error.offset), \(error.reason)")
    }
  }

  /// Decodes a checked value. - Parameter type: nil for a member that `$metadata` does not know.
  static func decode(_ value: JSONValue, type: EdmType?, of body: UnsafeRawBufferPointer) -> Field {
    let raw = UnsafeRawBufferPointer(rebasing: body[value.range])
    switch value.kind {
    case .null: return .null
    case .boolean: return Field(kind: .boolean, value: .range(value.range))
    case .object, .array: return Field(kind: .json, value: .range(value.range))
    case .number: return number(raw, at: value.range) ?? Field(kind: .text, value: .range(value.range))
    case .string: break
    }
    guard value.hasEscapes else { return text(raw, type: type, made: .range(value.range)) }
    var plain: [UInt8] = []
    plain.reserveCapacity(raw.count)
    JSONReader.unescape(raw, into: &plain)
    return plain.withUnsafeBytes { text($0, type: type, made: .bytes(plain)) }
  }

  /// Decodes a string value by its type: what has not the type's form stays text, as it was sent.
  private static func text(_ plain: UnsafeRawBufferPointer, type: EdmType?, made value: Field.Value) -> Field {
    switch type {
    case .dateTime, .dateTimeOffset:
      if let moment = DateText.timestamp(plain)?.iso8601 {
        return Field(kind: .dateTime, value: .bytes(Array(moment.utf8)))
      }
      // OData V4's have the form already.
      if DateTimeText(dateTime: String(decoding: plain, as: UTF8.self))?.offsetMinutes == 0 {
        return Field(kind: .dateTime, value: value)
      }
    case let type? where type.isNumeric:
      guard JSONNumber(plain) != nil else { break }
      if case .range(let range) = value { return number(plain, at: range) ?? Field(kind: .text, value: value) }
      return Field(kind: .number, value: value)
    default: break
    }
    return Field(kind: .text, value: value)
  }

  /// A number in its decimal form; nil where its exponent makes it too long for one.
  private static func number(_ plain: UnsafeRawBufferPointer, at range: Range<Int>) -> Field? {
    guard let number = JSONNumber(plain) else { return nil }
    guard number.hasExponent else { return Field(kind: .number, value: .range(range)) }
    return number.decimal.map { Field(kind: .number, value: .bytes($0)) }
  }

  private static func defect(_ reason: String) -> S4Error {
    S4Error(
      .internalDefect, "a row that was checked cannot be read: \(reason); please report it", outcome: .unknown)
  }
}
