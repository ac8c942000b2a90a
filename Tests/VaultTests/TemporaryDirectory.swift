// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// A directory of its own for one test, removed with all that is in it when the test ends.
final class TemporaryDirectory: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/askel-s4-vault-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
  }

  deinit {
    for name in names() { unlink(path + "/" + name); rmdir(path + "/" + name) }
    rmdir(path)
  }

  /// Path of the vault in it.
  var vault: String { path + "/vault.db" }

  func names() -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// Files of tests: small, and in memory at once.
enum File {
  static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { content += buffer[..<count] }
    return content
  }

  static func write(_ content: [UInt8], to path: String, mode: mode_t = 0o600) {
    guard let file = fopen(path, "wb") else { return }
    fwrite(content, 1, content.count, file)
    fclose(file)
    chmod(path, mode)
  }

  static func mode(_ path: String) -> mode_t {
    var information = stat()
    return lstat(path, &information) == 0 ? information.st_mode & 0o7777 : 0
  }
}

/// SQLite without our rules, as somebody with a stolen file would use it.
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

/// The error of a body; nil where it succeeds.
func fault(_ body: () throws -> Void) -> S4Error? {
  do {
    try body()
    return nil
  } catch {
    return error as? S4Error
  }
}
