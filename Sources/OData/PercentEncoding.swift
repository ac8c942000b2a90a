// SPDX-License-Identifier: Apache-2.0

/// Writes text into a URL: every byte that has a meaning there, or is none of ASCII's, as %XX.
/// Source: RFC 3986 section 2.
enum PercentEncoding {
  enum Place {
    /// The value of a query option. The quote is encoded too: gateways in between take a bare one for an attack.
    case queryValue
    /// A path segment such as a key: its quotes, parentheses, commas and equals signs stay as OData writes them.
    case pathSegment
  }

  static func encode(_ text: String, for place: Place) -> String {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if isPlain(byte, in: place) {
        encoded.append(byte)
      } else {
        encoded.append(UInt8(ascii: "%"))
        encoded.append(digit(byte >> 4))
        encoded.append(digit(byte & 0x0F))
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// Encodes the bytes that no URL may hold and leaves the rest alone, percent signs included.
  /// Source: RFC 3987 section 3.1.
  static func encodeNonASCII(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      if byte < 0x80 {
        encoded.append(byte)
      } else {
        encoded += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 0x0F)]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8, in place: Place) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","):
      true
    case UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "*"): place == .queryValue
    case UInt8(ascii: "'"), UInt8(ascii: "="): place == .pathSegment
    default: false
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "A") &+ (value &- 10)
  }
}
