// SPDX-License-Identifier: Apache-2.0

import Basics

#if canImport(Glibc)
  import Glibc
#endif

/// The files that a connection of SQLite has open, and whether their names still lead to them.
///
/// SQLite holds on to its descriptors: where another file takes the vault's place, a copy that is put back above all, it
/// would go on with the former one, and what it writes there nobody sees again.
///
/// Not for two threads at a time: it belongs to its connection, and is under the same lock.
final class OpenFiles {
  enum Finding: Equatable {
    case same
    /// The vault's path leads nowhere.
    case gone
    /// It leads to another file, or to one that nobody should change and somebody did.
    case replaced
    /// The vault's file is the same; a name of SQLite's own files beside it leads to no file, or to another one.
    case logReplaced
  }

  /// What a process has open of one vault: its connections share the log, and SQLite's index of it.
  struct Names: Sendable {
    fileprivate let file: HeldFile
    /// The `-wal` and the `-shm`; nil while they are not there.
    fileprivate var log: HeldFile?
    fileprivate var index: HeldFile?

    func isAt(_ path: String) -> Bool { file.isAt(path) }
  }

  /// Nanoseconds after which all names are looked at again.
  private static let interval: UInt64 = 1_000_000

  private(set) var names: Names
  /// As it was given: of a vault for reading alone links are followed.
  private let given: VaultFile
  /// What it led to.
  private let target: VaultFile
  private let access: Database.Access
  private var links: UInt = 0
  private var lookedAt: UInt64 = 0

  /// Made before SQLite opens the file: what is replaced later shows.
  /// - Returns: nil where it is not there.
  init?(_ given: VaultFile, _ target: VaultFile, _ access: Database.Access) {
    guard let file = HeldFile(target.path) else { return nil }
    names = Names(file: file)
    self.given = given
    self.target = target
    self.access = access
  }

  /// Whether nothing was replaced, as far as has to be known before each reading and writing.
  ///
  /// A `stat` of all names takes 4 µs, where opening a credential takes 10 to 14 (measured). So it is made once in a
  /// millisecond, and in between the file itself is asked, for half a microsecond, how many names it has: that shows a
  /// file that was deleted, or that another was renamed over, at once. What was moved away shows within the millisecond.
  /// A writer looks at all names after its commit too.
  var isUnchanged: Bool {
    guard access != .immutable, UInt(names.file.links) == links, Deadline.now &- lookedAt < Self.interval else {
      return look() == .same
    }
    return true
  }

  /// Looks at all names.
  func look() -> Finding {
    let now = Deadline.now
    let links = UInt(names.file.links)
    guard let found = VaultFile.Identity(given.path, followsLinks: isReadOnly) else { return .gone }
    if access == .immutable { return found == names.file.identity && !target.hasLog ? .same : .replaced }
    guard found.isSameFile(as: names.file.identity) else { return .replaced }
    guard hasLog else { return .logReplaced }
    (self.links, lookedAt) = (links, now)
    return .same
  }

  /// Prepares the opening next to what this process has, or had, open.
  /// - Returns: false where a connection may be open that has another log than this one would have.
  /// - Throws: `.vaultUnavailable`.
  func follow(_ former: Names?) throws(S4Error) -> Bool {
    guard let former, access != .immutable else { return true }
    guard former.file.identity.isSameFile(as: names.file.identity) else {
      try removeLog(of: former)
      return true
    }
    names = former
    return hasLog
  }

  /// Whether the name of the log leads to no file at all, so that nobody has begun another.
  var hasNoLog: Bool { VaultFile.Identity(target.path + "-wal") == nil }

  private var isReadOnly: Bool { access != .read && access != .write }

  private var logPath: String { target.path + "-wal" }
  private var indexPath: String { target.path + "-shm" }

  /// Whether the log is the one that was there. One that was not there when SQLite opened the vault is taken note of
  /// when it is.
  private var hasLog: Bool {
    guard let log = names.log else {
      (names.log, names.index) = (HeldFile(logPath), HeldFile(indexPath))
      return true
    }
    return log.isAt(logPath) && names.index?.isAt(indexPath) ?? true
  }

  /// After another file has taken the vault's place: takes the former one's log away, which SQLite would apply to the
  /// new file. Other processes have it open as well, and leave it when they see what happened.
  private func removeLog(of former: Names) throws(S4Error) {
    guard !isReadOnly else {
      guard former.log?.isAt(logPath) != true else {
        throw target.unavailable(
          "it was replaced, and the -wal of the former file still lies beside it: remove that and the -shm")
      }
      return
    }
    // One process at a time looks and removes: by the next moment another one may have begun a new log of this name.
    guard let directory = DirectoryLock(target.directory) else {
      throw target.unavailable(
        "it was replaced, and its directory cannot be locked to clear the former file's log away: try again",
        isRetryable: true)
    }
    withExtendedLifetime(directory) {
      if former.log?.isAt(logPath) == true { unlink(logPath) }
      if former.index?.isAt(indexPath) == true { unlink(indexPath) }
    }
  }
}
