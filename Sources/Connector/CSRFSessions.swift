// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// The CSRF sessions of a client, one for each service: token and cookies, leased together to every write, fetched once
/// however many wait for it, and kept until the tenant demands another. They are credentials: dropped as soon as the
/// connection has another credential.
/// Source: SAP Gateway, "Cross-Site Request Forgery Protection"; DESIGN "CSRF sessions".
final class CSRFSessions: Sendable {
  /// A session as it was leased: its number names it when it turns out not to count any more.
  struct Lease: Sendable {
    let number: UInt64
    let place: Place
    /// nil: the service gave none, and may want none.
    let grant: SessionGrant?
  }

  typealias Completion = @Sendable (Result<Lease, S4Error>) -> Void
  /// Asks the tenant for a session.
  typealias Fetch = @Sendable (@escaping @Sendable (Result<SessionGrant?, S4Error>) -> Void) -> Void

  private struct Waiter: Sendable {
    let id: UInt64
    let fetch: Fetch
    let completion: Completion
  }

  private enum Slot: Sendable {
    case ready(Lease)
    /// Somebody fetches it; the others wait.
    case fetching([Waiter])
  }

  private struct State: Sendable {
    /// Of the credential that counts.
    var generation: Int64 = 0
    var slots: [Place: Slot] = [:]
    var next: UInt64 = 1
  }

  /// What a session is for.
  struct Place: Hashable, Sendable {
    /// Path of the service's root.
    let service: String
    /// Of the credential that the session was granted to.
    let generation: Int64
  }

  private let state = Locked(State())

  /// Gives a session. The completion runs at once, or on the I/O thread.
  /// - Parameter fetch: used where there is none.
  /// - Returns: names the wait, for `endWait`.
  @discardableResult
  func lease(_ place: Place, fetch: @escaping Fetch, completion: @escaping Completion) -> UInt64 {
    let (id, ready, mustFetch) = state.withLock { state -> (UInt64, Lease?, Bool) in
      let id = state.next
      state.next += 1
      if state.generation != place.generation {
        // What another credential was granted goes; what is being fetched for it still serves those that wait for it.
        state.generation = place.generation
        state.slots = state.slots.filter { if case .fetching = $0.value { true } else { false } }
      }
      switch state.slots[place] {
      case .ready(let lease): return (id, lease, false)
      case .fetching(let waiters):
        state.slots[place] = .fetching(waiters + [Waiter(id: id, fetch: fetch, completion: completion)])
        return (id, nil, false)
      case nil:
        state.slots[place] = .fetching([])
        return (id, nil, true)
      }
    }
    if let ready { completion(.success(ready)) }
    if mustFetch { run(fetch, place, completion) }
    return id
  }

  /// The tenant does not take this session any more: the next write fetches another.
  func drop(_ lease: Lease) {
    state.withLock { state in
      guard case .ready(let kept) = state.slots[lease.place], kept.number == lease.number else { return }
      state.slots[lease.place] = nil
    }
  }

  /// Ends a wait that nobody wants any more.
  func endWait(_ id: UInt64, at place: Place, _ error: S4Error) {
    let waiter = state.withLock { state -> Waiter? in
      guard case .fetching(var waiters) = state.slots[place], let index = waiters.firstIndex(where: { $0.id == id })
      else { return nil }
      let waiter = waiters.remove(at: index)
      state.slots[place] = .fetching(waiters)
      return waiter
    }
    waiter?.completion(.failure(error))
  }

  private func run(_ fetch: Fetch, _ place: Place, _ completion: @escaping Completion) {
    fetch { [self] result in
      // The end of one call is not that of the others: one of them fetches. What the tenant refused, it refused all.
      var isOwn = false
      if case .failure(let error) = result { isOwn = error.code == .cancelled || error.code == .timedOut }
      let (waiters, heir, lease) = state.withLock { state -> ([Waiter], Waiter?, Lease) in
        var waiters: [Waiter] = []
        let lease = Lease(number: state.next, place: place, grant: (try? result.get()) ?? nil)
        state.next += 1
        if case .fetching(let waiting) = state.slots[place] { waiters = waiting }
        if isOwn, let heir = waiters.first {
          // The rest waits on where `endWait` finds it.
          state.slots[place] = .fetching(Array(waiters.dropFirst()))
          return ([], heir, lease)
        }
        // What nobody granted is not kept: the next write asks again.
        state.slots[place] = lease.grant != nil && state.generation == place.generation ? .ready(lease) : nil
        return (waiters, nil, lease)
      }
      let outcome = result.map { _ in lease }
      completion(outcome)
      for waiter in waiters { waiter.completion(outcome) }
      if let heir { run(heir.fetch, place, heir.completion) }
    }
  }
}
