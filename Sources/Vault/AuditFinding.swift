// SPDX-License-Identifier: Apache-2.0

import Basics

/// What the audit trail shows to be wrong.
package struct AuditFinding: Error, Equatable, Sendable {
  /// Number of the first entry that does not prove genuine; nil where it is not an entry.
  package let entry: Int64?
  /// One line: what was found, and what to do.
  package let text: String

  static let advice = "look for who or what can write the vault, and restore it from a copy"

  var error: S4Error { S4Error(.vaultCorrupt, text) }
}
