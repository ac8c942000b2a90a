// SPDX-License-Identifier: Apache-2.0

/// What the entries of the audit trail come to: which connections there are, and with which credentials.
struct AuditLedger {
  private struct Account {
    let id: String
    var credentials: AuditedCredentials
    /// Number of the entry that made them so.
    var entry: Int64
  }

  /// By the bytes of their ids: texts that Unicode calls equal may be the ids of two connections.
  private var accounts: [[UInt8]: Account] = [:]

  mutating func take(_ entry: AuditEntry) {
    let event = entry.event
    guard let id = event.connection else { return }
    let key = Array(id.utf8)
    let known = accounts[key]?.credentials
    let credentials: AuditedCredentials
    switch event.action {
    case .put, .migrated:
      credentials = AuditedCredentials(live: event.generation)
    case .stage:
      credentials = AuditedCredentials(live: known?.live ?? 0, beside: event.generation)
    case .promote, .fallOver:
      credentials = AuditedCredentials(live: event.generation, beside: known?.live)
    case .retire:
      credentials = AuditedCredentials(live: known?.live ?? 0)
    case .delete:
      accounts[key] = nil
      return
    case .vaultCreated, .discard, .check, .rejected, .recovered, .rotateStarted, .rotateEnded, .rekeyStarted,
      .rekeyEnded:
      return
    }
    accounts[key] = Account(id: id, credentials: credentials, entry: entry.number)
  }

  /// Ids of all connections that the trail or the vault knows, in the order of their bytes.
  func ids(and listed: [String]) -> [String] {
    var ids = accounts.mapValues(\.id)
    for id in listed { ids[Array(id.utf8)] = id }
    return ids.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
  }

  /// Holds a connection against the trail.
  /// - Parameter found: nil where the vault has no such connection.
  /// - Returns: nil where they agree; else one line that says what happened behind the trail's back, and what to do.
  func difference(_ id: String, _ found: AuditedCredentials?) -> String? {
    let account = accounts[Array(id.utf8)]
    guard account?.credentials != found else { return nil }
    let name = "the connection \(Display.quoted(id))"
    guard let account else {
      return "\(name) stands in the vault, and by the audit trail it was never put, or was deleted: it was added "
        + "behind the trail's back, or put back; delete it, and look for who or what can write the vault"
    }
    let advice = "put the connection anew, and look for who or what can write the vault"
    guard let found else {
      return "\(name) is gone, and by entry \(account.entry) of the audit trail it is there: it was deleted behind the "
        + "trail's back; " + advice
    }
    let expected = account.credentials
    guard found.live == expected.live else {
      return "\(name) has the credential of generation \(found.live), and by entry \(account.entry) of the audit trail "
        + "that of generation \(expected.live): it was "
        + (found.live < expected.live ? "put back to an earlier state; " : "changed behind the trail's back; ") + advice
    }
    return "beside the live credential of \(name) stands \(Self.text(found.beside)), and by entry \(account.entry) of "
      + "the audit trail \(Self.text(expected.beside)): it was put back to another state; " + advice
  }

  private static func text(_ generation: Int64?) -> String {
    generation.map { "that of generation \($0)" } ?? "none"
  }
}
