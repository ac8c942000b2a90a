// SPDX-License-Identifier: Apache-2.0

import Basics

/// What this process has open of vaults, or had last, whatever store it belongs to.
///
/// SQLite finds a file's log and its index by their names alone. A file that takes another one's place gets the log of
/// that one, and writes it into itself. And within one process, where no lock is in the way, it cuts short the index that
/// connections of the other file have mapped: SIGBUS ends the process (seen). So what belongs to a file that was replaced
/// is taken away before the new one is opened, and one connection is opened at a time.
final class OpenLogs: Sendable {
  static let shared = OpenLogs()

  /// Ends with the connection that it belongs to.
  final class Use: Sendable {}

  private struct Entry: Sendable {
    let names: HeldNames
    /// nil when the connection has ended.
    weak var use: Use?
  }

  private let entries = Locked<[Entry]>([])

  /// Opens a connection beside those that there are.
  /// - Parameter open: opens it, and settles what it has open.
  /// - Returns: nil where a connection of this process has another log of the same file than this one would have.
  func add(
    _ files: OpenFiles, in directory: String, _ open: () throws(S4Error) -> Database
  ) throws(S4Error) -> Database? {
    let new = files.names
    return try entries.withLock { (entries) throws(S4Error) in
      let others = entries.filter { $0.names.path == new.path }
      for entry in others where entry.use != nil && entry.names.isOfSameFile(as: new) && !entry.names.hasLog {
        return nil
      }
      try Self.removeLogs(others.map(\.names).filter { !$0.isOfSameFile(as: new) }, in: directory, files.isReadOnly)
      let database = try open()
      // Nothing lies there of these any more.
      entries.removeAll { $0.names.path == new.path && !$0.names.isOfSameFile(as: new) }
      entries.append(Entry(names: files.names, use: files.use))
      return database
    }
  }

  /// Of a connection that began without a log.
  func add(_ files: OpenFiles) {
    let entry = Entry(names: files.names, use: files.use)
    entries.withLock { $0.append(entry) }
  }

  /// Lets go of what nobody has open, except for the log of a file that was replaced, which still lies there.
  func forgetUnused() {
    entries.withLock { entries in
      entries.removeAll { $0.use == nil && ($0.names.hasFile || !$0.names.leavesLog) }
    }
  }

  /// Other processes have these logs open as well, and leave them when they see what happened.
  private static func removeLogs(_ former: [HeldNames], in directory: String, _ isReadOnly: Bool) throws(S4Error) {
    guard let path = former.first(where: \.leavesLog)?.path else { return }
    guard !isReadOnly else {
      throw S4Error(
        .vaultUnavailable,
        "the vault \(Display.quoted(path)) was replaced, and the -wal of the former file still lies beside it: remove "
          + "that and the -shm")
    }
    // One process at a time looks and removes: by the next moment another one may have begun a new log of this name.
    guard let lock = DirectoryLock(directory) else {
      throw S4Error(
        .vaultUnavailable,
        "the vault \(Display.quoted(path)) was replaced, and its directory cannot be locked to clear the former file's "
          + "log away: try again", isRetryable: true)
    }
    withExtendedLifetime(lock) { for names in former { names.removeLog() } }
  }
}
