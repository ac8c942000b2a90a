// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

extension Database {
  /// Says what one of SQLite's results means for a vault. Source: sqlite.org/rescode.html
  static func fault(_ code: Int32, path: String) -> S4Error {
    let vault = "the vault \(Display.quoted(path))"
    switch code & 0xFF {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return S4Error(
        .vaultUnavailable,
        "\(vault) is being written by others, for longer than is waited: try again, and look for "
          + "a process that hangs in a write",
        isRetryable: true)
    case SQLITE_FULL:
      return S4Error(
        .vaultUnavailable,
        "\(vault) cannot grow, the file system is full: make room and try again; what was stored before is untouched",
        isRetryable: true)
    case SQLITE_READONLY:
      return S4Error(
        .vaultUnavailable,
        "\(vault) cannot be written: give this process the right to write the file and its directory, on a file system "
          + "that is not mounted read-only, or open it with ASKEL_S4_VAULT_READ_ONLY to read only")
    case SQLITE_NOTADB:
      return S4Error(
        .vaultUnavailable,
        "\(vault) is no vault, or its beginning was damaged: give the path of a vault, or restore it from a copy")
    case SQLITE_CORRUPT, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_FORMAT:
      return S4Error(
        .vaultCorrupt,
        "\(vault) was damaged (SQLite result \(code)): restore it from a copy, together with its -wal file if the copy "
          + "has one")
    case SQLITE_ERROR, SQLITE_SCHEMA:
      return S4Error(
        .vaultCorrupt, "\(vault) has not the tables of a vault: it was damaged or changed; restore it from a copy")
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
      return S4Error(
        .vaultUnavailable,
        "\(vault) cannot be opened (SQLite result \(code)): this process needs to read and write the file, and to make "
          + "files beside it for the -wal and -shm of SQLite")
    case SQLITE_IOERR:
      return S4Error(
        .vaultUnavailable,
        "\(vault) cannot be read or written (SQLite result \(code)): look at the disk, its quota and the system's log; "
          + "a network file system will not do",
        isRetryable: true)
    case SQLITE_TOOBIG:
      return S4Error(.vaultCorrupt, "\(vault) holds a row of more than \(largestRow) bytes: restore it from a copy")
    case SQLITE_NOMEM:
      return S4Error(.hostUnfit, "no memory was left for \(vault): raise the limit of this process", isRetryable: true)
    case SQLITE_PROTOCOL, SQLITE_NOLFS, SQLITE_INTERRUPT:
      return S4Error(
        .vaultUnavailable, "\(vault) is contended (SQLite result \(code)): try again", isRetryable: true)
    default:
      return S4Error(.internalDefect, "\(vault): SQLite gave the unexpected result \(code): please report this")
    }
  }
}
