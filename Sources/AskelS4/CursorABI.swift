// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CAskelS4
import Connector
import OData

/// What stands behind `askel_s4_cursor`: the cursor, and the receipt's texts that were lent out last. One thread at a
/// time, as the header says.
final class CursorObject {
  let cursor: Cursor
  private var lent: [UnsafeMutablePointer<CChar>?] = []

  init(_ cursor: Cursor) {
    self.cursor = cursor
  }

  deinit {
    takeBack()
  }

  func takeBack() {
    for text in lent { free(text) }
    lent = []
  }

  func lend(_ text: String) -> askel_s4_view {
    let copy = strdup(text)
    lent.append(copy)
    return askel_s4_view(data: copy.map { UnsafePointer($0) }, size: copy.map { strlen($0) } ?? 0)
  }
}

/// - Throws: `forked`; `invalidArgument` for NULL.
private func living(_ cursor: OpaquePointer?) throws(S4Error) -> CursorObject {
  let object = try Handle.get(cursor, "cursor", as: CursorObject.self)
  try object.cursor.client.instance.guardian.check()
  return object
}

func view(_ bytes: UnsafeRawBufferPointer) -> askel_s4_view {
  askel_s4_view(
    data: bytes.isEmpty ? nil : bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size: bytes.count)
}

func field(_ value: FieldView) -> askel_s4_field {
  askel_s4_field(kind: value.kind.rawValue, text: view(value.bytes))
}

var absentField: askel_s4_field {
  askel_s4_field(
    kind: Int32(ASKEL_S4_FIELD_ABSENT), text: askel_s4_view(data: nil, size: 0))
}

@_cdecl("askel_s4_cursor_next") @implementation
public func askel_s4_cursor_next(
  _ cursor: OpaquePointer?, _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    out.pointee = Handle.make(try living(cursor).cursor.next())
  }
}

@_cdecl("askel_s4_cursor_row_count") @implementation
public func askel_s4_cursor_row_count(_ cursor: OpaquePointer?) -> Int {
  guard let object = Handle.peek(cursor, as: CursorObject.self),
    !object.cursor.client.instance.guardian.isForked
  else { return 0 }
  return ForkGate.within { object.cursor.page?.rowCount ?? 0 }
}

@_cdecl("askel_s4_cursor_row") @implementation
public func askel_s4_cursor_row(
  _ cursor: OpaquePointer?, _ row: Int, _ outRow: UnsafeMutablePointer<askel_s4_view>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outRow, "out_row", cleared: askel_s4_view(data: nil, size: 0))
    let page = try living(cursor).cursor.page
    guard let bytes = page?.row(row) else { throw noRow(row, of: page) }
    out.pointee = view(bytes)
  }
}

@_cdecl("askel_s4_cursor_field") @implementation
public func askel_s4_cursor_field(
  _ cursor: OpaquePointer?, _ row: Int, _ name: UnsafePointer<CChar>?,
  _ outField: UnsafeMutablePointer<askel_s4_field>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outField, "out_field", cleared: absentField)
    let page = try living(cursor).cursor.page
    let name = try Argument.text(name, "name")
    guard let value = try page?.field(name, row: row) else { throw noRow(row, of: page) }
    out.pointee = field(value)
  }
}

private func noRow(_ row: Int, of page: PageBuffer?) -> S4Error {
  // The argument is a size_t: what looks negative here was a very large number.
  .invalidArgument("row", "\(UInt(bitPattern: row)) is not below the page's \(page?.rowCount ?? 0) rows")
}

@_cdecl("askel_s4_cursor_receipt") @implementation
public func askel_s4_cursor_receipt(
  _ cursor: OpaquePointer?, _ receipt: UnsafeMutablePointer<askel_s4_receipt>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    guard let receipt else { throw .invalidArgument("receipt", "is NULL") }
    let size = UnsafeRawPointer(receipt).loadUnaligned(as: Int.self)
    let known = MemoryLayout<askel_s4_receipt>.size
    guard size >= known, size <= 65_536 else {
      throw .invalidArgument(
        "struct_size", "receipt says \(size) bytes and has at least \(known): set it before the call")
    }
    let object = try living(cursor)
    object.takeBack()
    let facts = object.cursor.receipt
    var filled = askel_s4_receipt()
    filled.struct_size = size
    filled.verdict = facts.verdict.rawValue
    filled.pages = facts.pages
    filled.rows = facts.rows
    filled.requests = facts.requests
    filled.mints = facts.mints
    filled.mints_unused = facts.mintsUnused
    filled.retries = facts.retries
    filled.bytes_wire = facts.bytesWire
    filled.bytes = facts.bytes
    filled.server_count = facts.serverCount ?? -1
    filled.duplicates = facts.duplicates
    filled.duplicate_window = facts.duplicateWindow
    filled.elapsed_ms = facts.elapsedMilliseconds
    filled.first_key = object.lend(facts.firstKey)
    filled.last_key = object.lend(facts.lastKey)
    filled.text = object.lend(facts.text)
    receipt.pointee = filled
  }
}

@_cdecl("askel_s4_cursor_free") @implementation
public func askel_s4_cursor_free(_ cursor: OpaquePointer?) {
  guard let object = Handle.peek(cursor, as: CursorObject.self) else { return }
  if !object.cursor.client.instance.guardian.isForked { ForkGate.within { object.cursor.abandon() } }
  Handle.release(cursor, as: CursorObject.self, object.cursor.client.instance.guardian)
}
