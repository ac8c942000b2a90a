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
    ) { result in
      if end.isFirst() { completion(result) }
    }
    guard !end.hasEnded else { return }
    flight.whenCancelled { [sessions] in sessions.endWait(id, at: place, .cancelled) }
    flight.pause(until: deadline) { [sessions, deadline] _ in
      guard !end.hasEnded, deadline.hasPassed else { return }
      sessions.endWait(
        id, at: place,
        S4Error(.timedOut, "no CSRF token came in time: try again or give more time", isRetryable: true))
    }
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

/// Whether a wait has come to its end.
private final class WaitEnd: Sendable {
  private let ended = Locked(false)

  var hasEnded: Bool { ended.withLock { $0 } }

  func isFirst() -> Bool {
    ended.withLock { ended in
      defer { ended = true }
      return !ended
    }
  }
}
