// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData
import Secrets

/// Requests of one operation to the API: each gets its own credential, carries a request id, and tells the monitor how
/// the connection stands. A request is sent again, once and with a new token, after a fresh 401 or a lost connection.
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
  }

  typealias Completion = @Sendable (Result<Answer, S4Error>) -> Void

  let source: TokenSource
  let flight: Flight
  let deadline: Deadline
  private let options: Client.Options
  private let tallied = Locked(Tally())
  /// $metadata is the largest answer that is not a page.
  static let maximumMetadata = 64 << 20

  init(source: TokenSource, flight: Flight, deadline: Deadline, options: Client.Options) {
    self.source = source
    self.flight = flight
    self.deadline = deadline
    self.options = options
  }

  var tally: Tally { tallied.withLock { $0 } }

  /// - Parameters:
  ///   - accept: the type asked for.
  ///   - prefetchesNext: the token of the next request is minted while this one is on its way.
  func get(
    _ target: String, accept: String = "application/json", headers: [String] = [], maximumBody: Int? = nil,
    prefetchesNext: Bool, completion: @escaping Completion
  ) {
    let id = RequestID.make()
    var request = HTTPRequest(
      .get, source.settings.origin, target,
      headers: [
        "Accept: \(accept)", "Accept-Language: \(options.language)", "User-Agent: askel-s4/\(Instance.version)",
        "X-Request-Id: \(id)",
      ] + headers, deadline: deadline, trust: source.settings.trust,
      maximumBody: maximumBody ?? options.maximumAnswer)
    request.version = options.version
    send(request, id: id, prefetchesNext: prefetchesNext, mayRenew: true, completion)
  }

  private func send(
    _ request: HTTPRequest, id: String, prefetchesNext: Bool, mayRenew: Bool, _ completion: @escaping Completion
  ) {
    source.next(flight, deadline: deadline) { [self] header in
      var authorised = request
      switch header {
      case .failure(let error):
        completion(.failure(error))
        return
      case .success(let line): authorised.authorization = line
      }
      if source.settings.isBasic { authorised.turn = source.turn }
      tallied.withLock { $0.requests += 1 }
      flight.send(authorised) { [self] result in
        if case .failure(let error) = result, error.wasKeptBack { tallied.withLock { $0.requests -= 1 } }
        if mayRenew, isWorthAnotherSend(result), !deadline.hasPassed {
          tallied.withLock { $0.retries += 1 }
          send(request, id: id, prefetchesNext: false, mayRenew: false, completion)
        } else {
          completion(take(result, of: request, id: id))
        }
      }
      if prefetchesNext { source.prefetch(deadline: deadline) }
    }
  }

  /// A fresh 401 may be a token that the API does not know yet; with HTTP Basic it is a failed logon, never repeated.
  /// A connection that died without an answer says nothing, and reads can be asked again.
  private func isWorthAnotherSend(_ result: Result<HTTPResponse, S4Error>) -> Bool {
    switch result {
    case .success(let response): response.status == 401 && !source.settings.isBasic
    case .failure(let error): error.isConnectionLost
    }
  }

  private func take(
    _ result: Result<HTTPResponse, S4Error>, of request: HTTPRequest, id: String
  ) -> Result<Answer, S4Error> {
    switch result {
    case .failure(var error):
      error.requestID = id
      source.report(.failed(error))
      return .failure(error)
    case .success(let response):
      tallied.withLock { tally in
        tally.bytesWire &+= response.bytesWire
        tally.bytes &+= Int64(response.body.count)
      }
      if source.settings.isBasic, response.status != 401, response.status < 500 { source.accepted() }
      // Of a document its entity set: A_SalesOrder of A_SalesOrder('1').
      let place = String(request.target.prefix { $0 != "?" && $0 != "(" })
      if let outcome = outcome(response, path: place) { source.report(outcome, of: place) }
      return .success(Answer(response: response, requestID: id))
    }
  }

  /// What the status alone says of the connection. The body is decoded by the thread that takes the result.
  private func outcome(_ response: HTTPResponse, path: String) -> ConnectionOutcome? {
    let status = Int32(clamping: response.status)
    let type = response.contentType.lowercased()
    return switch response.status {
    case 200...299: type.hasPrefix("text/html") ? nil : .proven
    case 401 where source.settings.isBasic: .failed(credentialRejected)
    case 401, 403:
      .failed(
        S4Error(
          .unauthorised, "the API answered \(status) for \(path): look at the communication arrangement",
          httpStatus: status, target: path))
    case 500...599:
      // A service that answers with SAP's own error is reachable.
      type.holds("json") || type.holds("xml")
        ? nil : .failed(S4Error(.unreachable, "the API answered \(status)", httpStatus: status))
    default: nil
    }
  }

  var credentialRejected: S4Error {
    S4Error(
      .credentialExpired,
      "\(source.settings.origin.host) rejected the user or password (401): it is not sent again, "
        + "since SAP locks a user after three failures; put the right one", outcome: .notProcessed, httpStatus: 401,
      target: source.connection)
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
  /// The request ended while it waited for its turn, or before: nothing left this process.
  fileprivate var wasKeptBack: Bool { outcome == .notSent && (code == .credentialExpired || code == .timedOut) }
}
