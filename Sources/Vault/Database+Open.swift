// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

extension Database {
  /// - Throws: `.hostUnfit` where the library of SQLite will not do.
  static func checkLibrary() throws(S4Error) {
    guard sqlite3_threadsafe() != 0, sqlite3_libversion_number() >= 3_037_000 else {
      throw S4Error(
        .hostUnfit, "SQLite \(String(cString: sqlite3_libversion())) will not do: 3.37 or newer with threads is wanted")
    }
  }

  /// Tells the file's format.
  /// - Throws: `.vaultUnavailable` for what is no vault, or one of a newer format.
  func format() throws(S4Error) -> Int64 {
    let application = try first(.applicationID) { (row) throws(S4Error) in try row.integer(0) }
    guard application == Schema.applicationID else { throw Self.fault(SQLITE_NOTADB, path: path) }
    let version = try first(.userVersion) { (row) throws(S4Error) in try row.integer(0) } ?? 0
    guard version <= Schema.formatVersion else {
      throw S4Error(
        .vaultUnavailable,
        "the vault \(Display.quoted(path)) has format \(version), this library knows format "
          + "\(Schema.formatVersion): use a newer library")
    }
    guard version >= 1 else { throw Self.fault(SQLITE_CORRUPT, path: path) }
    return version
  }

  /// The flags for `sqlite3_open_v2`.
  static func flags(_ access: Access) -> Int32 {
    let common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
    return switch access {
    // Also for reading: a connection that is opened read-only cannot recover the log of a process that was killed.
    case .write, .read: common | SQLITE_OPEN_READWRITE
    case .readOnly: common | SQLITE_OPEN_READONLY
    case .readOnlyLog, .immutable: common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
    }
  }

  /// The file's name for `sqlite3_open_v2`.
  static func name(_ path: String, _ access: Access) -> String {
    switch access {
    case .write, .read, .readOnly: path
    case .readOnlyLog: "file:" + escaped(path) + "?readonly_shm=1"
    case .immutable: "file:" + escaped(path) + "?immutable=1"
    }
  }

  /// Percent-encodes what has a meaning in a URI. Source: sqlite.org/uri.html
  private static func escaped(_ path: String) -> String {
    var text = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default: text += "%" + Display.hex([byte])
      }
    }
    return text
  }
}
