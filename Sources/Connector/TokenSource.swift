// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets
import Synchronization

/// Gives each request of one operation its own credential header: with client credentials a token that is minted for
/// that request, used once and wiped (policy `per_request`); with HTTP Basic the user's.
///
/// The cost of minting is hidden by `prefetch`: while one request is on its way, the next one's token is minted.
final class TokenSource: Sendable {
  typealias Completion = @Sendable (Result<SecretBytes, S4Error>) -> Void

  private enum Slot {
    case empty
    case minting
    case ready(Token)
  }

  /// A request that waits for the token that is being minted ahead.
  private struct Waiter {
    let flight: Flight
    let deadline: Deadline
    let completion: Completion
  }

  private struct State {
    var slot = Slot.empty
    /// More than one where a call was cancelled and the next one started before the first had come to its end.
    var waiters: [Waiter] = []
    var minted: UInt64 = 0
    var unused: UInt64 = 0
    var isFinished = false
    var last: TokenFacts?
  }

  let connection: String
  let generation: Int64
  let settings: ConnectionSettings
  private let engine: Engine
  private let monitor: ConnectionMonitor
  private let mintCount: MintCount
  /// The API's too: where both are one host, they share connections.
  private let version: HTTPRequest.Version
  /// A check may send a credential that was rejected before: a person asked for it.
  private let ignoresRejection: Bool
  /// How many it ignores; nil: none.
  private let ignoredRejections: UInt64?
  private let state = Locked(State())
  private let prefetchFlight: Flight

  init(
    connection: String, generation: Int64, settings: ConnectionSettings, engine: Engine, monitor: ConnectionMonitor,
    mintCount: MintCount, version: HTTPRequest.Version = .http11, ignoresRejection: Bool = false
  ) {
    self.connection = connection
    self.generation = generation
    self.settings = settings
    self.engine = engine
    self.monitor = monitor
    self.mintCount = mintCount
    self.version = version
    self.ignoresRejection = ignoresRejection
    ignoredRejections = ignoresRejection ? monitor.rejections(connection) : nil
    prefetchFlight = Flight(engine: engine)
  }

  deinit {
    prefetchFlight.cancel()
  }

  /// Tokens minted so far, and those of them that were wiped without having been sent.
  var counts: (minted: UInt64, unused: UInt64) { state.withLock { ($0.minted, $0.unused) } }

  /// Starts minting the token of the next request, unless there is one or HTTP Basic needs none.
  func prefetch(deadline: Deadline) {
    guard case .clientCredentials(let client) = settings.auth else { return }
    let isNeeded = state.withLock { state in
      guard case .empty = state.slot, !state.isFinished else { return false }
      state.slot = .minting
      return true
    }
    guard isNeeded else { return }
    // Weak: a surplus mint must not keep a freed cursor's secrets alive.
    mint(client, prefetchFlight, deadline) { [weak self] result in self?.prefetched(result) }
  }

  /// Gives the header for one request. The completion runs at once, or on the I/O thread.
  func next(_ flight: Flight, deadline: Deadline, completion: @escaping Completion) {
    guard mayBeSent else {
      completion(.failure(ConnectionMonitor.rejected(connection, "")))
      return
    }
    let client: ClientCredentials
    switch settings.auth {
    case .basic(let user, let password):
      completion(.success(BasicHeader.make(user: user, secret: password, isFormEncoded: false)))
      return
    case .clientCredentials(let credentials): client = credentials
    }
    let (ready, isWaiting) = state.withLock { state -> (Token?, Bool) in
      switch state.slot {
      case .ready(let token):
        state.slot = .empty
        guard token.isStale else { return (token, false) }
        // It aged while the product looked at its page.
        state.unused += 1
        return (nil, false)
      case .minting:
        state.waiters.append(Waiter(flight: flight, deadline: deadline, completion: completion))
        return (nil, true)
      case .empty: return (nil, false)
      }
    }
    if let ready {
      completion(.success(ready.authorization))
    } else if isWaiting {
      flight.whenCancelled { [weak self, weak flight] in self?.endWait(of: flight) }
    } else {
      mintNow(client, flight, deadline, completion)
    }
  }

  /// Mints for a request that waits for it.
  private func mintNow(
    _ client: ClientCredentials, _ flight: Flight, _ deadline: Deadline, _ completion: @escaping Completion
  ) {
    mint(client, flight, deadline) { [self] result in
      if case .success = result { state.withLock { $0.minted += 1 } }
      completion(result.map(\.authorization))
    }
  }

  /// Mints a token only to see that the endpoint gives one.
  func mintAndDiscard(
    _ flight: Flight, deadline: Deadline, completion: @escaping @Sendable (Result<TokenFacts?, S4Error>) -> Void
  ) {
    guard case .clientCredentials(let client) = settings.auth else {
      completion(.success(nil))
      return
    }
    mint(client, flight, deadline) { result in completion(result.map { TokenFacts($0) }) }
  }

