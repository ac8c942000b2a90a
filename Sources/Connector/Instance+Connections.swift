// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Vault

extension Instance {
  /// What a customer's admin handed over, with what the product says of it.
  package struct Handover: Sendable {
    package var settings: ConnectionSettings
    package var expiresAt: Timestamp?
    package var expiringDays: Int64
    /// Who does it, for the audit trail.
    package var actor: String?

    package init(
      settings: ConnectionSettings, expiresAt: Timestamp? = nil, expiringDays: Int64 = 14, actor: String? = nil
    ) {
      self.settings = settings
      self.expiresAt = expiresAt
      self.expiringDays = expiringDays
      self.actor = actor
    }

    var credential: NewCredential {
      NewCredential(
        record: ConnectionRecord.encode(settings), summary: settings.summary, expiresAt: expiresAt,
        expiringDays: expiringDays)
    }
  }

  /// Stores a connection, or replaces its whole credential.
  package func putConnection(_ id: String, _ handover: Handover) throws(S4Error) {
    try checkUsable()
    try vault.put(connection: id, handover.credential, actor: handover.actor)
  }

  /// Stores a second credential beside the live one.
  /// - Parameter handover: made over the live credential, which what was left out is taken over from.
  package func stageConnection(
    _ id: String, _ handover: (ConnectionSettings) throws(S4Error) -> Handover
  ) throws(S4Error) {
    try checkUsable()
    let live = try ConnectionRecord.decode(try vault.open(connection: id).live)
    let staged = try handover(live)
    try vault.stage(connection: id, staged.credential, actor: staged.actor)
  }

  package func promoteConnection(_ id: String, actor: String?) throws(S4Error) {
    try checkUsable()
    try vault.promote(connection: id, actor: actor)
  }

  package func retireConnection(_ id: String, actor: String?) throws(S4Error) {
    try checkUsable()
    try vault.retire(connection: id, actor: actor)
  }

  package func deleteConnection(_ id: String, actor: String?) throws(S4Error) {
    try checkUsable()
    try vault.delete(connection: id, actor: actor)
    telemetry.forget(id)
  }

  /// What is known of a connection as JSON: the shape is in the header.
  package func describeConnection(_ id: String) throws(S4Error) -> String {
    try checkUsable()
    let version = monitor.version(id)
    let status = try vault.status(connection: id)
    monitor.lookAt(id, status.live, asOf: version)
    var writer = JSONWriter()
    Self.describe(monitor.completed(status), &writer)
    return writer.text
  }

  /// All connections as a JSON array, ordered by id.
  package func describeConnections() throws(S4Error) -> String {
    try checkUsable()
    let versions = monitor.versions()
    let connections = try vault.list()
    for connection in connections {
      monitor.lookAt(connection.id, connection.live, asOf: versions[connection.id] ?? 0)
    }
    var writer = JSONWriter()
    writer.array { list in
      for connection in connections { Self.describe(monitor.completed(connection), &list) }
    }
    return writer.text
  }

  private static func describe(_ status: ConnectionStatus, _ writer: inout JSONWriter) {
    writer.object { connection in
      connection.member("id", status.id)
      describe(status.live, &connection)
      connection.key("beside")
      if let beside = status.beside, let role = status.besideRole {
        connection.object { second in
          second.member("role", role.rawValue)
          describe(beside, &second)
        }
      } else {
        connection.null()
      }
    }
  }

  private static func describe(_ credential: CredentialStatus, _ writer: inout JSONWriter) {
    if !credential.summary.isEmpty { writer.raw(String(decoding: credential.summary, as: UTF8.self)) }
    writer.member("generation", credential.generation)
    writer.member("state", credential.expiry.state(credential.state, at: .now).rawValue)
    writer.member("since", credential.since.iso8601)
    writer.member("last_proof", credential.lastProof?.iso8601)
    writer.member("last_error", credential.lastErrorCode)
    writer.member("expires_at", credential.expiresAt?.iso8601)
  }
}
