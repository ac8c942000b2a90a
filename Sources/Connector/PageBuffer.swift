// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import HTTP
import OData
import Synchronization

/// A piece of a buffer that lives as long as its page or reply.
package struct FieldView: @unchecked Sendable {
  package var kind: FieldKind
  /// Borrowed from the page or reply that gave it.
  package var bytes: UnsafeRawBufferPointer
}

/// One page of rows: the buffer as it came, and where its rows are.
package final class PageBuffer: Sendable {
  package let index: PageIndex
  private let body: Body
  private let type: EntityType
  private let texts = TextArena()
  /// Rows that are delivered; `top` may cut the page.
  private let delivered = Atomic<Int>(0)

  init(_ body: Body, type: EntityType) throws(S4Error) {
    index = try Page.read(body.bytes, type: type)
    self.body = body
    self.type = type
  }

  package internal(set) var rowCount: Int {
    get { delivered.load(ordering: .relaxed) }
    set { delivered.store(newValue, ordering: .relaxed) }
  }

  /// A row's JSON, byte for byte; nil for a row that is not there.
  package func row(_ row: Int) -> UnsafeRawBufferPointer? {
    guard let range = range(row) else { return nil }
    return UnsafeRawBufferPointer(rebasing: body.bytes[range])
  }

  /// A field of a row; nil for a row that is not there.
  package func field(_ name: String, row: Int) throws(S4Error) -> FieldView? {
    guard let range = range(row) else { return nil }
    return try texts.view(name, object: range, body: body.bytes, type: type)
  }

  /// A row's key, hashed; nil where the rows have none.
  func key(_ row: Int) -> RowKey? {
    index.keys.indices.contains(row) ? index.keys[row] : nil
  }

  /// A row's key as OData text; empty where the rows have none.
  func keyText(_ row: Int) -> String {
    index.keyText(row: row, of: body.bytes, type: type) ?? ""
  }

  private func range(_ row: Int) -> Range<Int>? {
    row >= 0 && row < rowCount && row < index.rows.count ? index.rows[row] : nil
  }
}

/// One document with its answer.
package final class Reply: Sendable {
  package let httpStatus: Int
  /// The document's ETag as SAP sent it, ending with a NUL byte; borrowed from this reply.
  package let etag: FieldView
  package let guardian = ForkGuard()
  private let document: Range<Int>
  private let headers: [(name: String, value: String)]
  private let body: Body
  private let type: EntityType
  private let texts = TextArena()

  /// Decodes and proves the document, on this thread.
  package init(_ answer: DocumentAnswer) throws(S4Error) {
    let response = answer.answer.response
    do throws(S4Error) {
      try answer.exchange.checkJSON(answer.answer, target: answer.target)
      let isEmpty = answer.mayBeEmpty && response.body.count == 0
      let index = isEmpty ? nil : try Document.read(response.body.bytes, type: answer.type)
      let tag = response.header("etag") ?? index?.etag ?? ""
      etag = FieldView(kind: .text, bytes: try texts.keep(Array(tag.utf8) + [0]))
      document = index?.object ?? 0..<0
    } catch {
      guard answer.mayBeEmpty else { throw error }
      var error = error
      if error.httpStatus == 0 { error.httpStatus = Int32(clamping: response.status) }
      throw error.ofAWrite
    }
    httpStatus = response.status
    headers = response.headers
    body = response.body
    type = answer.type
  }

  /// The document's JSON, byte for byte.
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
    return try texts.view(name, object: document, body: body.bytes, type: type)
  }
}

/// Texts that had to be unescaped or rewritten: kept until the page or reply goes, so that views of them stay good.
final class TextArena: Sendable {
  private struct Piece: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
  }

  private let pieces = Locked<[Piece]>([])

  deinit {
    pieces.withLock { pieces in
      for piece in pieces { free(piece.base) }
    }
  }

  func view(
    _ name: String, object: Range<Int>, body: UnsafeRawBufferPointer, type: EntityType
  ) throws(S4Error) -> FieldView {
    let field = try RowReader.field(name, inRow: object, of: body, type: type)
    switch field.value {
    case .range(let range):
      return FieldView(kind: field.kind, bytes: UnsafeRawBufferPointer(rebasing: body[range]))
    case .bytes(let bytes):
      return FieldView(kind: field.kind, bytes: try keep(bytes))
    }
  }

  func keep(_ bytes: [UInt8]) throws(S4Error) -> UnsafeRawBufferPointer {
    guard !bytes.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    guard let copy = malloc(bytes.count) else {
      throw S4Error(.hostUnfit, "the process is short of memory: the field was not read")
    }
    bytes.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: bytes.count) }
    let piece = Piece(base: copy)
    pieces.withLock { $0.append(piece) }
    return UnsafeRawBufferPointer(start: copy, count: bytes.count)
  }
}
