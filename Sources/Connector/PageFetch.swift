// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A page as it came, with what is needed to decode it.
package struct PageAnswer: Sendable {
  var answer: Exchange.Answer
  var type: EntityType
  /// Path and query of the request.
  var target: String
  /// The service could not count, and the page was asked for without.
  var countFailed: Bool
}

/// Fetches one page on the I/O thread: `$metadata` first where the client does not have it, then the page, with the
/// next request's token minted beside each.
final class PageFetch: Sendable {
  private let client: Client
  private let request: ReadRequest
  private let exchange: Exchange
  private let call: Call

  init(client: Client, request: ReadRequest, exchange: Exchange, call: Call) {
    self.client = client
    self.request = request
    self.exchange = exchange
    self.call = call
  }

  /// - Parameters:
  ///   - target: path and query of a next link; nil for the first page.
  ///   - origin: the host that gave the link.
  func start(target: String?, type: EntityType?, at origin: Origin?) {
    if let target, let type {
      fetch(target, type, at: origin, countFailed: false, withoutCount: nil)
      return
    }
    MetadataFetch(client: client, exchange: exchange).start(request.service) { [self] metadata in
      let prepared = Result<(EntityType, String, String?), S4Error> { () throws(S4Error) in
        let metadata = try metadata.get()
        let counted = request.asksCount ? try request.target(metadata, withCount: true) : nil
        let plain = try request.target(metadata, withCount: false)
        return (try metadata.entityType(ofSet: request.entitySet), plain, counted)
      }
      switch prepared {
      case .failure(let error): call.finish(.failure(error))
      case .success((let type, let plain, let counted)):
        fetch(counted ?? plain, type, countFailed: false, withoutCount: counted == nil ? nil : plain)
      }
    }
  }

  /// - Parameter withoutCount: what to ask when the service turns out not to count.
  private func fetch(
    _ target: String, _ type: EntityType, at origin: Origin? = nil, countFailed: Bool, withoutCount: String?
  ) {
    exchange.get(
      target, headers: request.headers, at: origin, isTrial: withoutCount != nil, prefetchesNext: true
    ) { [self] result in
      if let withoutCount, let answer = try? result.get(), Self.mayBeTheCount(answer.response.status) {
        fetch(withoutCount, type, countFailed: true, withoutCount: nil)
        return
      }
      call.finish(
        result.map { .page(PageAnswer(answer: $0, type: type, target: target, countFailed: countFailed)) })
    }
  }

  /// Errors that the count can be to blame for. Source: KBA 3616518 (500).
  private static func mayBeTheCount(_ status: Int) -> Bool {
    switch status {
    case 400, 500, 501: true
    default: false
    }
  }
}

/// Brings a service's `$metadata`: from the client's memory, or from the tenant.
struct MetadataFetch {
  let client: Client
  let exchange: Exchange

  func start(_ service: ServicePath, completion: @escaping @Sendable (Result<Metadata, S4Error>) -> Void) {
    if let known = client.cachedMetadata(service) {
      completion(.success(known))
      return
    }
    exchange.get(
      service.metadataPath, accept: "application/xml", maximumBody: Exchange.maximumMetadata, prefetchesNext: true
    ) { [client, exchange] result in
      completion(
        Result { () throws(S4Error) in
          let answer = try result.get()
          guard answer.response.isSuccess else {
            throw exchange.error(answer, target: service.metadataPath)
          }
          let response = answer.response
          if let page = AnswerError.webPage(
            contentType: response.contentType, body: response.body.bytes, target: service.metadataPath)
          {
            throw page
          }
          let metadata = try client.instance.metadata.metadata(
            response.body.bytes, from: answer.credential.settings.origin.host)
          client.cache(metadata, for: service)
          return metadata
        })
    }
  }
}
