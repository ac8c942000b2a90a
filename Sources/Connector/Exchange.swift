// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData
import Secrets

/// Requests of one operation to the API: each gets its own credential, carries a request id, and tells the monitor how
/// the connection stands. A request is sent again, with a new token, as `RetryRule` says.
final class Exchange: Sendable {
  /// What an operation's requests came to, for its receipt.
  struct Tally: Sendable {
    var requests: UInt64 = 0
    var retries: UInt64 = 0
    var bytesWire: Int64 = 0
    var bytes: Int64 = 0
  }

  struct Answer: Sendable {
    var response: HTTPResponse
    var requestID: String
    /// What the request was sent with: its origin is the one that answered.
    var credential: Credential
    /// A CSRF session was asked for and sent, where the service gave one.
    var hadSession: Bool
    /// An attempt before may have been carried out.
    var mayHaveLandedBefore: Bool
  }

  /// A request without what it shows for itself.
  struct Ask: Sendable {
    var method = HTTPRequest.Method.get
    let target: String
    var headers: [String]
    var payload: Body?
    let maximumBody: Int
    /// The only origin that it may go to; nil: the credential's.
    var origin: Origin?
    /// Root of the service that it needs a CSRF session of; nil: none.
    var sessionRoot: String?
    /// The answer goes to the product as it came.
    var isAnswerHandedOn = false
    /// The answer's session is wanted.
    var wantsSession = false
    /// The session was refused before: not a third time.
    var hasNewSession = false
    /// It was sent before, and nothing proves that the tenant did not process it.
    var mayHaveLanded = false
    let id: String
    /// What is closed to the connection where the answer is 401 or 403; nil: that says nothing of it.
    var place: String?
    /// How often it went out before.
    var repeats: UInt32 = 0

    /// What became of the request whose token or session could not be had.
    func unsent(_ error: S4Error) -> S4Error {
      var error = error
      if mayHaveLanded {
        error.outcome = .unknown
      } else if error.outcome == .unknown || error.httpStatus == 408 {
        error.outcome = .notSent
      }
      return error
    }
  }

  typealias Completion = @Sendable (Result<Answer, S4Error>) -> Void

  let source: TokenSource
  let sessions: CSRFSessions
  let flight: Flight
  let deadline: Deadline
  private let options: Client.Options
  private let trace: TraceParent?
  private let tallied = Locked(Tally())
  /// $metadata is the largest answer that is not a page.
  static let maximumMetadata = 64 << 20

  init(
    source: TokenSource, sessions: CSRFSessions, flight: Flight, deadline: Deadline, options: Client.Options,
    trace: TraceParent? = nil
  ) {
    self.source = source
    self.sessions = sessions
    self.flight = flight
    self.deadline = deadline
    self.options = options
    self.trace = trace
  }

  var tally: Tally { tallied.withLock { $0 } }

  /// - Parameters:
  ///   - accept: the type asked for.
  ///   - origin: where the target came from, when it is a next link: it goes nowhere else.
  ///   - isTrial: the service may not be able to do this, and says so with 500.
  ///   - prefetchesNext: the token of the next request is minted while this one is on its way.
  func get(
    _ target: String, accept: String = "application/json", headers: [String] = [], maximumBody: Int? = nil,
    at origin: Origin? = nil, isTrial: Bool = false, prefetchesNext: Bool, completion: @escaping Completion
  ) {
    var ask = ask(.get, target, accept: accept, headers: headers, maximumBody: maximumBody)
    ask.origin = origin
    let rule = RetryRule(.none, limit: options.retries, isTrial: isTrial)
    send(ask, prefetchesNext: prefetchesNext, rule, completion)
  }

  /// Makes a request with the headers that all have.
  /// - Parameter own: headers of the product's, which may take the place of `Accept` and `Accept-Language`.
  func ask(
    _ method: HTTPRequest.Method, _ target: String, accept: String = "application/json", headers: [String] = [],
    own: [String] = [], maximumBody: Int? = nil
  ) -> Ask {
    let id = RequestID.make()
    let given = own.map { $0.lowercased() }
    let usual = ["Accept: \(accept)", "Accept-Language: \(options.language)"].filter { line in
      let name = line.prefix { $0 != ":" }.lowercased()
      return !given.contains { $0.hasPrefix(name + ":") || $0.hasPrefix(name + ";") }
    }
    return Ask(
      method: method, target: target,
      headers: usual + ["User-Agent: askel-s4/\(Instance.version)", "X-Request-Id: \(id)"] + headers + own
        + (trace.map { ["traceparent: " + $0.text] } ?? []),
      maximumBody: maximumBody ?? options.maximumAnswer, id: id,
      // Of a document its entity set: A_SalesOrder of A_SalesOrder('1').
      place: String(target.prefix { $0 != "?" && $0 != "(" }))
  }

