// SPDX-License-Identifier: Apache-2.0

/// Reads the values of a DER encoding one after the other, where they lie. Nothing it gives reaches beyond the bytes
/// that it was made of. Source: X.690 sections 8 and 10.
struct DERReader {
  static let integer: UInt8 = 0x02
  static let bitString: UInt8 = 0x03
  static let octetString: UInt8 = 0x04
  static let objectIdentifier: UInt8 = 0x06
  static let sequence: UInt8 = 0x30

  private var rest: Slice<UnsafeRawBufferPointer>

  /// - Parameter bytes: outlive this reader and what it gives.
  init(_ bytes: UnsafeRawBufferPointer) {
    rest = bytes[...]
  }

  /// Reads the next value.
  /// - Returns: what is in it; nil where the next one has another tag, or does not fit: nothing is read then.
  mutating func read(_ tag: UInt8) -> UnsafeRawBufferPointer? {
    var after = rest
    guard after.popFirst() == tag, let first = after.popFirst() else { return nil }
    var length = Int(first)
    if first >= 0x80 {
      // Three bytes of length are more than any key has.
      guard 0x81...0x83 ~= first else { return nil }
      length = 0
      for _ in 0x80..<first {
        guard let byte = after.popFirst() else { return nil }
        length = length << 8 | Int(byte)
      }
    }
    guard length <= after.count else { return nil }
    rest = after.dropFirst(length)
    return UnsafeRawBufferPointer(rebasing: after.prefix(length))
  }

  /// Reads a number that is not negative: its bytes, the most significant first.
  mutating func readNumber() -> UnsafeRawBufferPointer? {
    guard let bytes = read(Self.integer), let first = bytes.first, first < 0x80 else { return nil }
    return bytes
  }

  /// Reads values that lie in another one.
  mutating func enter(_ tag: UInt8) -> DERReader? {
    read(tag).map { DERReader($0) }
  }
}
