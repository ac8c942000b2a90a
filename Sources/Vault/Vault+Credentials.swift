// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// What became of a fall-over.
package enum FallOverVerdict: Sendable {
  /// The standby is the live credential now.
  case taken
  /// It was already: another process was faster.
  case standing
  /// The two do not stand there like that any more: another credential was put, or the standby was taken away.
  case refused
}

extension Vault {
  /// Stores a connection's credential as the live one; durable when it returns. Its state becomes `new`, and a
  /// credential beside it goes.
  ///
  /// Each put has a data key of its own: an older wrapped key, left in a copy of the file or in its log, does not open
  /// the new record.
  /// - Parameters:
  ///   - id: 1 to 128 bytes without control characters.
  ///   - actor: who does it, for the audit trail.
  /// - Returns: the generation: 1 for the first connection, then rising; never one that this id had before.
  /// - Throws: `.invalidArgument`, `.vaultUnavailable`, `.vaultCorrupt`, `.vaultKeyRefused`, `.closed`, `.forked`.
  @discardableResult
  package func put(
    connection id: String, _ credential: NewCredential, actor: String? = nil
  ) throws(S4Error) -> Int64 {
    try Self.check(id, credential, actor)
    do throws(S4Error) {
      return try store(id, credential, actor)
    } catch {
      // What was there is to be replaced: that it is damaged must not be in the way.
      guard error.code == .vaultCorrupt, try discardDamaged(id, actor: actor) else { throw error }
      return try store(id, credential, actor)
    }
  }

  private func store(_ id: String, _ credential: NewCredential, _ actor: String?) throws(S4Error) -> Int64 {
    let deadline = Deadline(milliseconds: Self.patience)
    return try change(id, by: deadline, provesAbsence: false) { (found, ring) throws(S4Error) in
      let generation = (found?.card.highestGeneration ?? ring.header.generationFloor) + 1
      let set = try ring.set(ring.header.currentSet)
      let dataKey = try Random.key()
      let rowID = if let found { found.entry.rowID } else { try Random.bytes(16) }
      // Where a rekey is under way, it was found under the former set's.
      let isFoundHere = found?.entry.setVersion == set.version
      let lookup = if isFoundHere, let found { found.entry.lookup } else { try Self.lookup(id, set) }
      var entry = ConnectionEntry(
        rowID: rowID, lookup: lookup,
        keyVersion: ring.header.currentKey, setVersion: set.version,
        dataKeyVersion: (found?.entry.dataKeyVersion ?? 0) + 1, wrappedDataKey: [])
      entry.wrappedDataKey = try self.wrap(dataKey, entry, ring)
      entry.live = try Self.seal(credential.record, generation, entry, dataKey, ring.vaultID)
      let live = Self.status(of: credential, generation)
      try entry.seal(
        Card(status: ConnectionStatus(id: id, live: live), highestGeneration: generation), set, vaultID: ring.vaultID)
      return Outcome(
        result: generation, entry: entry,
        audit: [AuditEvent(.put, actor: actor, connection: id, generation: generation)])
    }
  }

  /// Stores a second credential beside the live one, in place of another that may be there.
  /// - Returns: its generation.
  /// - Throws: as `put`, and `.notFound`.
  @discardableResult
  package func stage(
    connection id: String, _ credential: NewCredential, actor: String? = nil
  ) throws(S4Error) -> Int64 {
    try Self.check(id, credential, actor)
    return try change(id, by: Deadline(milliseconds: Self.patience)) { (found, ring) throws(S4Error) in
      guard let found else { throw self.notFound(id) }
      let dataKey = try self.dataKey(found)
      let generation = found.card.highestGeneration + 1
      var entry = found.entry
      entry.beside = try Self.seal(credential.record, generation, entry, dataKey, ring.vaultID)
      var card = found.card
      card.highestGeneration = generation
      (card.status.beside, card.status.besideRole) = (Self.status(of: credential, generation), .staged)
      try entry.seal(card, ring.set(entry.setVersion), vaultID: ring.vaultID)
      return Outcome(
        result: generation, entry: entry,
        audit: [AuditEvent(.stage, actor: actor, connection: id, generation: generation)])
    }
  }

