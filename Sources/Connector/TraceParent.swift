// SPDX-License-Identifier: Apache-2.0

import Basics

/// The place of an operation in the product's own trace, passed on as it is.
/// Source: W3C Trace Context, section 3.2 "Traceparent Header".
package struct TraceParent: Sendable {
  let text: String

  /// - Throws: `.invalidArgument` with target "traceparent".
  package init(_ text: String) throws(S4Error) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let isKnown = parts.count == 4 || parts.count > 4 && parts[0] != "00"
    guard text.utf8.count <= 256, isKnown, zip(parts, [2, 32, 16, 2]).allSatisfy({ Self.isHex($0, $1) }),
      parts[0] != "ff", parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
      parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
      text.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      throw .invalidArgument(
        "traceparent", "is none as W3C Trace Context has it: version-trace id-parent id-flags in lower-case digits")
    }
    self.text = text
  }

  private static func isHex(_ part: Substring, _ count: Int) -> Bool {
    part.utf8.count == count
      && part.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }
}
