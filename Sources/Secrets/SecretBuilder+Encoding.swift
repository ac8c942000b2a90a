// SPDX-License-Identifier: Apache-2.0

extension SecretBuilder {
  /// Appends Base64 with padding. Source: RFC 4648 section 4.
  package mutating func appendBase64(_ secret: SecretBytes) {
    secret.withUnsafeBytes { appendBase64($0) }
  }

  /// Appends Base64 with padding. Source: RFC 4648 section 4.
  package mutating func appendBase64(_ bytes: UnsafeRawBufferPointer) {
    reserve((bytes.count + 2) / 3 * 4)
    var word: UInt32 = 0
    var held = 0
    for byte in bytes {
      word = word << 8 | UInt32(byte)
      held += 1
      guard held == 3 else { continue }
      for shift: UInt32 in [18, 12, 6, 0] { append(Self.base64Digit(word >> shift)) }
      word = 0
      held = 0
    }
    guard held > 0 else { return }
    word <<= held == 1 ? 16 : 8
    append(Self.base64Digit(word >> 18))
    append(Self.base64Digit(word >> 12))
    append(held == 2 ? Self.base64Digit(word >> 6) : UInt8(ascii: "="))
    append(UInt8(ascii: "="))
  }

  /// Appends as application/x-www-form-urlencoded: a space becomes "+", everything but letters, digits and "*-._" is
  /// percent-encoded. OAuth wants this for client id and secret in the form and in HTTP Basic alike.
  /// Source: RFC 6749 appendix B and section 2.3.1; WHATWG URL section 5.2.
  package mutating func appendFormEncoded(_ secret: SecretBytes) {
    secret.withUnsafeBytes { appendFormEncoded($0) }
  }

  /// The same for text that is no secret: a client id, a scope.
  package mutating func appendFormEncoded(public text: String) {
    for byte in text.utf8 { appendFormEncoded(byte) }
  }

  /// The same for borrowed bytes.
  package mutating func appendFormEncoded(_ bytes: UnsafeRawBufferPointer) {
    for byte in bytes { appendFormEncoded(byte) }
  }

  private mutating func appendFormEncoded(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      append(byte)
    case UInt8(ascii: " "):
      append(UInt8(ascii: "+"))
    default:
      append(UInt8(ascii: "%"))
      append(Self.hexDigit(byte >> 4))
      append(Self.hexDigit(byte & 0x0F))
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "A") &+ (value &- 10)
  }

  /// The digit of the lowest six bits, without a table: a table's cache lines would tell which digits were used.
  private static func base64Digit(_ word: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: word & 0x3F)
    return switch value {
    case 0..<26: UInt8(ascii: "A") &+ value
    case 26..<52: UInt8(ascii: "a") &+ (value &- 26)
    case 52..<62: UInt8(ascii: "0") &+ (value &- 52)
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }
}