  /// Sends a request of any kind.
  /// - Parameter effect: what repeating it could do.
  func send(_ ask: Ask, _ effect: RetryRule.Effect, completion: @escaping Completion) {
    send(ask, prefetchesNext: false, RetryRule(effect, limit: options.retries), completion)
  }

  private func send(_ ask: Ask, prefetchesNext: Bool, _ rule: RetryRule, _ completion: @escaping Completion) {
    guard let root = ask.sessionRoot else {
      send(ask, nil, prefetchesNext: prefetchesNext, rule, completion)
      return
    }
    leaseSession(root) { [self] result in
      switch result {
      case .failure(let error): completion(.failure(ask.unsent(error)))
      case .success(let lease): send(ask, lease, prefetchesNext: prefetchesNext, rule, completion)
      }
    }
  }

  private func send(
    _ ask: Ask, _ lease: CSRFSessions.Lease?, prefetchesNext: Bool, _ rule: RetryRule,
    _ completion: @escaping Completion
  ) {
    source.next(flight, deadline: deadline, at: ask.origin) { [self] result in
      let pass: TokenSource.Pass
      switch result {
      case .failure(let error):
        completion(.failure(ask.unsent(error)))
        return
      case .success(let given): pass = given
      }
      if let lease, lease.place.generation != pass.credential.generation {
        // Another credential took over meanwhile: it has no part in this session.
        send(ask, prefetchesNext: prefetchesNext, rule, completion)
        return
      }
      tallied.withLock { $0.requests += 1 }
      flight.send(request(ask, pass, lease)) { [self] result in
        if case .failure(let error) = result, error.wasKeptBack { tallied.withLock { $0.requests -= 1 } }
        if let lease, case .success(let response) = result, response.status == 403, response.demandsToken,
          !ask.hasNewSession, !flight.isCancelled, !deadline.hasPassed
        {
          // It says itself that it did not process the request.
          sessions.drop(lease)
          var again = repeated(ask)
          again.hasNewSession = true
          send(again, prefetchesNext: false, rule, completion)
          return
        }
        var rule = rule
        let ending = ending(result, pass.credential)
        if ending == .tokenRefused { source.refused(pass) }
        let verdict = rule.verdict(
          after: ending, remaining: flight.isCancelled ? 0 : deadline.remainingMilliseconds)
        if case .again(let milliseconds) = verdict {
          var wasSent = true
          if case .failure(let error) = result, error.outcome == .notSent { wasSent = false }
          let again = repeated(ask, isBlind: wasSent && ending.mayHaveHadEffect)
          flight.pause(until: Deadline(milliseconds: milliseconds)) { [self, rule] pause in
            switch pause {
            case .success: send(again, prefetchesNext: false, rule, completion)
            case .failure(let error): completion(.failure(again.unsent(error)))
            }
          }
          return
        }
        let taken = take(result, of: ask, pass.credential)
        if let rejection = rejection(taken), !flight.isCancelled, !deadline.hasPassed,
          source.goesOver(from: pass.credential, rejection, at: ask.origin)
        {
          let again = rejection.outcome == .notSent ? ask : repeated(ask)
          send(again, prefetchesNext: prefetchesNext, rule, completion)
        } else {
          completion(taken)
        }
      }
      if prefetchesNext { source.prefetch(deadline: deadline) }
    }
  }

  private func repeated(_ ask: Ask, isBlind: Bool = false) -> Ask {
    tallied.withLock { $0.retries += 1 }
    var again = ask
    again.repeats += 1
    if isBlind { again.mayHaveLanded = true }
    return again
  }

  private func request(_ ask: Ask, _ pass: TokenSource.Pass, _ lease: CSRFSessions.Lease?) -> HTTPRequest {
    let settings = pass.credential.settings
    var request = HTTPRequest(
      ask.method, settings.origin, ask.target, headers: ask.headers, deadline: deadline, trust: settings.trust,
      maximumBody: ask.maximumBody)
    request.version = options.version
    request.payload = ask.payload
    request.session = lease?.grant
    request.isAnswerHandedOn = ask.isAnswerHandedOn
    request.wantsSession = ask.wantsSession
    request.authorization = pass.authorization
    request.certificate = pass.certificate
    request.label.connection = source.connection
    request.label.id = ask.id
    request.label.trace = trace?.text
    request.label.attempt = ask.repeats + 1
    request.identity = source.identity(of: pass.credential)
    if settings.isSentToAPI { request.turn = source.turn(of: pass.credential) }
    return request
  }

