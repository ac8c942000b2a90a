// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
  /// Gives a string's text, unescaped.
  package func text(_ string: JSONString) -> String {
    let raw = UnsafeRawBufferPointer(rebasing: bytes[string.range])
    guard string.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    var plain: [UInt8] = []
    Self.unescape(raw, into: &plain)
    return String(decoding: plain, as: UTF8.self)
  }

  /// Says whether a string is `name`, without making one. A name with escapes is compared as it is meant.
  package func isText(_ string: JSONString, _ name: StaticString) -> Bool {
    if string.hasEscapes { return text(string) == name.description }
    guard string.range.count == name.utf8CodeUnitCount else { return false }
    for index in 0..<name.utf8CodeUnitCount
    where bytes[string.range.lowerBound &+ index] != name.utf8Start[index] {
      return false
    }
    return true
  }

  /// Appends the unescaped bytes of a checked string to a buffer.
  /// - Parameter raw: the bytes between the quotes, as `readString` passed them.
  package static func unescape(_ raw: UnsafeRawBufferPointer, into plain: inout [UInt8]) {
    var index = 0
    while index < raw.count {
      let byte = raw[index]
      guard byte == UInt8(ascii: "\\"), index &+ 1 < raw.count else {
        plain.append(byte)
        index &+= 1
        continue
      }
      let escape = raw[index &+ 1]
      index &+= 2
      switch escape {
      case UInt8(ascii: "b"): plain.append(0x08)
      case UInt8(ascii: "f"): plain.append(0x0C)
      case UInt8(ascii: "n"): plain.append(0x0A)
      case UInt8(ascii: "r"): plain.append(0x0D)
      case UInt8(ascii: "t"): plain.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = codeUnit(raw, at: index)
        index &+= 4
        if 0xD800...0xDBFF ~= scalar, index &+ 6 <= raw.count {
          scalar = 0x10000 &+ (scalar &- 0xD800) << 10 &+ (codeUnit(raw, at: index &+ 2) &- 0xDC00)
          index &+= 6
        }
        plain.append(contentsOf: Character(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
      default: plain.append(escape)
      }
    }
  }

  private static func codeUnit(_ raw: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
    var unit: UInt32 = 0
    for offset in 0..<4 where index &+ offset < raw.count {
      unit = unit << 4 | UInt32(hexValue(raw[index &+ offset]) ?? 0)
    }
    return unit
  }
}
