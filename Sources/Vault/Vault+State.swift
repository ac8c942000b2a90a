// SPDX-License-Identifier: Apache-2.0

import Basics

extension Vault {
  /// Milliseconds by which the last proof may lie behind: a tenant that is read from all the time must not cost
  /// a durable write for each request.
  package static let proofInterval: Int64 = 60_000
  /// Bytes of the longest error code kept.
  static let longestErrorCode = 256

  /// Records the outcome of an operation with a credential, durably where it changes anything. An outcome of another
  /// generation than the live one and the one beside it, or of a connection that is gone, changes nothing.
  /// - Parameters:
  ///   - generation: of the credential that was used.
  ///   - lastErrorCode: nil clears it; what passes 256 bytes is cut off.
  ///   - rejected: the tenant rejected the credential.
  ///   - proven: the tenant accepted it.
  ///   - clearsRejection: a person asked for this check. Without it a rejected credential stays rejected, whatever else
  ///     comes in: a page that was under way with an older token says nothing about the secret.
  ///   - time: when the outcome was known.
  ///   - actor: who asked for the check.
  ///   - briefly: on the I/O thread: other writers are not waited for, and a store of the product's is not asked:
  ///     `.vaultUnavailable` comes at once.
  /// - Returns: the previous state when the state changed, nil when it did not.
  /// - Throws: `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  @discardableResult
  package func setState(
    connection id: String, generation: Int64, state: ConnectionState, lastErrorCode: String?, rejected: Bool,
    proven: Bool, clearsRejection: Bool = false, at time: Timestamp, actor: String? = nil, briefly: Bool = false
  ) throws(S4Error) -> ConnectionState? {
    try checkUsable()
    guard store.readOnlyReason == nil else { return nil }
    guard !(briefly && store.needsCallersThread) else { throw contended }
    let code = lastErrorCode.map(Self.shortened)
    let news = { (found: Found?) -> (old: CredentialStatus, new: CredentialStatus)? in
      guard let old = found?.card.status.credential(generation),
        !old.isRejected || rejected || (proven && clearsRejection),
        let new = Self.outcome(old, state: state, code: code, rejected: rejected, proven: proven, at: time)
      else { return nil }
      return (old, new)
    }
    // First without the write lock: most outcomes say again what is known.
    guard news(try find(id, mayAsk: !briefly, provesAbsence: false)) != nil else { return nil }
    let patience = patience(briefly)
    return try change(id, by: patience, mayAsk: !briefly, provesAbsence: false) { (found, ring) throws(S4Error) in
      guard let found, let (old, new) = news(found) else { return Outcome(result: nil) }
      var card = found.card
      card.status.set(new)
      var entry = found.entry
      try entry.seal(card, ring.set(entry.setVersion), vaultID: ring.vaultID)
      var audit: [AuditEvent] = []
      if old.isRejected != new.isRejected {
        audit.append(
          AuditEvent(
            new.isRejected ? .rejected : .recovered, actor: actor, connection: id, generation: generation,
            result: new.isRejected ? code ?? "rejected" : "ok"))
      }
      return Outcome(
        result: new.state == old.state ? nil : old.state, entry: entry, audit: audit, raisesGeneration: false)
    }
  }

  /// What an outcome makes of a status; nil where nothing is worth a write.
  private static func outcome(
    _ old: CredentialStatus, state: ConnectionState, code: String?, rejected: Bool, proven: Bool, at time: Timestamp
  ) -> CredentialStatus? {
    var new = old
    if proven {
      let age = time.milliseconds.subtractingReportingOverflow(old.lastProof?.milliseconds ?? .min)
      if age.overflow || !(0..<proofInterval ~= age.partialValue) { new.lastProof = time }
    }
    if state != old.state { (new.state, new.since) = (state, time) }
    new.lastErrorCode = code
    new.isRejected = rejected
    return new == old ? nil : new
  }

  /// Cuts text at a character's boundary.
  static func shortened(_ text: String) -> String {
    var short = ""
    for scalar in text.unicodeScalars {
      guard short.utf8.count + UTF8.width(scalar) <= longestErrorCode else { break }
      short.unicodeScalars.append(scalar)
    }
    return short
  }
}

extension ConnectionStatus {
  /// The credential of this generation: the live one or the one beside it.
  package func credential(_ generation: Int64) -> CredentialStatus? {
    if live.generation == generation { return live }
    return beside.flatMap { $0.generation == generation ? $0 : nil }
  }

  fileprivate mutating func set(_ credential: CredentialStatus) {
    if live.generation == credential.generation { live = credential } else { beside = credential }
  }
}