  /// What the endpoint said of the token that was minted last.
  var lastToken: TokenFacts? { state.withLock { $0.last } }

  /// Wipes what is left over and counts it. A mint that is still on its way counts as one that came.
  func finish() {
    let isMinting = state.withLock { state -> Bool in
      state.isFinished = true
      defer { state.slot = .empty }
      switch state.slot {
      case .empty: return false
      case .ready: state.unused += 1
      case .minting:
        state.minted += 1
        state.unused += 1
        return true
      }
      return false
    }
    if isMinting { prefetchFlight.cancel() }
  }

  /// Tells the monitor what the API said of this credential.
  func report(_ outcome: ConnectionOutcome, of place: String? = nil) {
    monitor.report(connection, generation: generation, outcome, of: place, isCheck: ignoresRejection)
  }

  /// For each request that carries the credential itself.
  var turn: Turn {
    Turn(key: "\(connection)#\(generation)") {
      [monitor, connection, generation, isBasic = settings.isBasic, ignoredRejections] in
      monitor.passage(connection, generation: generation, isBasic: isBasic, ignoring: ignoredRejections)
    }
  }

  func accepted() {
    monitor.accepted(connection, generation: generation)
  }

  private var mayBeSent: Bool {
    ignoresRejection || monitor.mayStillSend(connection, generation: generation)
  }

  private func mint(
    _ client: ClientCredentials, _ flight: Flight, _ deadline: Deadline, mayRepeat: Bool = true,
    _ completion: @escaping @Sendable (Result<Token, S4Error>) -> Void
  ) {
    guard mayBeSent else {
      completion(.failure(ConnectionMonitor.rejected(connection, "")))
      return
    }
    var request = client.tokenRequest(deadline: deadline, trust: settings.trust)
    request.turn = turn
    request.version = version
    flight.send(request) { [self] result in
      // A kept-alive connection that had died: minting again costs a token that nobody uses.
      if mayRepeat, case .failure(let error) = result, error.isConnectionLost, !deadline.hasPassed {
        mint(client, flight, deadline, mayRepeat: false, completion)
        return
      }
      let token = Result<Token, S4Error> { () throws(S4Error) in
        try Token.read(try result.get(), origin: client.tokenOrigin)
      }
      switch token {
      case .success(let token):
        mintCount.add()
        accepted()
        state.withLock { $0.last = TokenFacts(token) }
        report(.minted)
      case .failure(let error): report(.failed(error))
      }
      completion(token)
    }
  }

  private func prefetched(_ result: Result<Token, S4Error>) {
    let waiters = state.withLock { state -> [Waiter] in
      let waiters = state.waiters
      state.waiters = []
      // `finish` has counted it already, in the same lock as it saw the slot: a mint counts once.
      if case .success = result, !state.isFinished { state.minted += 1 }
      if waiters.isEmpty, case .success(let token) = result, !state.isFinished {
        state.slot = .ready(token)
      } else {
        // Given to the waiter, or nobody wants it; a failure is told by the next mint of its own.
        state.slot = .empty
      }
      return waiters
    }
    switch result {
    case .success(let token):
      // One token, one request: the last that came is the one whose call is still wanted.
      waiters.last?.completion(.success(token.authorization))
      for waiter in waiters.dropLast() { mintInstead(of: nil, for: waiter) }
    case .failure(let error):
      for waiter in waiters { mintInstead(of: error, for: waiter) }
    }
  }

  /// The mint made ahead ran under the deadline of the request before and may have met a passing fault: the waiter's
  /// request is as good as any to try again, unless it would send a rejected credential or nobody wants it any more.
  private func mintInstead(of error: S4Error?, for waiter: Waiter) {
    let isFinished = state.withLock { $0.isFinished }
    guard case .clientCredentials(let client) = settings.auth, !isFinished, !waiter.deadline.hasPassed,
      error.map({ $0.isRetryable && $0.code != .throttled }) ?? true
    else {
      waiter.completion(.failure(error ?? .cancelled))
      return
    }
    mintNow(client, waiter.flight, waiter.deadline, waiter.completion)
  }

  /// Ends the wait of a flight that was cancelled; one that has had its token since may not end another's.
  private func endWait(of flight: Flight?) {
    let waiter = state.withLock { state -> Waiter? in
      guard let index = state.waiters.firstIndex(where: { $0.flight === flight }) else { return nil }
      return state.waiters.remove(at: index)
    }
    waiter?.completion(.failure(.cancelled))
  }
}

/// Tokens minted by an instance, for its status.
final class MintCount: Sendable {
  private let count = Atomic<UInt64>(0)
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
