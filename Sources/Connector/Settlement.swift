// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// A write whose outcome is to be found out.
package struct SettleRequest: Sendable {
  /// Milliseconds without a document after which none is to be expected, where the product says nothing.
  package static let usualQuiet: Int64 = 60_000

  package var service: ServicePath
  package var entitySet: String
  /// Property that the product made unique for each write, and its value in this one.
  package var field: String
  package var reference: String
  package var quiet: Int64
  /// Milliseconds; 0: the quiet period, and a minute more.
  package var timeout: Int64
  package var trace: TraceParent?

  package init(
    service: ServicePath, entitySet: String, field: String, reference: String, quiet: Int64, timeout: Int64
  ) {
    self.service = service
    self.entitySet = entitySet
    self.field = field
    self.reference = reference
    self.quiet = quiet
    self.timeout = timeout
  }

  /// - Returns: path and query of the look, and the type of what it gives.
  func target(_ metadata: Metadata) throws(S4Error) -> (String, EntityType) {
    var read = ReadRequest(service: service, entitySet: entitySet)
    read.filter = try PreparedFilter(field + " eq ?", parameterCount: 1)
    read.parameters = [.text(reference)]
    read.select = field
    read.top = UInt64(Settlement.mostDocuments)
    return (try read.target(metadata, withCount: false), try metadata.entityType(ofSet: entitySet))
  }
}

/// Reads back by a reference until the document is there, or has not come for a quiet period: a tenant may commit a write
/// after a look that found nothing. Source: SAP.md section 6, "Read-after-write".
final class Settlement: Sendable {
  /// Documents of one reference that are told of.
  static let mostDocuments = 100
  /// Milliseconds between two looks, at first and at most.
  private static let pauses: ClosedRange<Int64> = 500...10_000

  private struct State {
    var looks = 0
    var pause = pauses.lowerBound
  }

  private let request: SettleRequest
  private let exchange: Exchange
  private let call: Call
  private let began = Deadline.now
  private let state = Locked(State())

  init(_ request: SettleRequest, exchange: Exchange, call: Call) {
    self.request = request
    self.exchange = exchange
    self.call = call
  }

  func look(_ target: String, _ type: EntityType) {
    let start = elapsed
    exchange.get(target, prefetchesNext: false) { [self] result in
      let found = Result<[String], S4Error> { () throws(S4Error) in try documents(try result.get(), target, type) }
      switch found {
      case .failure(let error): finish(.failure(error))
      case .success(let keys) where !keys.isEmpty: finish(.success(("created", keys)))
      case .success:
        // Of an answer that was long on its way nobody knows when the tenant looked.
        let quietLeft = request.quiet - start
        guard quietLeft > 0 else { return finish(.success(("not_created", []))) }
        goOn(after: quietLeft, target, type)
      }
    }
  }

  private func goOn(after quietLeft: Int64, _ target: String, _ type: EntityType) {
    let pause = state.withLock { state -> Int64 in
      state.looks += 1
      defer { state.pause = min(state.pause * 2, Self.pauses.upperBound) }
      return min(state.pause, quietLeft)
    }
    guard pause < exchange.deadline.remainingMilliseconds else { return finish(.success(("unknown", []))) }
    exchange.flight.pause(until: Deadline(milliseconds: pause)) { [self] result in
      switch result {
      case .success: look(target, type)
      case .failure(let error): finish(.failure(error))
      }
    }
  }

  /// - Returns: keys of the documents that have the reference, as `get` takes them.
  private func documents(
    _ answer: Exchange.Answer, _ target: String, _ type: EntityType
  ) throws(S4Error) -> [String] {
    let place = request.service.path + "/" + request.entitySet
    try exchange.checkJSON(answer, target: place)
    let body = answer.response.body.bytes
    let page = try Page.read(body, type: type)
    guard !page.rows.isEmpty || page.nextLink == nil else {
      throw S4Error(
        .readInconsistent,
        "\(place) gave an empty page that leads on to another: it cannot be told by it what became of the write; read "
          + "the documents", outcome: .unknown, target: request.field)
    }
    var keys: [String] = []
    for (number, row) in page.rows.enumerated() {
      let field = try RowReader.field(request.field, inRow: row, of: body, type: type)
      // Some services pass over a filter in silence: what they give says nothing.
      guard Self.text(field, body) == request.reference else {
        throw S4Error(
          .readInconsistent,
          "\(place) gave documents of another \(request.field) than was asked for: it cannot be told by this property "
            + "what became of the write", outcome: .unknown, target: request.field)
      }
      keys.append(page.keyText(row: number, of: body, type: type) ?? "")
    }
    return keys
  }

  private static func text(_ field: Field, _ body: UnsafeRawBufferPointer) -> String {
    switch field.value {
    case .range(let range): String(decoding: body[range], as: UTF8.self)
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  private var elapsed: Int64 { Int64(clamping: (Deadline.now &- began) / 1_000_000) }

  private func finish(_ result: Result<(outcome: String, keys: [String]), S4Error>) {
    exchange.source.finish()
    let looks = state.withLock { $0.looks } + 1
    call.finish(
      result.map { settled in
        var writer = JSONWriter()
        writer.object { members in
          members.member("outcome", settled.outcome)
          members.key("documents")
          members.array { list in for key in settled.keys { list.string(key) } }
          members.member("looks", looks)
          members.member("ms", elapsed)
        }
        return .text(writer.text)
      })
  }
}

extension Client {
  /// Starts finding out what became of a write that nobody answered.
  package func settle(_ request: SettleRequest) throws(S4Error) -> Call {
    let source = try tokenSource()
    let call = try Call(.check, engine: instance.engine)
    let timeout = request.timeout > 0 ? request.timeout : request.quiet + SettleRequest.usualQuiet
    let exchange = exchange(source, call, timeout: timeout, trace: request.trace)
    let settlement = Settlement(request, exchange: exchange, call: call)
    MetadataFetch(client: self, exchange: exchange).start(request.service) { metadata in
      let prepared = Result<(String, EntityType), S4Error> { () throws(S4Error) in
        try request.target(try metadata.get())
      }
      switch prepared {
      case .failure(let error):
        source.finish()
        call.finish(.failure(error))
      case .success((let target, let type)): settlement.look(target, type)
      }
    }
    return call
  }
}
