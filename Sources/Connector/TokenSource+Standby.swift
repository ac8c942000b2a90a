// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

// The credential that stands beside the live one takes over, once, when the tenant rejects that.
//
// What keeps SAP from locking a user, which it does after three failed logons:
// - A rejected credential goes out no more, whoever waits for its turn: the turnstile refuses them, and each goes over.
// - The standby goes out one request at a time until it has worked here, although it is proven.
// - Where both are passwords of one user, the live one goes out one request at a time too: with two, a wrong standby
//   would be the third failure. So does a check, beside which others may be under way.
extension TokenSource {
  /// What a request that carries the credential itself has to wait for.
  func turn(of credential: Credential) -> Turn {
    // Of a password never more than two, since it may be changed at any moment.
    let limit = credential.settings.lockableUser.map { user in
      ignoresRejection || state.withLock { $0.standby?.settings.lockableUser } == user ? 1 : 2
    }
    return Turn(key: identity(of: credential)) {
      [monitor, connection, generation = credential.generation, ignoredRejections] in
      monitor.passage(connection, generation: generation, limit: limit, ignoring: ignoredRejections)
    }
  }

  /// Gives the request what the standby has, where it was a rejection that ended its try; otherwise ends it.
  func goOn(_ want: Want, after credential: Credential, _ error: S4Error) {
    if !want.flight.isCancelled, !want.deadline.hasPassed, goesOver(from: credential, error, at: want.origin) {
      supply(want)
    } else {
      want.completion(.failure(error))
    }
  }

  /// Goes over to the standby. The rejection itself was reported before, or is known from elsewhere.
  /// - Parameters:
  ///   - error: what ended a request with the credential.
  ///   - origin: the only one that the request may go to; nil: any.
  /// - Returns: whether there is a credential to go on with. A standby at another origin than that is left for the
  ///   next operation.
  func goesOver(from credential: Credential, _ error: S4Error, at origin: Origin?) -> Bool {
    guard error.code == .credentialExpired, !ignoresRejection else { return false }
    let (next, isDone) = state.withLock { state -> (Credential?, Bool) in
      // Another request of this operation has gone over before.
      let isDone = state.current.generation != credential.generation
      return (isDone ? state.current : state.standby, isDone)
    }
    guard let next, origin.map({ $0 == next.settings.origin }) ?? true else { return false }
    if isDone { return true }
    let code = ConnectionOutcome.failed(error).code ?? ""
    let isTaken = monitor.switched(connection, from: credential.generation, to: next, code: code)
    state.withLock { state in
      guard state.current.generation == credential.generation else { return }
      state.standby = nil
      guard isTaken else { return }
      // A token that is being minted, or was, belongs to the old one: requests with such are under way and unharmed.
      _ = Self.emptySlot(&state)
      state.current = next
    }
    return isTaken
  }

  /// The read followed a link of the old host when the standby, which has another, took over.
  func movedAway(from origin: Origin?) -> S4Error {
    S4Error(
      .credentialExpired,
      "the credential of connection \(connection) was rejected, and the one that took over belongs to another host than "
        + "\(origin?.host ?? "this"): start the read anew", target: connection)
  }
}
