// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A document as it came, with what is needed to decode it.
package struct DocumentAnswer: Sendable {
  /// What the body is.
  enum Shape: Sendable {
    case document(EntityType, Metadata.Version)
    /// What an operation gave back.
    case result(OData.Operation, EntityType)
    /// As the tenant sent it, of whatever type; a web page only where one was asked for.
    case anything(isPageWanted: Bool)
  }

  /// What was asked for may have had an effect, and is answered without a document then: an update, for example. (Not
  /// last: an enum's tag beside an undefined flag is compared together with it, which valgrind reports.)
  var isWrite = false
  var answer: Exchange.Answer
  var shape: Shape
  var exchange: Exchange
  var target: String
}

extension Client {
  /// Starts getting one document.
  package func get(_ request: DocumentRequest) throws(S4Error) -> Call {
    let source = try tokenSource()
    let call = try Call(.document, engine: instance.engine)
    let exchange = exchange(source, call, timeout: request.timeout, trace: request.trace)
    MetadataFetch(client: self, exchange: exchange).start(request.service) { metadata in
      let prepared = Result { () throws(S4Error) in
        let metadata = try metadata.get()
        let type = try metadata.entityType(ofSet: request.entitySet)
        return (metadata.version, type, try request.target(metadata))
      }
      switch prepared {
      case .failure(let error):
        source.finish()
        call.finish(.failure(error))
      case .success((let version, let type, let target)):
        exchange.get(target, headers: version.headers, prefetchesNext: false) { result in
          source.finish()
          call.finish(
            result.map {
              .document(
                DocumentAnswer(
                  answer: $0, shape: .document(type, version), exchange: exchange,
                  target: request.service.path + "/" + request.entitySet))
            })
        }
      }
    }
    return call
  }
}
