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
    try checkUsable()
    let event = AuditEvent(.check, actor: actor, connection: id, generation: generation, result: result)
    let deadline = Deadline(milliseconds: Self.patience)
    let isDone = Flag()
    while true {
      let ring = try refreshed(ring).ring
      let trail = trail(ring)
      try store.change(by: deadline) { (view) throws(S4Error) in
        // Under keys that a rekey has replaced meanwhile nothing is added.
        isDone.isSet = try view.get(VaultHeader.key)?.holds(ring.headerValue) == true
        return isDone.isSet ? try trail.append([event], raisesGeneration: false, in: view) : []
      }
      if isDone.isSet { return }
      guard !deadline.hasPassed else { throw contended }
    }
  }

  private func audited() throws(S4Error) -> AuditTrail {
    try checkUsable()
    return trail(try refreshed(ring).ring)
  }
}
