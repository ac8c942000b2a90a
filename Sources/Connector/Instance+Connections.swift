// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

extension Instance {
  /// Stores a connection, or replaces its whole credential.
  package func putConnection(_ id: String, _ settings: ConnectionSettings) throws(S4Error) {
    try checkUsable()
    _ = try vault.put(connection: id, record: ConnectionRecord.encode(settings))
  }

  /// What is known of a connection as JSON: the shape is in the header.
  package func describeConnection(_ id: String) throws(S4Error) -> String {
    try checkUsable()
    var writer = JSONWriter()
    try describe(id, &writer)
    return writer.text
  }

  /// All connections as a JSON array, ordered by id.
  package func describeConnections() throws(S4Error) -> String {
    try checkUsable()
    var entries: [String] = []
    for id in try vault.list() {
      var writer = JSONWriter()
      do throws(S4Error) { try describe(id, &writer) } catch  where error.code == .notFound {
        continue  // deleted by another process while the list was made
      }
      entries.append(writer.text)
    }
    var writer = JSONWriter()
    writer.array { list in
      for entry in entries { list.raw(entry) }
    }
    return writer.text
  }

  package func deleteConnection(_ id: String) throws(S4Error) {
    try checkUsable()
    try vault.delete(connection: id)
  }

  /// Opens a connection's settings and what the vault knows of its state.
  func openConnection(_ id: String) throws(S4Error) -> (ConnectionSettings, ConnectionStatus) {
    let (record, status) = try vault.open(connection: id)
    return (try ConnectionRecord.decode(record), status)
  }

  private func describe(_ id: String, _ writer: inout JSONWriter) throws(S4Error) {
    let (settings, status) = try openConnection(id)
    writer.object { connection in
      connection.member("id", id)
      settings.describe(&connection)
      connection.member("generation", status.generation)
      connection.member("state", status.state.rawValue)
      connection.member("since", status.since.iso8601)
      connection.member("last_proof", status.lastProof?.iso8601)
      connection.member("last_error", status.lastErrorCode)
    }
  }
}
