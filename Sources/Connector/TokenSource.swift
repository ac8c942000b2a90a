// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets

/// Gives each request of one operation what it shows to the API: with client credentials a token that is minted for that
/// request, used once and wiped (`MintPolicy.perRequest`), or one that all of them share (`perCall`); with HTTP Basic the user's header; else a client certificate.
///
/// The cost of minting is hidden by `prefetch`: while one request is on its way, the next one's token is minted.
/// When the tenant rejects the credential, a proven one that stands beside it takes over: see `TokenSource+Standby`.
final class TokenSource: Sendable {
  typealias Completion = @Sendable (Result<Pass, S4Error>) -> Void

  /// What one request carries, and which credential it belongs to: its origin and no other is where it goes.
  struct Pass: Sendable {
    let credential: Credential
    /// nil: the certificate is all that is shown.
    let authorization: SecretBytes?

    /// What is shown to the API in the handshake. A certificate of an OAuth client goes to its token endpoint alone.
    var certificate: ClientCertificate? {
      if case .certificate(let certificate) = credential.settings.auth { certificate } else { nil }
    }
  }

  /// A request that needs a pass.
  struct Want: Sendable {
    let flight: Flight
    let deadline: Deadline
    /// The one origin that the request may go to, since it follows a link that came from there; nil: the credential's.
    let origin: Origin?
    let completion: Completion

    func isMet(by credential: Credential) -> Bool { origin.map { $0 == credential.settings.origin } ?? true }
  }

  /// What there is of the next request's token; of the current credential alone.
  enum Slot {
    case empty
    case minting(generation: Int64)
    case ready(Token)
    /// Sent before, and still good for others of this operation.
    case shared(Token)
  }

  /// A request that waits for the token that is being minted, ahead or for all.
  struct Waiter {
    let want: Want
    let credential: Credential
  }

  struct State {
    var current: Credential
    /// Proven, and not used yet; nil: there is none (any more).
    var standby: Credential?
    var slot = Slot.empty
    /// More than one where a call was cancelled and the next one started before the first had come to its end.
    var waiters: [Waiter] = []
    var minted: UInt64 = 0
    var unused: UInt64 = 0
    var retries: UInt64 = 0
    var isFinished = false
    var last: TokenFacts?
  }

  let connection: String
  let engine: Engine
  let monitor: ConnectionMonitor
  let mints: Mints
  /// The API's too: where both are one host, they share connections.
  let version: HTTPRequest.Version
  /// Retries of a token request, at most.
  let retries: Int
  let policy: MintPolicy
  /// A check of many services says what the API means for the connection itself, at its end.
  let tellsCredentialAlone: Bool
  /// A check may send a credential that was rejected before: a person asked for it.
  let ignoresRejection: Bool
  /// How many it ignores; nil: none.
  let ignoredRejections: UInt64?
  let state: Locked<State>
  let prefetchFlight: Flight

  /// - Parameter standby: a proven credential that takes over when this one is rejected; none in a check.
  init(
    connection: String, credential: Credential, standby: Credential? = nil, engine: Engine, monitor: ConnectionMonitor,
    mints: Mints, version: HTTPRequest.Version = .http11, retries: Int = RetryRule.usualLimit,
    policy: MintPolicy = .perRequest, tellsCredentialAlone: Bool = false, ignoresRejection: Bool = false
  ) {
    self.connection = connection
    self.engine = engine
    self.monitor = monitor
    self.mints = mints
    self.version = version
    self.retries = retries
    self.policy = policy
    self.tellsCredentialAlone = tellsCredentialAlone
    self.ignoresRejection = ignoresRejection
    ignoredRejections =
      ignoresRejection ? monitor.rejections(connection, generation: credential.generation) : nil
    state = Locked(State(current: credential, standby: ignoresRejection ? nil : standby))
    prefetchFlight = Flight(engine: engine)
  }

  deinit {
    prefetchFlight.cancel()
  }

  /// The credential that the next request gets.
  var current: Credential { state.withLock { $0.current } }
  var generation: Int64 { current.generation }

  /// Tokens minted so far, those of them that were wiped without having been sent, and token requests sent again.
  var counts: (minted: UInt64, unused: UInt64, retries: UInt64) {
    state.withLock { ($0.minted, $0.unused, $0.retries) }
  }

  /// What the endpoint said of the token that was minted last.
  var lastToken: TokenFacts? { state.withLock { $0.last } }

  /// Gives what one request carries. The completion runs at once, or on the I/O thread.
  /// - Parameter origin: the only one that the request may go to; nil: the credential's.
  func next(_ flight: Flight, deadline: Deadline, at origin: Origin? = nil, completion: @escaping Completion) {
    supply(Want(flight: flight, deadline: deadline, origin: origin, completion: completion))
  }

  func supply(_ want: Want) {
    let credential = current
    guard want.isMet(by: credential) else {
      want.completion(.failure(movedAway(from: want.origin)))
      return
    }
    guard mayBeSent(credential) else {
      goOn(want, after: credential, ConnectionMonitor.rejected(connection, ""))
      return
    }
    switch credential.settings.auth {
    case .basic(let user, let password):
      let header = BasicHeader.make(user: user, secret: password, isFormEncoded: false)
      want.completion(.success(Pass(credential: credential, authorization: header)))
    case .certificate: want.completion(.success(Pass(credential: credential, authorization: nil)))
    case .clientCredentials(let client): supplyToken(want, credential, client)
    }
  }

  /// Wipes what is left over and counts it. A mint that is still on its way counts as one that came.
  func finish() {
    let isMinting = state.withLock { state -> Bool in
      state.isFinished = true
      return Self.emptySlot(&state)
    }
    if isMinting { prefetchFlight.cancel() }
  }

  /// - Returns: whether a mint is on its way that nobody wants any more.
  static func emptySlot(_ state: inout State) -> Bool {
    defer { state.slot = .empty }
    switch state.slot {
    case .empty, .shared: return false
    case .ready:
      state.unused += 1
      return false
    case .minting:
      state.minted += 1
      state.unused += 1
      return true
    }
  }

  /// Tells the monitor what the tenant said of a credential.
  func report(_ outcome: ConnectionOutcome, of credential: Credential, at place: String? = nil) {
    guard !tellsCredentialAlone || outcome.isOfCredential else { return }
    monitor.report(connection, generation: credential.generation, outcome, of: place, isCheck: ignoresRejection)
  }

  func accepted(_ credential: Credential) {
    monitor.accepted(connection, generation: credential.generation)
  }

  func identity(of credential: Credential) -> String { connection + "#" + String(credential.generation) }

  func mayBeSent(_ credential: Credential) -> Bool {
    ignoresRejection || monitor.mayStillSend(connection, generation: credential.generation)
  }
}
