// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets
import Synchronization

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

func makeKey(_ byte: UInt8 = 7) throws -> KeyEncryptionKey {
  try [UInt8](repeating: byte, count: 32).withUnsafeBytes { try KeyEncryptionKey(raw: $0) }
}

func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

/// What several threads found.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }

  var all: [Element] { elements.withLock { $0 } }
}
