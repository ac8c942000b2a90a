// SPDX-License-Identifier: Apache-2.0

import Basics

/// What is to be written to the audit trail: an entry that has no number yet. Nothing of it is a secret.
package struct AuditEvent: Equatable, Sendable {
  package enum Limit {
    /// Bytes of the longest actor, and of the longest result.
    package static let text = 256
    /// Bytes of the longest connection's id.
    package static let connection = 128
  }

  package let at: Timestamp
  /// Who did it, as the product passed it; nil where nobody was named, or the library did it by itself.
  package let actor: String?
  package let action: AuditAction
  /// Id of the connection; nil for what concerns the whole vault.
  package let connection: String?
  /// Generation of the credential that it is about: put, stage, check, rejected, recovered: that credential's; promote,
  /// fall_over: the one that is live afterwards; retire: the one that was removed; delete: the last live one;
  /// migrated: the live one. 0 for what concerns the whole vault.
  package let generation: Int64
  /// "ok", or the code of what went wrong. At most 256 bytes, without control characters.
  package let result: String

  /// - Parameters:
  ///   - actor: what `AuditEntry.checkActor` lets through.
  ///   - connection: 1 to 128 bytes.
  ///   - result: what is longer than 256 bytes is cut off, a control character becomes "?".
  package init(
    _ action: AuditAction, actor: String? = nil, connection: String? = nil, generation: Int64 = 0,
    result: String = "ok", at: Timestamp = .now
  ) {
    self.at = at
    self.actor = actor
    self.action = action
    self.connection = connection
    self.generation = generation
    self.result = Self.bounded(result)
  }

  private static func bounded(_ text: String) -> String {
    if text.utf8.count <= Limit.text, !text.unicodeScalars.contains(where: isControl) { return text }
    var line = ""
    var room = Limit.text
    for scalar in text.unicodeScalars {
      let kept = isControl(scalar) ? "?" : scalar
      room -= Unicode.UTF8.width(kept)
      guard room >= 0 else { break }
      line.unicodeScalars.append(kept)
    }
    return line
  }

  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || 0x7F..<0xA0 ~= scalar.value
  }
}
