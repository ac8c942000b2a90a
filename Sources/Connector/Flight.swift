// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// The requests that an operation has in the air, so that they can be cancelled together.
final class Flight: Sendable {
  private struct State {
    var tickets: [Engine.Ticket] = []
    var isCancelled = false
    var onCancel: (@Sendable () -> Void)?
  }

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
    let ticket = engine.submit(request, completion: completion)
    let isLate = state.withLock { state in
      state.tickets.append(ticket)
      return state.isCancelled
    }
    if isLate { engine.cancel(ticket) }
  }

  /// Runs `action` when the flight is cancelled, or at once where it was.
  func whenCancelled(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock { state in
      state.onCancel = action
      return state.isCancelled
    }
    if isLate { action() }
  }

  func cancel() {
    let (tickets, action) = state.withLock { state in
      state.isCancelled = true
      return (state.tickets, state.onCancel)
    }
    for ticket in tickets { engine.cancel(ticket) }
    action?()
  }
}