  private func ending(_ result: Result<HTTPResponse, S4Error>, _ credential: Credential) -> RetryRule.Ending {
    guard case .success(let response) = result, response.status == 401 else { return RetryRule.Ending(result) }
    // Where the credential itself was sent it is a failed logon, never repeated.
    return credential.settings.isSentToAPI ? .failed : .tokenRefused
  }

  /// The tenant's, or our own, refusal of a credential that goes to the API itself.
  private func rejection(_ result: Result<Answer, S4Error>) -> S4Error? {
    switch result {
    case .success(let answer):
      answer.response.status == 401 && answer.credential.settings.isSentToAPI
        ? credentialRejected(answer.credential) : nil
    case .failure(let error): error.code == .credentialExpired ? error : nil
    }
  }

  private func take(
    _ result: Result<HTTPResponse, S4Error>, of ask: Ask, _ credential: Credential
  ) -> Result<Answer, S4Error> {
    switch result {
    case .failure(var error):
      error.requestID = ask.id
      if ask.mayHaveLanded, error.outcome != .processed { error.outcome = .unknown }
      source.report(.failed(error), of: credential)
      return .failure(error)
    case .success(let response):
      tallied.withLock { tally in
        tally.bytesWire &+= response.bytesWire
        tally.bytes &+= Int64(response.body.count)
      }
      if credential.settings.isSentToAPI, response.status != 401, response.status < 500 { source.accepted(credential) }
      let answer = Answer(
        response: response, requestID: ask.id, credential: credential, hadSession: ask.sessionRoot != nil,
        mayHaveLandedBefore: ask.mayHaveLanded)
      if let outcome = outcome(answer, path: ask.place) { source.report(outcome, of: credential, at: ask.place) }
      return .success(answer)
    }
  }

  /// What the status alone says of the connection. The body is decoded by the thread that takes the result.
  private func outcome(_ answer: Answer, path: String?) -> ConnectionOutcome? {
    let response = answer.response
    let status = Int32(clamping: response.status)
    let type = response.contentType.lowercased()
    return switch response.status {
    case 200...299: type.hasPrefix("text/html") ? nil : .proven
    case 401 where answer.credential.settings.isSentToAPI: .failed(credentialRejected(answer.credential))
    // It says something of a session, and nothing of the arrangement.
    case 403 where response.demandsToken: nil
    case 401, 403:
      path.map { path in
        .failed(
          S4Error(
            .unauthorised, "the API answered \(status) for \(path): look at the communication arrangement",
            httpStatus: status, target: path))
      }
    case 408, 502...504: .failed(S4Error(.unreachable, "the API answered \(status)", httpStatus: status))
    case 500...599:
      // A service that answers with SAP's own error is reachable.
      type.holds("json") || type.holds("xml")
        ? nil : .failed(S4Error(.unreachable, "the API answered \(status)", httpStatus: status))
    default: nil
    }
  }

  func credentialRejected(_ credential: Credential) -> S4Error {
    let host = credential.settings.origin.host
    let message =
      credential.settings.lockableUser == nil
      ? "\(host) rejected the client certificate (401): it is not sent again; put one that the tenant knows"
      : "\(host) rejected the user or password (401): it is not sent again, since SAP locks a user after three "
        + "failures; put the right one"
    return S4Error(
      .credentialExpired, message, outcome: .notProcessed, httpStatus: 401, target: source.connection)
  }
}

/// Ids of requests, to be found again in the tenant's logs: 128 random bits in the form of a UUID. Source: RFC 9562.
enum RequestID {
  static func make() -> String {
    let high = hex(UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000)
    let low = hex(UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63)
    return "\(high.prefix(8))-\(high.dropFirst(8).prefix(4))-\(high.suffix(4))-\(low.prefix(4))-\(low.dropFirst(4))"
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension S4Error {
  /// The same error, to be found again in the tenant's logs.
  func labelled(_ requestID: String) -> S4Error {
    var error = self
    if error.requestID.isEmpty { error.requestID = requestID }
    return error
  }

  /// The request ended while it waited for its turn, or before: nothing left this process.
  fileprivate var wasKeptBack: Bool { outcome == .notSent && (code == .credentialExpired || code == .timedOut) }
}