  /// Makes the proven credential beside the live one the live one; the live one becomes the former.
  /// - Throws: `.notFound`, `.conflict` where there is none, or it is not proven, and as `put`.
  package func promote(connection id: String, actor: String? = nil) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    try change(id, by: Deadline(milliseconds: Self.patience)) { (found, ring) throws(S4Error) in
      guard let found else { throw self.notFound(id) }
      guard let beside = found.card.status.beside else { throw Self.nothingBeside(id) }
      guard !beside.isRejected else {
        throw S4Error(
          .conflict,
          "the tenant rejected the credential beside the live one of the connection \(Display.quoted(id)): stage another, "
            + "or check it once more", target: id)
      }
      guard beside.isProven else {
        throw S4Error(
          .conflict,
          "the staged credential of the connection \(Display.quoted(id)) is not proven: check it first (beside = 1)",
          target: id)
      }
      let draft = AuditEvent(.promote, actor: actor, connection: id, generation: beside.generation)
      return Outcome(result: (), entry: try Self.switched(found, beside, ring), audit: [draft])
    }
  }

  /// Goes over from a rejected live credential to the staged one, which was proven; once.
  /// - Parameters:
  ///   - from: generation that was rejected.
  ///   - to: generation of the staged one.
  ///   - code: what the tenant said.
  ///   - briefly: other writers are not waited for.
  package func fallOver(
    connection id: String, from: Int64, to: Int64, code: String?, at time: Timestamp, briefly: Bool = false
  ) throws(S4Error) -> FallOverVerdict {
    try checkUsable()
    guard !(briefly && store.needsCallersThread) else { throw contended }
    return try change(id, by: patience(briefly), mayAsk: !briefly, provesAbsence: false) {
      (found, ring) throws(S4Error) in
      guard let found else { return Outcome(result: .refused) }
      var status = found.card.status
      guard status.live.generation == from, let beside = status.beside, status.canFallOver, beside.generation == to
      else { return Outcome(result: status.live.generation == to ? .standing : .refused) }
      if !status.live.isRejected || status.live.state != .expired {
        (status.live.isRejected, status.live.state, status.live.since) = (true, .expired, time)
        status.live.lastErrorCode = code.map(Self.shortened)
      }
      var rejected = found
      rejected.card.status = status
      let draft = AuditEvent(
        .fallOver, actor: nil, connection: id, generation: to, result: code.map(Self.shortened) ?? "rejected")
      return Outcome(result: .taken, entry: try Self.switched(rejected, beside, ring), audit: [draft])
    }
  }

  /// Deletes the credential that stands beside the live one.
  /// - Throws: `.notFound`, `.conflict` where there is none, and as `put`.
  package func retire(connection id: String, actor: String? = nil) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    try change(id, by: Deadline(milliseconds: Self.patience)) { (found, ring) throws(S4Error) in
      guard let found else { throw self.notFound(id) }
      guard let beside = found.card.status.beside else { throw Self.nothingBeside(id) }
      var entry = found.entry
      entry.beside = nil
      var card = found.card
      (card.status.beside, card.status.besideRole) = (nil, nil)
      try entry.seal(card, ring.set(entry.setVersion), vaultID: ring.vaultID)
      let draft = AuditEvent(.retire, actor: actor, connection: id, generation: beside.generation)
      return Outcome(result: (), entry: entry, audit: [draft])
    }
  }

  /// Deletes a connection with its credentials and its data key; durable when it returns.
  /// - Throws: `.notFound`, `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  package func delete(connection id: String, actor: String? = nil) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    do throws(S4Error) {
      try remove(id, actor)
    } catch {
      guard error.code == .vaultCorrupt, try discardDamaged(id, actor: actor) else { throw error }
    }
    // The log still holds the sealed record. Where a reader is in the way, a later checkpoint clears it.
    store.tidy()
  }

  private func remove(_ id: String, _ actor: String?) throws(S4Error) {
    try change(id, by: Deadline(milliseconds: Self.patience)) { (found, ring) throws(S4Error) in
      guard let found else { throw self.notFound(id) }
      // A new connection of this id must not take over what is still under way for this one.
      var header = ring.header
      header.generationFloor = max(header.generationFloor, found.card.highestGeneration)
      let draft = AuditEvent(
        .delete, actor: actor, connection: id, generation: found.card.status.live.generation)
      return Outcome(result: (), isDeletion: true, header: header, audit: [draft])
    }
  }

  // MARK: -

  func patience(_ briefly: Bool) -> Deadline {
    Deadline(milliseconds: briefly ? Self.briefPatience : Self.patience)
  }

  private static func nothingBeside(_ id: String) -> S4Error {
    S4Error(
      .conflict, "no credential stands beside the live one of the connection \(Display.quoted(id)): stage one first",
      target: id)
  }

  /// The entry with its two credentials in each other's place.
  private static func switched(
    _ found: Found, _ beside: CredentialStatus, _ ring: KeyRing
  ) throws(S4Error) -> ConnectionEntry {
    guard let sealed = found.entry.beside else {
      throw S4Error(
        .vaultCorrupt, "the record of the connection \(Display.quoted(found.card.status.id)) is not whole: put it anew")
    }
    var entry = found.entry
    (entry.live, entry.beside) = (sealed, entry.live)
    var card = found.card
    (card.status.live, card.status.beside, card.status.besideRole) = (beside, card.status.live, .former)
    try entry.seal(card, ring.set(entry.setVersion), vaultID: ring.vaultID)
    return entry
  }

  func wrap(_ dataKey: SecretBytes, _ entry: ConnectionEntry, _ ring: KeyRing) throws(S4Error) -> [UInt8] {
    try ring.provider(entry.keyVersion, store.title).wrap(
      dataKey, associatedData: entry.place(.dataKey, vaultID: ring.vaultID).associatedData)
  }

  static func seal(
    _ record: SecretBytes, _ generation: Int64, _ entry: ConnectionEntry, _ dataKey: SecretBytes, _ vaultID: [UInt8]
  ) throws(S4Error) -> [UInt8] {
    let place = entry.place(.credential, vaultID: vaultID, generation: generation)
    return try AEAD.seal(record, key: dataKey, associatedData: place.associatedData)
  }

  private static func status(of credential: NewCredential, _ generation: Int64) -> CredentialStatus {
    CredentialStatus(
      generation: generation, state: .new, since: .now, expiresAt: credential.expiresAt,
      expiringDays: credential.expiringDays, summary: credential.summary)
  }

  private static func check(_ id: String, _ credential: NewCredential, _ actor: String?) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    guard 1...longestID ~= id.utf8.count, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw S4Error.invalidArgument(
        "id", "\(Display.quoted(id)) will not do: give 1 to \(longestID) bytes without control characters")
    }
    guard credential.record.count <= largestRecord, credential.summary.count <= Card.largestSummary else {
      throw S4Error.invalidArgument(
        "ca_file",
        "the connection has \(credential.record.count) bytes with its certificates: at most \(largestRecord) fit")
    }
  }
}
