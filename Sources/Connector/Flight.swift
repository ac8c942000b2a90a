// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// The requests that an operation has in the air, so that they can be cancelled together.
final class Flight: Sendable {
  private struct State {
    var tickets: [Engine.Ticket] = []
    var isCancelled = false
    var onCancel: [@Sendable () -> Void] = []
  }

  /// More than one operation has in the air at once.
  private static let mostTickets = 64

  private let engine: Engine
  private let state = Locked(State())

  init(engine: Engine) {
    self.engine = engine
  }

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func send(_ request: HTTPRequest, _ completion: @escaping @Sendable (Result<HTTPResponse, S4Error>) -> Void) {
    guard !isCancelled else {
      completion(.failure(.cancelled))
      return
    }
    keep(engine.submit(request, completion: completion))
  }

  /// Lets some time pass. The completion runs at once where there is none to pass, else on the I/O thread.
  /// - Returns: names the pause, for `end`; nil where there was none.
  @discardableResult
  func pause(
    until moment: Deadline, _ completion: @escaping @Sendable (Result<Void, S4Error>) -> Void
  ) -> Engine.Ticket? {
    guard !isCancelled else {
      completion(.failure(.cancelled))
      return nil
    }
    guard !moment.hasPassed else {
      completion(.success(()))
      return nil
    }
    let ticket = engine.pause(until: moment, completion: completion)
    keep(ticket)
    return ticket
  }

  /// Ends a pause that nobody needs any more.
  func end(_ pause: Engine.Ticket) {
    engine.cancel(pause)
  }

  private func keep(_ ticket: Engine.Ticket) {
    let isLate = state.withLock { state in
      // A flight of many requests, such as a cursor's tokens, would gather the ids of all.
      if state.tickets.count >= Self.mostTickets { state.tickets.removeFirst(Self.mostTickets / 2) }
      state.tickets.append(ticket)
      return state.isCancelled
    }
    if isLate { engine.cancel(ticket) }
  }

  /// Runs `action` when the flight is cancelled, or at once where it was.
  func whenCancelled(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      // One operation may wait for several things at once: a session, and the token to fetch it with.
      if state.onCancel.count >= Self.mostTickets { state.onCancel.removeFirst(Self.mostTickets / 2) }
      if !state.isCancelled { state.onCancel.append(action) }
      return state.isCancelled
    }
    if isLate { action() }
  }

  func cancel() {
    let (tickets, actions) = state.withLock { state in
      state.isCancelled = true
      defer { state.onCancel = [] }
      return (state.tickets, state.onCancel)
    }
    for ticket in tickets { engine.cancel(ticket) }
    for action in actions { action() }
  }
}
