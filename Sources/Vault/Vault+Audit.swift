// SPDX-License-Identifier: Apache-2.0

import Basics

extension Vault {
  /// How far the audit trail has come.
  package func auditHead() throws(S4Error) -> AuditHead {
    try audited().head(in: store)
  }

  /// Verifies the audit trail, and the connections against it.
  /// - Parameter earlier: a head that was kept outside of the vault; nil: none.
  package func auditVerify(against earlier: AuditHead?) throws(S4Error) -> AuditReport {
    try audited().verify(
      in: store, against: earlier,
      connections: AuditedConnections(
        all: { () throws(S4Error) in try self.list().map(\.id) },
        credentials: { (id) throws(S4Error) in
          guard let status = try self.find(id)?.card.status else { return nil }
          return AuditedCredentials(live: status.live.generation, beside: status.beside?.generation)
        }))
  }

  /// Gives entries of the audit trail as JSON lines.
  package func auditExport(_ filter: AuditFilter) throws(S4Error) -> String {
    try audited().export(in: store, filter)
  }

  /// Writes down a check that a person asked for.
  /// - Parameter result: "ok", or the code of what went wrong.
  package func auditCheck(
    connection id: String, generation: Int64, actor: String?, result: String
  ) throws(S4Error) {
    guard store.readOnlyReason == nil else { return }
    let trail = try audited()
    let event = AuditEvent(.check, actor: actor, connection: id, generation: generation, result: result)
    try store.change(by: Deadline(milliseconds: Self.patience)) { (view) throws(S4Error) in
      try trail.append([event], raisesGeneration: false, in: view)
    }
  }

  private func audited() throws(S4Error) -> AuditTrail {
    try checkUsable()
    return trail(try refreshed(ring).ring)
  }
}
