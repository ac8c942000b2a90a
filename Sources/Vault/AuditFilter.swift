// SPDX-License-Identifier: Apache-2.0

import Basics

/// Which entries of the audit trail to give.
package struct AuditFilter: Sendable {
  package static let defaultLimit = 1_000
  package static let largestLimit = 100_000

  /// Entries of this connection alone; nil: all.
  package var connection: String?
  /// Entries from this moment on, and before `to`; nil: no bound.
  package var from: Timestamp?
  package var to: Timestamp?
  /// Entries after the one with this number.
  package var after: Int64 = 0
  /// Most entries to give.
  package var limit = defaultLimit

  package init() {}

  func admits(_ event: AuditEvent) -> Bool {
    // Byte for byte: texts that Unicode calls equal may be the ids of two connections.
    if let connection {
      guard let id = event.connection, id.utf8.elementsEqual(connection.utf8) else { return false }
    }
    if let from, event.at.milliseconds < from.milliseconds { return false }
    if let to, event.at.milliseconds >= to.milliseconds { return false }
    return true
  }
}
