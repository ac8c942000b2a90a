// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// SQLite without our rules, as somebody with a stolen file would use it.
/// - Returns: SQLite's result code.
@discardableResult
func rawSQL(_ path: String, _ sql: String) -> Int32 {
  var database: OpaquePointer?
  defer { sqlite3_close(database) }
  guard sqlite3_open(path, &database) == SQLITE_OK else { return -1 }
  return sqlite3_exec(database, sql, nil, nil, nil)
}

/// A key-encryption key of 32 equal bytes.
func makeKey(_ byte: UInt8 = 7) -> any KeySource {
  let bytes = [UInt8](repeating: byte, count: 32)
  do { return try bytes.withUnsafeBytes { try LocalKeySource(raw: $0) } } catch { fatalError("\(error)") }
}

extension Vault {
  /// A vault in a file.
  convenience init(path: String, key: any KeySource, other: (any KeySource)? = nil) throws(S4Error) {
    try self.init(
      store: try SQLiteStore(path: path, readOnly: false, checksIntegrity: false), key: key, other: other)
  }

  @discardableResult
  func put(connection id: String, record: SecretBytes) throws(S4Error) -> Int64 {
    try put(connection: id, NewCredential(record: record))
  }

  @discardableResult
  func stage(connection id: String, record: SecretBytes) throws(S4Error) -> Int64 {
    try stage(connection: id, NewCredential(record: record))
  }

  func ids() throws(S4Error) -> [String] { try list().map(\.id) }

  /// Tells what became of an operation with a credential.
  @discardableResult
  func prove(_ id: String, _ generation: Int64) throws(S4Error) -> ConnectionState? {
    try setState(
      connection: id, generation: generation, state: .active, lastErrorCode: nil, rejected: false, proven: true,
      clearsRejection: true, at: .now)
  }

  @discardableResult
  func reject(_ id: String, _ generation: Int64) throws(S4Error) -> ConnectionState? {
    try setState(
      connection: id, generation: generation, state: .expired, lastErrorCode: "invalid_client", rejected: true,
      proven: false, at: .now)
  }
}

extension OpenedConnection {
  var record: SecretBytes { live }
}

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

/// What several threads found.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Locked<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }

  var all: [Element] { elements.withLock { $0 } }
}
