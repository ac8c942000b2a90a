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
