// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import Vault

/// Watches the connections of an instance: keeps a rejected credential from being sent again, and tells each change of
/// state once, to the vault and to the event queue.
final class ConnectionMonitor: Sendable {
  /// What is known of the credentials of each connection: of the live one, and of the one beside it where that was
  /// asked for or was live before.
  struct Known: Sendable {
    // Not dictionaries: to Swift the ids of two customers may be equal.
    var live = TextMap<ConnectionKnowledge>()
    var beside = TextMap<ConnectionKnowledge>()

    /// The one with this generation; what is written to another is lost.
    subscript(connection: String, generation: Int64) -> ConnectionKnowledge? {
      get {
        if let entry = live[connection], entry.generation == generation { return entry }
        return beside[connection].flatMap { $0.generation == generation ? $0 : nil }
      }
      set {
        if live[connection]?.generation == generation {
          live[connection] = newValue
        } else if beside[connection]?.generation == generation {
          beside[connection] = newValue
        }
      }
    }
  }

  private let vault: Vault
  let events: EventQueue
  let keepFallOver: FallOver.Keep
  let known = Locked(Known())

  /// - Parameter keepFallOver: makes a fall-over durable. Where no credential ever stands beside another it is not asked.
  init(
    vault: Vault, events: EventQueue,
    keepFallOver: @escaping FallOver.Keep = { (_, _) throws(S4Error) -> FallOver.Verdict in .refused }
  ) {
    self.vault = vault
    self.events = events
    self.keepFallOver = keepFallOver
  }

  /// To be asked before the vault's status is read, and given to `note` with it.
  func version(_ connection: String) -> UInt64 { known.withLock { $0.live[connection]?.version ?? 0 } }

  /// The same of all connections; one that is not there has version 0.
  func versions() -> TextMap<UInt64> { known.withLock { $0.live.mapValues { $0.version } } }

  /// The state of a credential as it is known here; nil: it is not known.
  func state(_ connection: String, generation: Int64) -> ConnectionState? {
    known.withLock { $0[connection, generation]?.state }
  }

  /// Takes over what the vault says, before an operation starts.
  /// - Parameter standby: generation of the proven credential that stands beside it and may take over; nil: none.
  /// - Throws: `credentialExpired` where this credential was rejected, by any process, and has not changed since.
  func admit(
    _ connection: String, _ status: CredentialStatus, asOf version: UInt64? = nil,
    standby: Int64? = nil
  ) throws(S4Error) {
    note(connection, status, asOf: version)
    if status.isRejected || !mayStillSend(connection, generation: status.generation) {
      if let standby, mayStillSend(connection, generation: standby) { return }
      throw Self.rejected(connection, status.lastErrorCode ?? "")
    }
  }

  /// Takes over what the vault says of the live credential, unless this process knows of something later that the vault
  /// did not take.
  /// - Parameter version: from before the status was read; nil: nothing can have been learned since.
  func note(_ connection: String, _ status: CredentialStatus, asOf version: UInt64? = nil) {
    let (change, fallOver) = known.withLock { known -> (ConnectionKnowledge.Change?, FallOver?) in
      let former = known.live[connection]
      if let former {
        if let fallOver = former.fallOver, fallOver.from == status.generation {
          guard !former.isFallingOver, !keepsNothing else { return (nil, nil) }
          known.live[connection]?.isFallingOver = true
          return (nil, fallOver)
        }
        // A rejection came in between: the status that was read before it must not undo it.
        if let version, former.version != version, status.generation <= former.generation { return (nil, nil) }
        if former.generation == status.generation {
          guard former.saving == 0 else { return (nil, nil) }
          if let change = former.unsaved, !change.isOlder(than: status) {
            guard !keepsNothing else { return (nil, nil) }
            known.live[connection]?.saving += 1
            return (change, nil)
          }
        }
      }
      known.live[connection] = ConnectionKnowledge(status, after: former)
      if known.beside[connection]?.generation == status.generation { known.beside[connection] = nil }
      return (nil, nil)
    }
    if let change { save(connection, change, onCallersThread: true) }
    if let fallOver, !offer(fallOver, onCallersThread: true) { note(connection, status) }
  }

