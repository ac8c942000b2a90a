// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

extension Exchange {
  /// Gives a CSRF session of a service: the client's, or a new one.
  /// - Parameter root: path of the service's root, with its trailing slash: S/4 redirects without it.
  func leaseSession(_ root: String, _ completion: @escaping CSRFSessions.Completion) {
    let place = CSRFSessions.Place(service: root, generation: source.generation)
    // The wait of a call that shares another's fetch ends with its own deadline, or when it is cancelled.
    let end = WaitEnd()
    let id = sessions.lease(
      place,
      fetch: { [self] done in
        fetchSession(root, done)
      }
    ) { [flight] result in
      guard end.isFirst() else { return }
      if let watch = end.watch { flight.end(watch) }
      completion(result)
    }
    guard !end.hasEnded else { return }
    flight.whenCancelled { [sessions] in sessions.endWait(id, at: place, .cancelled) }
    let watch = flight.pause(until: deadline) { [sessions, deadline] _ in
      guard !end.hasEnded, deadline.hasPassed else { return }
      sessions.endWait(
        id, at: place,
        S4Error(.timedOut, "no CSRF token came in time: try again or give more time", isRetryable: true))
    }
    // It may have ended meanwhile, and would leave its watch to the deadline.
    if let watch, !end.keep(watch) { flight.end(watch) }
  }

  private func fetchSession(_ root: String, _ done: @escaping @Sendable (Result<SessionGrant?, S4Error>) -> Void) {
    var ask = ask(.get, root, headers: ["X-CSRF-Token: Fetch"])
    ask.wantsSession = true
    send(ask, .none) { [self] result in
      done(
        result.flatMap { answer -> Result<SessionGrant?, S4Error> in
          // A token counts on an error answer too: some services do not let their root be read.
          if let grant = answer.response.session { return .success(grant) }
          return answer.response.isSuccess ? .success(nil) : .failure(error(answer, target: root))
        })
    }
  }
}

/// Whether a wait has come to its end, and what watches over its time.
private final class WaitEnd: Sendable {
  private let state = Locked((ended: false, watch: Engine.Ticket?.none))

  var hasEnded: Bool { state.withLock { $0.ended } }
  var watch: Engine.Ticket? { state.withLock { $0.watch } }

  func isFirst() -> Bool {
    state.withLock { state in
      defer { state.ended = true }
      return !state.ended
    }
  }

  /// - Returns: false where the wait has ended before.
  func keep(_ watch: Engine.Ticket) -> Bool {
    state.withLock { state in
      if !state.ended { state.watch = watch }
      return !state.ended
    }
  }
}
