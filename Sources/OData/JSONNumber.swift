// SPDX-License-Identifier: Apache-2.0

/// A number in JSON's form, its digits kept: "-12.50", "1.5E+3". Source: RFC 8259 section 6.
struct JSONNumber {
  private let isNegative: Bool
  private let whole: [UInt8]
  private let fraction: [UInt8]
  /// nil where none is written.
  private let exponent: Int?

  /// Edm.Double reaches 10^308; a longer exponent would only make long texts.
  private static let maximumExponent = 400

  var hasExponent: Bool { exponent != nil }

  /// - Returns: nil for text of another form.
  init?(_ text: UnsafeRawBufferPointer) {
    var rest = text[...]
    isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    whole = Self.takeDigits(&rest)
    guard let first = whole.first, first != UInt8(ascii: "0") || whole.count == 1 else { return nil }
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = Self.takeDigits(&rest)
      guard !fraction.isEmpty else { return nil }
    } else {
      fraction = []
    }
    if let mark = rest.first, mark | 0x20 == UInt8(ascii: "e") {
      rest = rest.dropFirst()
      let isSmall = rest.first == UInt8(ascii: "-")
      if isSmall || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      let digits = Self.takeDigits(&rest)
      guard !digits.isEmpty else { return nil }
      var value = 0
      for digit in digits where value <= Self.maximumExponent {
        value = value &* 10 &+ Int(digit &- UInt8(ascii: "0"))
      }
      exponent = isSmall ? 0 &- value : value
    } else {
      exponent = nil
    }
    guard rest.isEmpty else { return nil }
  }

  /// The same number without an exponent; nil where that would be longer than a Double can be.
  var decimal: [UInt8]? {
    let shift = exponent ?? 0
    guard abs(shift) <= Self.maximumExponent else { return nil }
    var digits = whole + fraction
    var point = whole.count &+ shift
    let zero = UInt8(ascii: "0")
    if point <= 0 {
      digits.insert(contentsOf: repeatElement(zero, count: 1 &- point), at: 0)
      point = 1
    } else if point > digits.count {
      digits.append(contentsOf: repeatElement(zero, count: point &- digits.count))
    }
    var head = digits.prefix(point).drop { $0 == zero }
    if head.isEmpty { head = [zero] }
    let tail = digits.dropFirst(point)
    return (isNegative ? [UInt8(ascii: "-")] : []) + head + (tail.isEmpty ? [] : [UInt8(ascii: ".")] + tail)
  }

  private static func takeDigits(_ text: inout Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    let digits = text.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    text = text[digits.endIndex...]
    return Array(digits)
  }
}
