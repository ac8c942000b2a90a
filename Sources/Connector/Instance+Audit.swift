// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

extension Instance {
  /// The head of the audit trail as JSON: the shape is in the header.
  package func auditHead() throws(S4Error) -> String {
    try checkUsable()
    return try vault.auditHead().json
  }

  /// Verifies the audit trail: the shape of the report's JSON is in the header.
  /// - Parameter head: an earlier head's JSON; nil: none.
  package func auditVerify(head: String?) throws(S4Error) -> String {
    try checkUsable()
    let earlier = try head.map { json throws(S4Error) in try AuditHead(json: json) }
    return try vault.auditVerify(against: earlier).json
  }

  /// Entries of the audit trail as JSON lines: the shape is in the header.
  package func auditExport(_ filter: AuditFilter) throws(S4Error) -> String {
    try checkUsable()
    return try vault.auditExport(filter)
  }
}
