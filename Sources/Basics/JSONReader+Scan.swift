// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
  /// Moves behind the closing quote of the string whose opening quote was just passed.
  /// - Returns: whether the string has escapes.
  mutating func scanString() throws(JSONFault) -> Bool {
    var hasEscapes = false
    while true {
      skipPlainBytes()
      guard position < bytes.count else { throw fault("the text ends inside a string") }
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position &+= 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try scanEscape()
      case 0..<0x20: throw fault("a control character stands in a string")
      default: try scanMultibyte(byte)
      }
    }
  }

  /// Moves over bytes that mean nothing special in a string, eight at a time. Source: Hacker's Delight, section 6-1.
  @inline(__always)
  private mutating func skipPlainBytes() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while bytes.count &- position >= 8 {
      let block = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let quotes = block ^ (ones &* UInt64(UInt8(ascii: "\"")))
      let backslashes = block ^ (ones &* UInt64(UInt8(ascii: "\\")))
      // A byte's high bit is set where it is a quote, a backslash, a control character, or not ASCII. Borrows may set
      // it in bytes behind such a one, never in the first.
      let found =
        ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (block &- ones &* 0x20) & ~block | block)
        & highs
      if found != 0 {
        position &+= found.trailingZeroBitCount >> 3
        return
      }
      position &+= 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 || byte >= 0x80 { return }
      position &+= 1
    }
  }

  private mutating func scanEscape() throws(JSONFault) {
    guard bytes.count &- position >= 2 else { throw fault("the text ends inside a string") }
    switch bytes[position &+ 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position &+= 2
    case UInt8(ascii: "u"):
      let unit = try scanCodeUnit()
      switch unit {
      case 0xD800...0xDBFF:
        guard bytes.count &- position >= 2, bytes[position] == UInt8(ascii: "\\"),
          bytes[position &+ 1] == UInt8(ascii: "u"), case 0xDC00...0xDFFF = try scanCodeUnit()
        else { throw fault("half of a surrogate pair stands alone") }
      case 0xDC00...0xDFFF: throw fault("half of a surrogate pair stands alone")
      default: break
      }
    default: throw fault("no escape is spelled like this")
    }
  }

  /// Reads `\uXXXX`.
  private mutating func scanCodeUnit() throws(JSONFault) -> UInt16 {
    guard bytes.count &- position >= 6 else { throw fault("the text ends inside a string") }
    var unit: UInt16 = 0
    for offset in 2..<6 {
      guard let digit = Self.hexValue(bytes[position &+ offset]) else {
        throw fault("four hexadecimal digits should follow \\u")
      }
      unit = unit << 4 | UInt16(digit)
    }
    position &+= 6
    return unit
  }

  /// Checks one UTF-8 sequence of two to four bytes. Source: RFC 3629 section 4.
  private mutating func scanMultibyte(_ first: UInt8) throws(JSONFault) {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0xC2...0xDF: length = 2
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: length = 3
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    case 0xF1...0xF3: length = 4
    default: throw fault("a string is not valid UTF-8")
    }
    guard bytes.count &- position >= length, second.contains(bytes[position &+ 1]) else {
      throw fault("a string is not valid UTF-8")
    }
    var offset = 2
    while offset < length {
      guard bytes[position &+ offset] & 0xC0 == 0x80 else { throw fault("a string is not valid UTF-8") }
      offset &+= 1
    }
    position &+= length
  }

  mutating func scanNumber() throws(JSONFault) {
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position &+= 1 }
    if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
      position &+= 1
    } else {
      try scanDigits()
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position &+= 1
      try scanDigits()
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
        position &+= 1
      }
      try scanDigits()
    }
  }

  private mutating func scanDigits() throws(JSONFault) {
    let start = position
    while position < bytes.count, UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[position] { position &+= 1 }
    guard position > start else { throw fault("a digit should be here") }
  }

  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
    default: nil
    }
  }
}
