// SPDX-License-Identifier: Apache-2.0

import Basics

extension Vault {
  /// Milliseconds by which the last proof may lie behind: a tenant that is read from all the time must not cost
  /// a durable write for each request.
  package static let proofInterval: Int64 = 60_000
  /// Bytes of the longest error code kept.
  static let longestErrorCode = 256

  /// Tells how a connection stands. Nothing is decrypted.
  /// - Throws: `.notFound`, `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  package func status(connection id: String) throws(S4Error) -> ConnectionStatus {
    let lookup = try lookup(id)
    return try withDatabase { (database) throws(S4Error) in
      let status = try database.first(.status, [.blob(lookup)]) { (row) throws(S4Error) in try ConnectionStatus(row) }
      if let status { return status }
      throw try missing(id, in: database)
    }
  }

  /// Records the outcome of an operation with a credential, durably where it changes anything. An outcome of another
  /// generation than the live one, or of a connection that is gone, changes nothing.
  /// - Parameters:
  ///   - generation: of the credential that was used.
  ///   - lastErrorCode: nil clears it; what passes 256 bytes is cut off.
  ///   - rejected: the tenant rejected the credential.
  ///   - proven: the tenant accepted it.
  ///   - clearsRejection: a person asked for this check. Without it a rejected credential stays rejected, whatever else
  ///     comes in: a page that was under way with an older token says nothing about the secret.
  ///   - time: when the outcome was known.
  ///   - briefly: other writers are not waited for: `.vaultUnavailable` comes at once.
  /// - Returns: the previous state when the state changed, nil when it did not.
  /// - Throws: `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  @discardableResult
  package func setState(
    connection id: String, generation: Int64, state: ConnectionState, lastErrorCode: String?, rejected: Bool,
    proven: Bool, clearsRejection: Bool = false, at time: Timestamp, briefly: Bool = false
  ) throws(S4Error) -> ConnectionState? {
    let lookup = try lookup(id)
    let code = lastErrorCode.map(Self.shortened)
    let write = { (database: Database) throws(S4Error) -> ConnectionState? in
      let read = { () throws(S4Error) -> ConnectionStatus? in
        try database.first(.status, [.blob(lookup)]) { (row) throws(S4Error) in try ConnectionStatus(row) }
      }
      // First without the write lock: most outcomes say again what is known.
      let outcome = { (old: ConnectionStatus) -> ConnectionStatus? in
        guard old.generation == generation else { return nil }
        guard !old.isRejected || rejected || (proven && clearsRejection) else { return nil }
        return Self.outcome(old, state: state, code: code, rejected: rejected, proven: proven, at: time)
      }
      guard let known = try read(), outcome(known) != nil else { return nil }
      return try database.transaction { () throws(S4Error) in
        guard let old = try read(), let new = outcome(old) else { return nil }
        try database.run(
          .setState,
          [
            .blob(lookup), .integer(generation), .text(new.state.rawValue), .integer(new.since.milliseconds),
            new.lastProof.map { .integer($0.milliseconds) } ?? .null, new.lastErrorCode.map { .text($0) } ?? .null,
            new.isRejected ? .integer(generation) : .null,
          ])
        return new.state == old.state ? nil : old.state
      }
    }
    return briefly ? try withDatabaseBriefly(write) : try withDatabase(write)
  }

  /// What an outcome makes of a status; nil where nothing is worth a write.
  private static func outcome(
    _ old: ConnectionStatus, state: ConnectionState, code: String?, rejected: Bool, proven: Bool, at time: Timestamp
  ) -> ConnectionStatus? {
    var lastProof = old.lastProof
    if proven {
      let age = time.milliseconds.subtractingReportingOverflow(old.lastProof?.milliseconds ?? .min)
      if age.overflow || !(0..<proofInterval ~= age.partialValue) { lastProof = time }
    }
    let new = ConnectionStatus(
      generation: old.generation, state: state, since: state == old.state ? old.since : time, lastProof: lastProof,
      lastErrorCode: code, isRejected: rejected)
    return new == old ? nil : new
  }

  /// Cuts text at a character's boundary.
  private static func shortened(_ text: String) -> String {
    var short = ""
    for scalar in text.unicodeScalars {
      guard short.utf8.count + UTF8.width(scalar) <= longestErrorCode else { break }
      short.unicodeScalars.append(scalar)
    }
    return short
  }
}
