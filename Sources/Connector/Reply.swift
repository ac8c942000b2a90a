// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData

/// One document, or another answer.
package final class Reply: Sendable {
  package let httpStatus: Int
  /// The document's ETag as SAP sent it, ending with a NUL byte; borrowed from this reply.
  package let etag: FieldView
  package let guardian = ForkGuard()
  private let document: Range<Int>
  private let headers: [(name: String, value: String)]
  private let body: Body
  private let type: EntityType
  /// It is an object whose members can be read; of any other answer that is found out by reading.
  private let isDocument: Bool
  private let texts = TextArena()

  /// Decodes and proves the document, on this thread.
  package init(_ answer: DocumentAnswer) throws(S4Error) {
    let response = answer.answer.response
    do throws(S4Error) {
      let found = try answer.read()
      document = found.object
      let tag = response.header("etag") ?? found.etag ?? ""
      etag = FieldView(kind: .text, bytes: try texts.keep(Array(tag.utf8) + [0]))
    } catch {
      guard answer.isWrite else { throw error }
      var error = error
      if error.httpStatus == 0 { error.httpStatus = Int32(clamping: response.status) }
      // For want of memory, say: it was answered all the same.
      if error.outcome == .notSent { error.outcome = .unknown }
      throw error.ofAWrite
    }
    httpStatus = response.status
    headers = response.headers
    body = response.body
    switch answer.shape {
    case .document(let type, _): (self.type, isDocument) = (type, true)
    case .result(_, let type): (self.type, isDocument) = (type, false)
    case .anything: (type, isDocument) = (.unknown, false)
    }
  }

  /// The document's JSON, byte for byte; of an answer that was taken as it came the whole body.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body.bytes[document]) }

  /// A header of the answer, ending with a NUL byte; nil where there is none.
  package func header(_ name: String) throws(S4Error) -> UnsafeRawBufferPointer? {
    let name = name.lowercased()
    guard let header = headers.first(where: { $0.name == name }) else { return nil }
    return try texts.keep(Array(header.value.utf8) + [0])
  }

  package func field(_ name: String) throws(S4Error) -> FieldView {
    // An update is mostly answered without a document.
    guard !document.isEmpty else {
      return FieldView(kind: .absent, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    do throws(S4Error) {
      return try texts.view(name, object: document, body: body.bytes, type: type)
    } catch {
      guard !isDocument, error.code == .internalDefect else { throw error }
      throw S4Error(
        .malformedAnswer, "the answer is no JSON object with fields: take its bytes as they are", outcome: .processed)
    }
  }
}

extension DocumentAnswer {
  /// Finds the document in the body, and proves it.
  fileprivate func read() throws(S4Error) -> (object: Range<Int>, etag: String?) {
    let response = answer.response
    let body = response.body.bytes
    switch shape {
    case .document(let type, let version):
      try exchange.checkJSON(answer, target: target)
      guard !isWrite || !body.isEmpty else { return (0..<0, nil) }
      let index = version == .v4 ? try Document.read4(body) : try Document.read(body, type: type)
      return (index.object, index.etag)
    case .result(let operation, _):
      try exchange.checkJSON(answer, target: target)
      guard !body.isEmpty else { return (0..<0, nil) }
      guard operation.version == .v4 else { return (try Document.result(body, of: operation.name), nil) }
      let index = try Document.read4(body)
      return (index.object, index.etag)
    case .anything(let isPageWanted):
      // 304 answers who asked by If-None-Match.
      guard response.isSuccess || response.status == 304 else { throw exchange.error(answer, target: target) }
      if !isPageWanted,
        var page = AnswerError.webPage(contentType: response.contentType, body: body, target: target)
      {
        page.httpStatus = Int32(clamping: response.status)
        page.requestID = answer.requestID
        throw page
      }
      return (0..<body.count, nil)
    }
  }
}
