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

/// Watches the connections of an instance: keeps a rejected credential from being sent again, and tells each change of
/// state once, to the vault and to the event queue.
final class ConnectionMonitor: Sendable {
  private struct Known {
    var generation: Int64
    var state: ConnectionState
    var isRejected: Bool
    var provenAt: Timestamp?
    /// Changes on their way into the vault: until they are there, this entry knows more than the vault.
    var unsaved = 0
  }

  private let vault: Vault
  private let events: EventQueue
  private let known = Locked<[String: Known]>([:])

  /// A proof is written to the vault at most this often while nothing changes: a commit per page would cost more than
  /// the page.
  private static let proofInterval: Int64 = 600_000

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
      known[connection] = Known(
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
  func report(_ connection: String, generation: Int64, _ outcome: ConnectionOutcome) {
    let now = Timestamp.now
    var code: String?
    var isRejection = false
    if case .failed(let error) = outcome {
      code = error.sapCode.isEmpty ? String(error.httpStatus) : error.sapCode
      isRejection = error.code == .credentialExpired
    }
    let change = known.withLock { known -> (ConnectionState, Bool)? in
      guard var entry = known[connection], entry.generation == generation,
        let next = outcome.state(after: entry.state)
      else { return nil }
      let isProof = next == .active
      let proofAge = entry.provenAt.map { now.milliseconds &- $0.milliseconds } ?? Int64.max
      guard entry.state != next || entry.isRejected != isRejection || (isProof && proofAge > Self.proofInterval) else {
        return nil
      }
      entry.state = next
      entry.isRejected = isRejection
      if isProof { entry.provenAt = now }
      entry.unsaved += 1
      known[connection] = entry
      return (next, isProof)
    }
    guard let (next, isProof) = change else { return }
    defer { known.withLock { $0[connection]?.unsaved -= 1 } }
    let previous: ConnectionState?
    do throws(S4Error) {
      previous = try vault.setState(
        connection: connection, generation: generation, state: next, lastErrorCode: code, rejected: isRejection,
        proven: isProof, at: now)
    } catch {
      // The change stands in this process; the event says that others do not know it.
      events.push(Self.unsaved(connection, next, error, at: now))
      return
    }
    guard let previous else { return }
    events.push(Self.change(connection, from: previous, to: next, outcome, code: code, at: now))
  }

  private static func change(
    _ connection: String, from: ConnectionState, to: ConnectionState, _ outcome: ConnectionOutcome, code: String?,
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
      event.member("code", code)
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
