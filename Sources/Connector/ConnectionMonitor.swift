// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Vault

/// Watches the connections of an instance: keeps a rejected credential from being sent again, and tells each change of
/// state once, to the vault and to the event queue.
final class ConnectionMonitor: Sendable {
  private let vault: Vault
  private let events: EventQueue
  private let known = Locked<[String: ConnectionKnowledge]>([:])

  init(vault: Vault, events: EventQueue) {
    self.vault = vault
    self.events = events
  }

  /// To be asked before the vault's status is read, and given to `note` with it.
  func version(_ connection: String) -> UInt64 { known.withLock { $0[connection]?.version ?? 0 } }

  /// Takes over what the vault says, before an operation starts.
  /// - Throws: `credentialExpired` where this credential was rejected, by any process, and has not changed since.
  func admit(_ connection: String, _ status: CredentialStatus, asOf version: UInt64? = nil) throws(S4Error) {
    note(connection, status, asOf: version)
    if status.isRejected || !mayStillSend(connection, generation: status.generation) {
      throw Self.rejected(connection, status.lastErrorCode ?? "")
    }
  }

  /// Takes over what the vault says, unless this process knows of something later that the vault did not take.
  /// - Parameter version: from before the status was read; nil: nothing can have been learned since.
  func note(_ connection: String, _ status: CredentialStatus, asOf version: UInt64? = nil) {
    let unsaved = known.withLock { known -> ConnectionKnowledge.Change? in
      // A rejection came in between: the status that was read before it must not undo it.
      if let entry = known[connection], let version, entry.version != version, status.generation <= entry.generation {
        return nil
      }
      if let entry = known[connection], entry.generation == status.generation {
        guard entry.saving == 0 else { return nil }
        if let change = entry.unsaved, !change.isOlder(than: status) {
          known[connection]?.saving += 1
          return change
        }
      }
      let former = known[connection]
      known[connection] = ConnectionKnowledge(
        generation: status.generation, state: status.state, isRejected: status.isRejected, provenAt: status.lastProof)
      // What was rejected here and is none any more was cleared by another process's check.
      let works = former?.generation == status.generation && former?.worksHere == true && !status.isRejected
      known[connection]?.worksHere = works
      if let former {
        known[connection]?.version = former.version + 1
        known[connection]?.rejections = former.rejections
        known[connection]?.rejectedBefore = former.rejectedBefore
        if former.generation == status.generation { known[connection]?.refused = former.refused }
        if former.isRejected, former.generation != status.generation {
          known[connection]?.rejectedBefore.insert(former.generation)
        }
      }
      return nil
    }
    if let unsaved { save(connection, unsaved) }
  }

  /// How many requests with this credential may be under way: SAP locks a user after three failed logons, so one until
  /// it is proven, and of a user's password never more than two, since it may be changed at any moment.
  /// - Parameter rejections: how many a check ignores, from `rejections`; nil: no check.
  func passage(_ connection: String, generation: Int64, isBasic: Bool, ignoring rejections: UInt64?) -> Turn.Passage {
    known.withLock { known in
      guard let entry = known[connection], entry.generation == generation else {
        // Replaced while it waited; another request with it was rejected.
        let isRejected = known[connection]?.rejectedBefore.contains(generation) ?? false
        return isRejected ? .refused(Self.rejected(connection, "")) : .limited(to: 1)
      }
      // A person's check is sent all the same, but a crowd of checks is one attempt too.
      if entry.isRejected, entry.rejections != rejections { return .refused(Self.rejected(connection, "")) }
      if !entry.worksHere { return .limited(to: 1) }
      return isBasic ? .limited(to: 2) : .free
    }
  }

  /// The credential was taken by the token endpoint, or with HTTP Basic by the API.
  func accepted(_ connection: String, generation: Int64) {
    known.withLock { known in
      if known[connection]?.generation == generation { known[connection]?.worksHere = true }
    }
  }

