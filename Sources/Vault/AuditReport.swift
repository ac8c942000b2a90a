// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a verification of the audit trail came to.
package struct AuditReport: Equatable, Sendable {
  /// Entries that proved genuine, from the first one on.
  package let entries: Int64
  /// nil: the trail is intact, and the connections are as it says.
  package let finding: AuditFinding?
  /// The head as the vault has it; nil where it is missing or does not prove genuine.
  package let head: AuditHead?

  /// The shape is in the header.
  package var json: String {
    var writer = JSONWriter()
    writer.object { report in
      report.member("intact", finding == nil)
      report.member("entries", entries)
      report.key("first_broken")
      if let number = finding?.entry { report.integer(number) } else { report.null() }
      report.member("finding", finding?.text)
      report.key("head")
      if let head { report.raw(head.json) } else { report.null() }
    }
    return writer.text
  }
}
