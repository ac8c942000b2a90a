// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets
import Synchronization

// Tokens: minted for a request that waits, or ahead of the next one.
extension TokenSource {
  /// Starts minting the token of the next request, unless there is one, or none is needed, or all share one.
  func prefetch(deadline: Deadline) {
    guard policy == .perRequest else { return }
    let wanted = state.withLock { state -> (Credential, ClientCredentials)? in
      guard case .clientCredentials(let client) = state.current.settings.auth, case .empty = state.slot,
        !state.isFinished
      else { return nil }
      state.slot = .minting(generation: state.current.generation)
      return (state.current, client)
    }
    guard let (credential, client) = wanted else { return }
    // Weak: a surplus mint must not keep a freed cursor's secrets alive.
    mint(credential, client, prefetchFlight, deadline) { [weak self] result in
      self?.prefetched(result, of: credential.generation)
    }
  }

  /// Mints a token only to see that the endpoint gives one.
  func mintAndDiscard(
    _ flight: Flight, deadline: Deadline, completion: @escaping @Sendable (Result<TokenFacts?, S4Error>) -> Void
  ) {
    let credential = current
    guard case .clientCredentials(let client) = credential.settings.auth else {
      completion(.success(nil))
      return
    }
    mint(credential, client, flight, deadline) { result in completion(result.map { TokenFacts($0) }) }
  }

  private enum Step {
    case use(Token)
    case wait
    case mint
    case mintForAll
  }

  /// Gives the token that is there, waits for the one that is on its way, or mints one.
  func supplyToken(_ want: Want, _ credential: Credential, _ client: ClientCredentials) {
    let step = state.withLock { state -> Step in
      guard state.current.generation == credential.generation else { return .mint }
      switch state.slot {
      case .ready(let token), .shared(let token):
        if !token.isStale {
          state.slot = policy == .perCall ? .shared(token) : .empty
          return .use(token)
        }
        // It aged while the product looked at its page.
        _ = Self.emptySlot(&state)
      case .minting:
        state.waiters.append(Waiter(want: want, credential: credential))
        return .wait
      case .empty: break
      }
      guard policy == .perCall else { return .mint }
      state.slot = .minting(generation: credential.generation)
      state.waiters.append(Waiter(want: want, credential: credential))
      return .mintForAll
    }
    switch step {
    case .use(let token):
      want.completion(.success(Pass(credential: credential, authorization: token.authorization)))
      return
    case .mint:
      mintNow(want, credential, client)
      return
    case .wait, .mintForAll:
      want.flight.whenCancelled { [weak self, weak flight = want.flight] in self?.endWait(of: flight) }
    }
    guard case .mintForAll = step else { return }
    // Not in the flight of the one that asked first: its end is not that of the others.
    mint(credential, client, prefetchFlight, want.deadline) { [weak self] result in
      self?.prefetched(result, of: credential.generation)
    }
  }

  /// The API did not take the token: the next request gets another.
  func refused(_ pass: Pass) {
    state.withLock { state in
      if case .shared(let token) = state.slot, token.authorization === pass.authorization { state.slot = .empty }
    }
  }

  /// Mints for a request that waits for it.
  private func mintNow(_ want: Want, _ credential: Credential, _ client: ClientCredentials) {
    mint(credential, client, want.flight, want.deadline) { [self] result in
      switch result {
      case .success(let token):
        state.withLock { $0.minted += 1 }
        want.completion(.success(Pass(credential: credential, authorization: token.authorization)))
      case .failure(let error): goOn(want, after: credential, error)
      }
    }
  }

  private func mint(
    _ credential: Credential, _ client: ClientCredentials, _ flight: Flight, _ deadline: Deadline,
    _ completion: @escaping @Sendable (Result<Token, S4Error>) -> Void
  ) {
    let rule = RetryRule(.none, limit: retries)
    mint(credential, client, flight, deadline, rule, RequestID.make(), completion)
  }

  /// - Parameter id: of the request, and of all that repeat it.
  private func mint(
    _ credential: Credential, _ client: ClientCredentials, _ flight: Flight, _ deadline: Deadline, _ rule: RetryRule,
    _ id: String, _ completion: @escaping @Sendable (Result<Token, S4Error>) -> Void
  ) {
    guard let moment = mints.pace.reserve(client.tokenOrigin, by: deadline) else {
      completion(
        .failure(
          S4Error(
            .throttled,
            "the token endpoint \(client.tokenOrigin.host) is asked for as many tokens as it gives, until the deadline "
              + "of this operation: give more time, or ask for less at a time", isRetryable: true,
            target: connection)))
      return
    }
    flight.pause(until: moment) { [self] pause in
      switch pause {
      case .success: mintAtOnce(credential, client, flight, deadline, rule, id, completion)
      case .failure(let error): completion(.failure(error))
      }
    }
  }

