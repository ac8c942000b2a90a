// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

/// What was learned about a connection's credential.
enum ConnectionOutcome: Sendable {
  /// The token endpoint took the credential; the API has not been asked.
  case minted
  /// The API answered, or a check went through.
  case proven
  case failed(S4Error)

  /// SAP's or the token endpoint's code, else the HTTP status, else ours; nil for a success.
  var code: String? {
    guard case .failed(let error) = self else { return nil }
    if !error.sapCode.isEmpty { return error.sapCode }
    return error.httpStatus > 0 ? String(error.httpStatus) : "\(error.code)"
  }

  /// The state that follows; nil: what was known stays.
  func state(after state: ConnectionState) -> ConnectionState? {
    switch self {
    case .minted: state == .new || state == .expired ? .active : nil
    case .proven: .active
    case .failed(let error):
      switch error.code {
      case .credentialExpired: .expired
      case .unauthorised: .unauthorised
      case .unreachable, .timedOut, .tlsRefused: .unreachable
      default: nil
      }
    }
  }
}

/// What this process knows of a connection, and what an outcome makes of it. Without I/O.
struct ConnectionKnowledge: Sendable {
  /// What there is to write and to tell.
  struct Change: Equatable, Sendable {
    var state: ConnectionState
    var isProof: Bool
    var isRejection: Bool
  }

  var generation: Int64
  var state: ConnectionState
  var isRejected: Bool
  var provenAt: Timestamp?
  /// Changes on their way into the vault: until they are there, this entry knows more than the vault.
  var unsaved = 0

  /// A proof is written at most this often while nothing changes, in milliseconds: a commit per page would cost more
  /// than the page.
  static let proofInterval: Int64 = 600_000

  /// - Parameter isCheck: a person asked; only such a proof ends a rejection.
  mutating func take(_ outcome: ConnectionOutcome, isCheck: Bool, at now: Timestamp) -> Change? {
    guard let next = outcome.state(after: state) else { return nil }
    let isRejection = next == .expired
    let isProof = next == .active
    // A page that was under way with an older token says nothing about the secret that was rejected meanwhile.
    guard !isRejected || isRejection || (isProof && isCheck) else { return nil }
    let age = provenAt.map { now.milliseconds &- $0.milliseconds } ?? Int64.max
    guard state != next || isRejected != isRejection || (isProof && age > Self.proofInterval) else { return nil }
    state = next
    isRejected = isRejection
    if isProof { provenAt = now }
    return Change(state: next, isProof: isProof, isRejection: isRejection)
  }
}

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

  /// Takes over what the vault says, before an operation starts.
  /// - Throws: `credentialExpired` where this credential was rejected, by any process, and has not changed since.
  func admit(_ connection: String, _ status: ConnectionStatus) throws(S4Error) {
    note(connection, status)
    if status.isRejected { throw Self.rejected(connection, status.lastErrorCode ?? "") }
  }

  /// Takes over what the vault says.
  func note(_ connection: String, _ status: ConnectionStatus) {
    known.withLock { known in
      if let entry = known[connection], entry.unsaved > 0, entry.generation == status.generation { return }
      known[connection] = ConnectionKnowledge(
        generation: status.generation, state: status.state, isRejected: status.isRejected, provenAt: status.lastProof)
    }
  }

  /// Asks again right before a credential is sent: another request may have been rejected meanwhile.
  func mayStillSend(_ connection: String, generation: Int64) -> Bool {
    known.withLock { known in
      guard let entry = known[connection], entry.generation == generation else { return true }
      return !entry.isRejected
    }
  }

  static func rejected(_ connection: String, _ code: String) -> S4Error {
    S4Error(
      .credentialExpired,
      "the credential of connection \(connection) was rejected before and is not sent again: put "
        + "the new one, or ask for a check", sapCode: code, target: connection)
  }

  /// Takes in an outcome. Called on the I/O thread: a change of state is rare, and its write is one short commit.
  func report(_ connection: String, generation: Int64, _ outcome: ConnectionOutcome, isCheck: Bool) {
    let now = Timestamp.now
    let change = known.withLock { known -> ConnectionKnowledge.Change? in
      guard known[connection]?.generation == generation,
        let change = known[connection]?.take(outcome, isCheck: isCheck, at: now)
      else { return nil }
      known[connection]?.unsaved += 1
      return change
    }
    guard let change else { return }
    defer { known.withLock { $0[connection]?.unsaved -= 1 } }
    let previous: ConnectionState?
    do throws(S4Error) {
      previous = try vault.setState(
        connection: connection, generation: generation, state: change.state, lastErrorCode: outcome.code,
        rejected: change.isRejection, proven: change.isProof, clearsRejection: isCheck, at: now)
    } catch {
      // The change stands in this process; the event says that others do not know it.
      events.push(Self.unsaved(connection, change.state, error, at: now))
      return
    }
    guard let previous else { return }
    events.push(Self.change(connection, from: previous, to: change.state, outcome, at: now))
  }

  private static func change(
    _ connection: String, from: ConnectionState, to: ConnectionState, _ outcome: ConnectionOutcome,
    at: Timestamp
  ) -> String {
    var message: String?
    if case .failed(let error) = outcome { message = error.message }
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "connection_state")
      event.member("connection", connection)
      event.member("from", from.rawValue)
      event.member("to", to.rawValue)
      event.member("recovered", to == .active && from != .new)
      event.member("at", at.iso8601)
      event.member("code", outcome.code)
      event.member("message", message)
    }
    return writer.text
  }

  private static func unsaved(
    _ connection: String, _ state: ConnectionState, _ error: S4Error, at: Timestamp
  ) -> String {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "state_not_saved")
      event.member("connection", connection)
      event.member("to", state.rawValue)
      event.member("at", at.iso8601)
      event.member("message", error.message)
    }
    return writer.text
  }
}
