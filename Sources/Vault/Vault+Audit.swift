// SPDX-License-Identifier: Apache-2.0

import Basics

extension Vault {
  /// How far the audit trail has come.
  package func auditHead() throws(S4Error) -> AuditHead {
    let (trail, store) = try audited()
    return try trail.head(in: store)
  }

  /// Verifies the audit trail, and the connections against it.
  /// - Parameter earlier: a head that was kept outside of the vault; nil: none.
  package func auditVerify(against earlier: AuditHead?) throws(S4Error) -> AuditReport {
    let (trail, store) = try audited()
    return try trail.verify(in: store, against: earlier, connections: auditedConnections)
  }

  /// Gives entries of the audit trail as JSON lines.
  package func auditExport(_ filter: AuditFilter) throws(S4Error) -> String {
    let (trail, store) = try audited()
    return try trail.export(in: store, filter)
  }

  // To be completed with the vault over a store: the trail of this vault's id, current key set and audit keys.
  private func audited() throws(S4Error) -> (trail: AuditTrail, store: any Store) {
    throw S4Error(.vaultUnavailable, "this vault has no audit trail")
  }

  // To be completed: ids of list(), and the generations of status(connection:), nil where that throws notFound.
  private var auditedConnections: AuditedConnections {
    AuditedConnections(all: { () throws(S4Error) in [] }, credentials: { _ throws(S4Error) in nil })
  }
}
