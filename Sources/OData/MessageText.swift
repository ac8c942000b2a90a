// SPDX-License-Identifier: Apache-2.0

/// Makes foreign text fit for one line of an error message.
package enum MessageText {
  /// Gives text in quotes, on one line and shortened, to be named in a message.
  package static func quoted(_ text: some StringProtocol, limit: Int = 60) -> String {
    "\"" + line(text, limit: limit) + "\""
  }

  /// Gives text on one line: control characters become spaces, runs of spaces become one, and what is longer than
  /// `limit` characters is cut off with "…".
  static func line(_ text: some StringProtocol, limit: Int) -> String {
    var plain = ""
    var count = 0
    var isSpaceDue = false
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .unassigned:
        isSpaceDue = !plain.isEmpty
      default:
        guard count < limit else { return plain + "…" }
        if isSpaceDue {
          plain.unicodeScalars.append(" ")
          count &+= 1
        }
        isSpaceDue = false
        plain.unicodeScalars.append(scalar)
        count &+= 1
      }
    }
    return plain
  }

  /// Gives at most the first `limit` bytes of a body as text; what is no UTF-8 becomes U+FFFD.
  static func prefix(of body: UnsafeRawBufferPointer, limit: Int) -> String {
    String(decoding: body.prefix(limit), as: UTF8.self)
  }
}
