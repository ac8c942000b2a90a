// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

/// One row of a result: a view, valid inside the call that lends it. The file may have been damaged or made by an
/// enemy: every value is judged by type and size before it is used.
/// Copyable although it stands for a C object that it does not own: Swift 6.3.1 crashes when it optimises the contrary.
struct Row {
  private let statement: OpaquePointer
  private let path: String

  init(_ statement: OpaquePointer, path: String) {
    self.statement = statement
    self.path = path
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  func integer(_ column: Int32, in range: ClosedRange<Int64> = .min ... .max) throws(S4Error) -> Int64 {
    guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { throw damaged(column) }
    let value = sqlite3_column_int64(statement, column)
    guard range.contains(value) else { throw damaged(column) }
    return value
  }

  /// - Parameter range: bytes admitted.
  func blob(_ column: Int32, _ range: ClosedRange<Int>) throws(S4Error) -> [UInt8] {
    guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { throw damaged(column) }
    let start = sqlite3_column_blob(statement, column)
    let count = Int(sqlite3_column_bytes(statement, column))
    guard range.contains(count) else { throw damaged(column) }
    // An empty value has no address, and neither has one for which there was no memory.
    guard let start else {
      guard count == 0 else { throw Database.fault(SQLITE_NOMEM, path: path) }
      return []
    }
    return Array(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// - Parameter limit: bytes admitted.
  func text(_ column: Int32, limit: Int = 256) throws(S4Error) -> String {
    guard sqlite3_column_type(statement, column) == SQLITE_TEXT, let start = sqlite3_column_text(statement, column)
    else { throw damaged(column) }
    let count = Int(sqlite3_column_bytes(statement, column))
    guard count <= limit,
      let text = String(validating: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    else { throw damaged(column) }
    return text
  }

  func damaged(_ column: Int32) -> S4Error {
    let name = sqlite3_column_name(statement, column).map { String(cString: $0) } ?? String(column)
    return S4Error(
      .vaultCorrupt,
      "the vault \(Display.quoted(path)) holds a value that it cannot hold (column \(Display.quoted(name))): it was "
        + "damaged or tampered with; restore it from a copy, or put the connection anew")
  }
}