  func rejections(_ connection: String) -> UInt64 { known.withLock { $0[connection]?.rejections ?? 0 } }

  /// Asks again right before a credential is sent: another request may have been rejected meanwhile.
  func mayStillSend(_ connection: String, generation: Int64) -> Bool {
    known.withLock { known in
      guard let entry = known[connection] else { return true }
      return entry.generation == generation ? !entry.isRejected : !entry.rejectedBefore.contains(generation)
    }
  }

  static func rejected(_ connection: String, _ code: String) -> S4Error {
    S4Error(
      .credentialExpired,
      "the credential of connection \(connection) was rejected before and is not sent again: put "
        + "the new one, or ask for a check", sapCode: code, target: connection)
  }

  /// Takes in an outcome. Called on the I/O thread: a change of state is rare, and its write is one short commit.
  func report(
    _ connection: String, generation: Int64, _ outcome: ConnectionOutcome, of place: String? = nil, isCheck: Bool
  ) {
    // Our own refusal repeats what is known; it is no attempt of the tenant's to count.
    if case .failed(let error) = outcome, error.code == .credentialExpired, error.outcome == .notSent { return }
    let now = Timestamp.now
    let change = known.withLock { known -> ConnectionKnowledge.Change? in
      if outcome.state(after: .active) == .expired {
        known[connection]?.rejections += 1
        if known[connection]?.generation != generation { known[connection]?.rejectedBefore.insert(generation) }
      }
      guard known[connection]?.generation == generation,
        let change = known[connection]?.take(outcome, of: place, isCheck: isCheck, at: now)
      else { return nil }
      known[connection]?.saving += 1
      return change
    }
    if let change { save(connection, change) }
  }

  /// Offers the vault a change. Other writers are not waited for: on the I/O thread, every call of the instance would
  /// wait with it.
  private func save(_ connection: String, _ change: ConnectionKnowledge.Change) {
    let saved = Result { () throws(S4Error) in
      try vault.setState(
        connection: connection, generation: change.generation, state: change.state, lastErrorCode: change.code,
        rejected: change.isRejection, proven: change.isProof, clearsRejection: change.isCheck, at: change.at,
        briefly: true)
    }
    let isNews = known.withLock { known -> Bool in
      guard var entry = known[connection], entry.generation == change.generation else { return false }
      defer { known[connection] = entry }
      entry.saving -= 1
      entry.version += 1
      switch saved {
      case .success:
        if let waiting = entry.unsaved, waiting.at.milliseconds <= change.at.milliseconds { entry.unsaved = nil }
        return false
      case .failure:
        let wasSaved = entry.unsaved == nil
        if (entry.unsaved?.at.milliseconds ?? .min) <= change.at.milliseconds { entry.unsaved = change }
        return wasSaved
      }
    }
    switch saved {
    case .success(let previous):
      if let previous { events.push(Self.event(connection, from: previous, change)) }
    case .failure(let error):
      // The change stands in this process; the event says, once, that others do not know it.
      if isNews, error.code != .closed { events.push(Self.unsaved(connection, change, error)) }
    }
  }

  private static func event(_ connection: String, from: ConnectionState, _ change: ConnectionKnowledge.Change) -> String
  {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "connection_state")
      event.member("connection", connection)
      event.member("from", from.rawValue)
      event.member("to", change.state.rawValue)
      event.member("recovered", change.state == .active && from != .new)
      event.member("at", change.at.iso8601)
      event.member("code", change.code)
      event.member("message", change.message)
    }
    return writer.text
  }

  private static func unsaved(_ connection: String, _ change: ConnectionKnowledge.Change, _ error: S4Error) -> String {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "state_not_saved")
      event.member("connection", connection)
      event.member("to", change.state.rawValue)
      event.member("at", change.at.iso8601)
      event.member("message", error.message)
    }
    return writer.text
  }
}
