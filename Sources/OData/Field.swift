// SPDX-License-Identifier: Apache-2.0

/// A row's field, decoded.
package struct Field: Equatable, Sendable {
  /// Where the field's text is.
  package enum Value: Equatable, Sendable {
    /// In the row's body as it is: nothing had to be changed.
    case range(Range<Int>)
    /// Made anew (unescaped text, a date in ISO 8601): the caller keeps it as long as it lends it.
    case bytes([UInt8])
  }

  package var kind: FieldKind
  package var value: Value

  package static let absent = Field(kind: .absent, value: .bytes([]))
  package static let null = Field(kind: .null, value: .bytes([]))

  /// Gives the field's text. - Parameter body: the body that the row is in.
  package func text(of body: UnsafeRawBufferPointer) -> String {
    switch value {
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    case .range(let range):
      0...body.count ~= range.upperBound && range.lowerBound >= 0 ? String(decoding: body[range], as: UTF8.self) : ""
    }
  }
}
