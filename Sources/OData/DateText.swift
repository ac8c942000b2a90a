// SPDX-License-Identifier: Apache-2.0

import Basics

/// V2's dates in JSON: "/Date(1130168212000+0000)/". Source: OData V2 JSON Format, section 2.
enum DateText {
  /// Reads one. The offset (minutes) is information only: the number is the moment in UTC, with or without it.
  /// - Returns: nil for text of another form.
  static func timestamp(_ text: UnsafeRawBufferPointer) -> Timestamp? {
    let prefix: StaticString = "/Date("
    // "/Date(-62135769600000+0000)/" has 28 bytes.
    guard 9...40 ~= text.count, text.starts(with: UnsafeRawBufferPointer(start: prefix.utf8Start, count: 6)),
      text[text.count &- 2] == UInt8(ascii: ")"), text[text.count &- 1] == UInt8(ascii: "/")
    else { return nil }
    var rest = text[6..<(text.count &- 2)]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative { rest = rest.dropFirst() }
    var milliseconds: Int64 = 0
    var digits = 0
    while let byte = rest.first, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
      digits &+= 1
      // The year 9999 has 15 digits; 18 cannot overflow.
      guard digits <= 18 else { return nil }
      milliseconds = milliseconds &* 10 &+ Int64(byte &- UInt8(ascii: "0"))
      rest = rest.dropFirst()
    }
    guard digits > 0, rest.isEmpty || isOffset(rest) else { return nil }
    return Timestamp(milliseconds: isNegative ? 0 &- milliseconds : milliseconds)
  }

  private static func isOffset(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard let sign = text.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return false }
    return 2...5 ~= text.count && text.dropFirst().allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }
}
