// SPDX-License-Identifier: Apache-2.0

import Basics

/// A value as it stands in a JSON text, read and checked.
struct JSONValue: Equatable, Sendable {
  var kind: JSONReader.Kind
  /// Range in the text; that of a string is without its quotes.
  var range: Range<Int>
  /// A string that is not what its bytes say.
  var hasEscapes = false
}

extension JSONReader {
  /// Reads any value.
  mutating func readValue() throws(JSONFault) -> JSONValue {
    let kind = try peek()
    guard kind == .string else { return JSONValue(kind: kind, range: try skipValue()) }
    let string = try readString()
    return JSONValue(kind: .string, range: string.range, hasEscapes: string.hasEscapes)
  }

  /// Gives the text of a string value; nil for another kind.
  func text(_ value: JSONValue) -> String? {
    guard value.kind == .string else { return nil }
    let raw = UnsafeRawBufferPointer(rebasing: bytes[value.range])
    guard value.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    var plain: [UInt8] = []
    Self.unescape(raw, into: &plain)
    return String(decoding: plain, as: UTF8.self)
  }
}