  /// Takes over what the vault says of the credential that stands beside the live one, before a check of it starts.
  func noteBeside(_ connection: String, _ status: CredentialStatus) {
    let change = known.withLock { known -> ConnectionKnowledge.Change? in
      let former = known.beside[connection].flatMap { $0.generation == status.generation ? $0 : nil }
      if let former {
        guard former.saving == 0 else { return nil }
        if let change = former.unsaved, !change.isOlder(than: status) {
          guard !keepsNothing else { return nil }
          known.beside[connection]?.saving += 1
          return change
        }
      }
      known.beside[connection] = ConnectionKnowledge(status, after: former)
      return nil
    }
    if let change { save(connection, change, onCallersThread: true) }
  }

  /// Tells, once, that the end of an active credential has come near: also of one that nothing was sent with.
  /// - Parameter version: from before the status was read: `version` or, for a list, `versions`.
  func lookAt(
    _ connection: String, _ status: CredentialStatus, asOf version: UInt64, at now: Timestamp = .now
  ) {
    guard status.state == .active, !status.isRejected, status.expiry.isNear(at: now) else { return }
    note(connection, status, asOf: version)
    let change = known.withLock { known -> ConnectionKnowledge.Change? in
      guard let change = known[connection, status.generation]?.look(at: now) else { return nil }
      known[connection, status.generation]?.saving += 1
      return change
    }
    if let change { save(connection, change, onCallersThread: true) }
  }

  /// What the vault says of a connection, with what is known here and is not in the vault yet, or never will be where
  /// that is read only.
  func completed(_ status: ConnectionStatus) -> ConnectionStatus {
    known.withLock { known in
      var status = status
      if let entry = known[status.id, status.live.generation] { status.live = entry.completed(status.live) }
      if let beside = status.beside, let entry = known[status.id, beside.generation] {
        status.beside = entry.completed(beside)
      }
      return status
    }
  }

  /// Writes down what could not be written so far. On a thread that the product has lent.
  func settle() {
    guard !keepsNothing else { return }
    let (changes, fallOvers) = known.withLock { known -> ([(String, ConnectionKnowledge.Change)], [FallOver]) in
      var changes: [(String, ConnectionKnowledge.Change)] = []
      var fallOvers: [FallOver] = []
      for (connection, entry) in known.live {
        if let fallOver = entry.fallOver, !entry.isFallingOver {
          known.live[connection]?.isFallingOver = true
          fallOvers.append(fallOver)
        } else if let change = entry.unsaved, entry.saving == 0 {
          known.live[connection]?.saving += 1
          changes.append((connection, change))
        }
      }
      for (connection, entry) in known.beside {
        if let change = entry.unsaved, entry.saving == 0 {
          known.beside[connection]?.saving += 1
          changes.append((connection, change))
        }
      }
      return (changes, fallOvers)
    }
    for (connection, change) in changes { save(connection, change, onCallersThread: true) }
    for fallOver in fallOvers { _ = offer(fallOver, onCallersThread: true) }
  }

  /// How many requests with this credential may be under way: SAP locks a user after three failed logons, so one until
  /// it is proven.
  /// - Parameters:
  ///   - limit: most once it is proven; nil: any number.
  ///   - rejections: how many a check ignores, from `rejections`; nil: no check.
  func passage(_ connection: String, generation: Int64, limit: Int?, ignoring rejections: UInt64?) -> Turn.Passage {
    known.withLock { known in
      guard let entry = known[connection, generation] else {
        // Replaced while it waited; another request with it was rejected.
        let isRejected = known.live[connection]?.rejectedBefore.contains(generation) ?? false
        return isRejected ? .refused(Self.rejected(connection, "")) : .limited(to: 1)
      }
      // A person's check is sent all the same, but a crowd of checks is one attempt too.
      if entry.isRejected, entry.rejections != rejections { return .refused(Self.rejected(connection, "")) }
      if !entry.worksHere { return .limited(to: 1) }
      return limit.map { .limited(to: $0) } ?? .free
    }
  }

