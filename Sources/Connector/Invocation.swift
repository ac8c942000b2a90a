// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A call of one of a service's operations: a function import of OData V2, a function or action of V4.
package struct Invocation: Sendable {
  package var service: ServicePath
  package var operation: String
  /// What it is bound to; nil: nothing.
  package var entitySet: String?
  /// Of the document that it is bound to; nil: the whole set.
  package var key: PreparedKey?
  package var keyParameters: [Parameter] = []
  package var arguments: PreparedKey?
  package var argumentParameters: [Parameter] = []
  /// JSON with the parameters of an action of V4.
  package var payload: Body?
  package var match = WriteRequest.Match.none
  /// Milliseconds; 0: the client's.
  package var timeout: Int64 = 0
  package var trace: TraceParent?
  /// The service knows repeatable requests.
  package var isRepeatable = false

  package init(service: ServicePath, operation: String) {
    self.service = service
    self.operation = operation
  }

  func prepare(_ metadata: Metadata) throws(S4Error) -> (operation: Operation, target: String, type: EntityType) {
    let found = try metadata.operation(named: operation, entitySet: entitySet)
    var place: String?
    if let binding = found.boundTo, let entitySet {
      let type = try metadata.entityType(ofSet: entitySet)
      guard (key == nil) == binding.isCollection else {
        throw .invalidArgument(
          "key",
          binding.isCollection
            ? "is given, and \(operation) is for the whole set" : "is missing (NULL): \(operation) is for one document")
      }
      let key = if let key { try key.render(keyParameters, type: type) } else { "" }
      place = service.path(ofEntitySet: entitySet, key: key)
    }
    guard payload == nil || found.version == .v4 && found.hasEffect else {
      throw .invalidArgument("body", "is given, and \(operation) takes arguments alone")
    }
    if case .none = match {
    } else if !found.hasEffect {
      throw .invalidArgument("etag", "is given, and \(operation) changes nothing")
    }
    let target = try found.target(
      service: service, place: place, arguments: arguments, argumentParameters)
    return (found, target, metadata.entityTypes[found.returnType] ?? EntityType.unknown)
  }
}

extension Client {
  /// Starts calling an operation. One that may change something goes out once, as a write does.
  package func invoke(_ request: Invocation) throws(S4Error) -> Call {
    let source = try tokenSource()
    let call = try Call(.document, engine: instance.engine)
    let exchange = exchange(source, call, timeout: request.timeout, trace: request.trace)
    MetadataFetch(client: self, exchange: exchange).start(request.service) { metadata in
      let prepared = Result { () throws(S4Error) in try request.prepare(try metadata.get()) }
      switch prepared {
      case .failure(let error):
        source.finish()
        call.finish(.failure(error.beforeTheWrite))
      case .success((let operation, let target, let type)):
        var ask = exchange.ask(
          HTTPRequest.Method(rawValue: operation.verb) ?? .post, target,
          headers: operation.version.headers + request.match.headers(hasBody: request.payload != nil))
        ask.payload = request.payload
        let finish: Exchange.Completion = { result in
          source.finish()
          call.finish(
            result.map {
              .document(
                DocumentAnswer(
                  isWrite: operation.hasEffect, answer: $0, shape: .result(operation, type), exchange: exchange,
                  target: String(target.prefix { $0 != "?" })))
            })
        }
        guard operation.hasEffect else {
          exchange.send(ask, .none, completion: finish)
          return
        }
        ask.sessionRoot = request.service.root
        exchange.write(ask, isRepeatable: request.isRepeatable, completion: finish)
      }
    }
    return call
  }
}

extension Metadata.Version {
  /// What each request of that version says of itself. Source: OData Protocol 4.01, section 8.2.7.
  var headers: [String] { self == .v4 ? ["OData-Version: 4.0", "OData-MaxVersion: 4.0"] : [] }
}