  private func mintAtOnce(
    _ credential: Credential, _ client: ClientCredentials, _ flight: Flight, _ deadline: Deadline, _ rule: RetryRule,
    _ id: String, _ completion: @escaping @Sendable (Result<Token, S4Error>) -> Void
  ) {
    guard mayBeSent(credential) else {
      completion(.failure(ConnectionMonitor.rejected(connection, "")))
      return
    }
    var request = client.tokenRequest(deadline: deadline, trust: credential.settings.trust)
    request.turn = turn(of: credential)
    request.identity = identity(of: credential)
    request.version = version
    request.headers.append("X-Request-Id: " + id)
    request.label.connection = connection
    request.label.id = id
    request.label.attempt = rule.repeats + 1
    flight.send(request) { [self] result in
      // Minting again costs at most a token that nobody uses.
      let ending = RetryRule.Ending(result)
      var rule = rule
      let verdict = rule.verdict(
        after: ending, remaining: flight.isCancelled ? 0 : deadline.remainingMilliseconds)
      if case .again(let milliseconds) = verdict {
        let moment = Deadline(milliseconds: milliseconds)
        if case .answer(status: 429, _) = ending { mints.pace.hold(client.tokenOrigin, until: moment) }
        state.withLock { $0.retries += 1 }
        flight.pause(until: moment) { [self, rule] pause in
          switch pause {
          case .success: mint(credential, client, flight, deadline, rule, id, completion)
          case .failure(let error): completion(.failure(error))
          }
        }
        return
      }
      // Longer than this request can wait: others that could are spared the question.
      if case .answer(status: 429, let wait?) = ending {
        mints.pace.hold(client.tokenOrigin, until: Deadline(milliseconds: wait))
      }
      let token = Result<Token, S4Error> { () throws(S4Error) in
        try Token.read(try result.get(), origin: client.tokenOrigin)
      }.mapError { $0.labelled(id) }
      switch token {
      case .success(let token):
        mints.add()
        accepted(credential)
        state.withLock { $0.last = TokenFacts(token) }
        report(.minted, of: credential)
      case .failure(let error): report(.failed(error), of: credential)
      }
      completion(token)
    }
  }

  private func prefetched(_ result: Result<Token, S4Error>, of generation: Int64) {
    let (waiters, isWanted) = state.withLock { state -> ([Waiter], Bool) in
      let waiters = state.waiters.filter { $0.credential.generation == generation }
      state.waiters.removeAll { $0.credential.generation == generation }
      // `finish`, or the step to the standby, has counted it already: a mint counts once.
      guard case .minting(generation) = state.slot else { return (waiters, false) }
      if case .success = result { state.minted += 1 }
      if case .success(let token) = result, waiters.isEmpty || policy == .perCall {
        state.slot = waiters.isEmpty ? .ready(token) : .shared(token)
      } else {
        // Given to the waiter; a failure is told by the next mint of its own.
        state.slot = .empty
      }
      return (waiters, true)
    }
    switch result {
    case .success(let token) where isWanted:
      // One token, one request: the last that came is the one whose call is still wanted. Or one for all of them.
      let served = policy == .perCall ? waiters[...] : waiters.suffix(1)
      for waiter in served {
        waiter.want.completion(.success(Pass(credential: waiter.credential, authorization: token.authorization)))
      }
      for waiter in waiters.dropLast(served.count) { mintInstead(of: nil, for: waiter) }
    case .success:
      for waiter in waiters { mintInstead(of: nil, for: waiter) }
    case .failure(let error):
      for waiter in waiters {
        // A mint for all ran under the waiters' own deadline: its failure is theirs.
        if policy == .perCall {
          goOn(waiter.want, after: waiter.credential, error)
        } else {
          mintInstead(of: error, for: waiter)
        }
      }
    }
  }

  /// The mint made ahead ran under the deadline of the request before and may have met a passing fault: the waiter's
  /// request is as good as any to try again, unless it would send a rejected credential or nobody wants it any more.
  private func mintInstead(of error: S4Error?, for waiter: Waiter) {
    let isFinished = state.withLock { $0.isFinished }
    guard !isFinished, !waiter.want.deadline.hasPassed else {
      waiter.want.completion(.failure(error ?? .cancelled))
      return
    }
    if let error, !error.isRetryable {
      goOn(waiter.want, after: waiter.credential, error)
    } else {
      supply(waiter.want)
    }
  }

  /// Ends the wait of a flight that was cancelled; one that has had its token since may not end another's.
  private func endWait(of flight: Flight?) {
    let waiter = state.withLock { state -> Waiter? in
      guard let index = state.waiters.firstIndex(where: { $0.want.flight === flight }) else { return nil }
      return state.waiters.remove(at: index)
    }
    waiter?.want.completion(.failure(.cancelled))
  }
}

/// Tokens minted by an instance, and how fast that may go.
final class Mints: Sendable {
  let pace: MintPace
  private let count = Atomic<UInt64>(0)

  init(perSecond: Int) {
    pace = MintPace(perSecond: perSecond)
  }

  func add() { count.add(1, ordering: .relaxed) }
  var value: UInt64 { count.load(ordering: .relaxed) }
}

/// What may be told of a token.
struct TokenFacts: Sendable {
  let type: String
  let scope: String
  /// Seconds; nil where the endpoint did not say.
  let expiresIn: Int64?

  init(_ token: Token) {
    type = token.type
    scope = token.scope
    expiresIn = token.expiresIn
  }
}
