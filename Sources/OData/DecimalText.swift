// SPDX-License-Identifier: Apache-2.0

/// A decimal number in its text form, "-12.50": never a binary fraction, so that no digit changes.
struct DecimalText: Equatable {
  /// Digits of the whole part without leading zeros, and of the fraction without trailing ones.
  let wholeDigits: Int
  let fractionDigits: Int

  private static let maximumLength = 64

  /// - Returns: nil where the text is anything but an optional minus, digits, and an optional point with digits.
  init?(_ text: String) {
    guard text.utf8.count <= Self.maximumLength else { return nil }
    var rest = text.utf8[...]
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let parts = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let whole = parts.first, parts.count <= 2 else { return nil }
    let fraction = parts.count == 2 ? parts[1] : nil
    guard Self.areDigits(whole), fraction.map(Self.areDigits) ?? true else { return nil }
    wholeDigits = whole.drop { $0 == UInt8(ascii: "0") }.count
    fractionDigits = fraction.map { $0.reversed().drop { $0 == UInt8(ascii: "0") }.count } ?? 0
  }

  /// Says whether a property of this precision and scale can hold the number.
  func fits(precision: Int?, scale: Int?) -> Bool {
    if let scale, fractionDigits > scale { return false }
    if let precision, wholeDigits > max(0, precision &- (scale ?? 0)) { return false }
    return true
  }

  private static func areDigits(_ text: Substring.UTF8View.SubSequence) -> Bool {
    !text.isEmpty && text.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
}
