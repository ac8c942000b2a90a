// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// A vault's file with SQLite's own files beside it, as a connection has them open.
struct HeldNames: Sendable {
  let path: String
  let file: HeldFile
  /// The `-wal` and the `-shm`; nil where they are not there: a file in rollback mode, until somebody writes.
  let log: HeldFile?
  let index: HeldFile?

  /// - Returns: nil where there is no file.
  init?(_ path: String) {
    guard let file = HeldFile(path) else { return nil }
    self.path = path
    self.file = file
    log = nil
    index = nil
  }

  /// Of the same file, with what lies beside it now.
  init(_ other: HeldNames) {
    path = other.path
    file = other.file
    log = HeldFile(path + "-wal")
    index = HeldFile(path + "-shm")
  }

  func isOfSameFile(as other: HeldNames) -> Bool { file.identity.isSameFile(as: other.file.identity) }

  var hasFile: Bool { file.isAt(path) }

  /// Whether the log is the one that was there.
  var hasLog: Bool { log?.isAt(path + "-wal") ?? true && index?.isAt(path + "-shm") ?? true }

  /// Whether something of it still lies there.
  var leavesLog: Bool { log?.isAt(path + "-wal") == true || index?.isAt(path + "-shm") == true }

  /// Takes away what still lies there.
  func removeLog() {
    if let log, log.isAt(path + "-wal") { unlink(path + "-wal") }
    if let index, index.isAt(path + "-shm") { unlink(path + "-shm") }
  }
}