  /// The credential was taken by the token endpoint, or by the API that it is sent to.
  func accepted(_ connection: String, generation: Int64) {
    known.withLock { $0[connection, generation]?.worksHere = true }
  }

  func rejections(_ connection: String, generation: Int64) -> UInt64 {
    known.withLock { $0[connection, generation]?.rejections ?? 0 }
  }

  /// Asks again right before a credential is sent: another request may have been rejected meanwhile.
  func mayStillSend(_ connection: String, generation: Int64) -> Bool {
    known.withLock { known in
      if let entry = known[connection, generation] { return !entry.isRejected }
      return !(known.live[connection]?.rejectedBefore.contains(generation) ?? false)
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
        known[connection, generation]?.rejections += 1
        if known.live[connection]?.generation != generation {
          known.live[connection]?.rejectedBefore.insert(generation)
        }
      }
      guard let change = known[connection, generation]?.take(outcome, of: place, isCheck: isCheck, at: now) else {
        return nil
      }
      known[connection, generation]?.saving += 1
      return change
    }
    if let change { save(connection, change, onCallersThread: false) }
  }

  /// Whether the vault can be asked here and now. A store of the product's waits for its next call.
  func canKeep(onCallersThread: Bool) -> Bool { onCallersThread || !vault.store.needsCallersThread }

  /// A vault that is open for reading alone takes nothing: what is learned stands in this process, and is told.
  var keepsNothing: Bool { vault.store.readOnlyReason != nil }

  /// Offers the vault a change. Other writers are not waited for: on the I/O thread, every call of the instance would
  /// wait with it.
  private func save(_ connection: String, _ change: ConnectionKnowledge.Change, onCallersThread: Bool) {
    guard !keepsNothing else {
      stand(connection, change)
      return
    }
    let canKeep = canKeep(onCallersThread: onCallersThread)
    let saved = Result { () throws(S4Error) in
      try vault.setState(
        connection: connection, generation: change.generation, state: change.state, lastErrorCode: change.code,
        rejected: change.isRejection, proven: change.isProof, clearsRejection: change.isCheck, at: change.at,
        briefly: !(onCallersThread && vault.store.needsCallersThread))
    }
    let (isLive, isNews) = known.withLock { known -> (Bool, Bool) in
      let isLive = known.live[connection].map { $0.generation == change.generation } ?? true
      guard var entry = known[connection, change.generation] else { return (isLive, false) }
      defer { known[connection, change.generation] = entry }
      entry.saving -= 1
      entry.version += 1
      switch saved {
      case .success:
        if let waiting = entry.unsaved, waiting.order <= change.order { entry.unsaved = nil }
        if let pending = entry.pending, pending.order <= change.order { entry.pending = nil }
        return (isLive, false)
      case .failure:
        let wasSaved = entry.unsaved == nil
        if (entry.unsaved?.order ?? 0) <= change.order { entry.unsaved = change }
        return (isLive, wasSaved)
      }
    }
    switch saved {
    case .success(let previous):
      // The connection's state is that of its live credential.
      if let previous, isLive { tell(connection, from: previous, change) }
    case .failure(let error):
      // The change stands in this process; the event says, once, that others do not know it.
      if !canKeep {
        events.wake()
      } else if isNews, error.code != .closed {
        tellUnsaved(connection, to: change.state, at: change.at, error)
      }
    }
  }

  /// Lets a change stand in this process alone.
  private func stand(_ connection: String, _ change: ConnectionKnowledge.Change) {
    let isLive = known.withLock { known -> Bool in
      let isLive = known.live[connection].map { $0.generation == change.generation } ?? true
      guard var entry = known[connection, change.generation] else { return false }
      entry.saving -= 1
      entry.version += 1
      if (entry.unsaved?.order ?? 0) <= change.order { entry.unsaved = change }
      known[connection, change.generation] = entry
      return isLive
    }
    if isLive, change.from != change.state { tell(connection, from: change.from, change) }
  }
}
