// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

extension Client {
  /// Starts writing one document. It goes out once: it is repeated only where the tenant's answer proves that it was not
  /// processed (a CSRF token that is wanted, 401 for a token, 429).
  package func write(_ request: WriteRequest) throws(S4Error) -> Call {
    let source = try tokenSource()
    let call = try Call(.document, engine: instance.engine)
    let exchange = exchange(source, call, timeout: request.timeout, trace: request.trace)
    MetadataFetch(client: self, exchange: exchange).start(request.service) { metadata in
      let prepared = Result { () throws(S4Error) in
        let metadata = try metadata.get()
        return (metadata.version, try request.target(metadata))
      }
      switch prepared {
      case .failure(let error):
        source.finish()
        // Whatever became of $metadata: nothing was written.
        call.finish(.failure(error.beforeTheWrite))
      case .success((let version, (let path, let type))):
        var ask = exchange.ask(
          request.kind.method, path,
          headers: version.headers + request.match.headers(hasBody: request.payload != nil))
        ask.payload = request.payload
        ask.sessionRoot = request.service.root
        exchange.write(ask, isRepeatable: request.isRepeatable) { result in
          source.finish()
          call.finish(
            result.map {
              .document(
                DocumentAnswer(
                  isWrite: true, answer: $0, shape: .document(type, version), exchange: exchange, target: path))
            })
        }
      }
    }
    return call
  }
}

extension Exchange {
  /// Sends what may have an effect: once, or under an id that makes it safe to send it again.
  func write(_ ask: Ask, isRepeatable: Bool, completion: @escaping Completion) {
    var ask = ask
    if isRepeatable { ask.headers += Repeatability.headers() }
    let target = String(ask.target.prefix { $0 != "?" })
    send(ask, isRepeatable ? .none : .write) { [self] result in
      completion(
        result.mapError { $0.ofAWrite }.flatMap { answer in
          if isRepeatable, let objection = Repeatability.objection(to: answer, in: self, target: target) {
            return .failure(objection.labelled(answer.requestID))
          }
          return .success(answer)
        })
    }
  }
}

extension S4Error {
  /// What was asked before the write failed, and so the write was never sent.
  var beforeTheWrite: S4Error {
    var error = self
    error.outcome = .notSent
    return error
  }

  /// The same error, where the request could have had an effect. Without an answer nobody knows whether it had.
  var ofAWrite: S4Error {
    // 408 may be a gateway's, whose request to the tenant went through all the same.
    guard outcome == .unknown || (httpStatus == 408 && outcome == .notProcessed) else { return self }
    var error = self
    error.outcome = .unknown
    // A web page is no answer of the tenant's: of a proxy's login, for instance, nothing went on.
    if 200...299 ~= httpStatus, code != .notOData {
      error.outcome = .processed
      error.isRetryable = false
      error.message += "; it was carried out: the tenant answered \(httpStatus) before"
      return error
    }
    // Who cancels knows that; all others are told by the code.
    if code != .cancelled, code != .closed { error.code = .outcomeUnknown }
    error.isRetryable = false
    error.message += "; whether the document was written is not known: read it back before you write it again"
    return error
  }
}
