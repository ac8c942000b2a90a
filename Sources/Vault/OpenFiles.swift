// SPDX-License-Identifier: Apache-2.0

import Basics

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

  /// Nanoseconds after which all names are looked at again.
  private static let interval: UInt64 = 1_000_000

  private(set) var names: HeldNames
  let use = OpenLogs.Use()
  /// As it was given: of a vault for reading alone links are followed.
  private let given: VaultFile
  /// What it led to.
  private let target: VaultFile
  private let access: Database.Access
  private var isSettled = false
  private var links: UInt = 0
  private var lookedAt: UInt64 = 0

  /// Made before SQLite opens the file: what is replaced later shows.
  /// - Returns: nil where it is not there.
  init?(_ given: VaultFile, _ target: VaultFile, _ access: Database.Access) {
    guard let names = HeldNames(target.path) else { return nil }
    self.names = names
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
    guard names.hasLog else { return .logReplaced }
    if names.log == nil, isSettled {
      settle()
      if names.log != nil { OpenLogs.shared.add(self) }
    }
    (self.links, lookedAt) = (links, now)
    return .same
  }

  /// SQLite has opened what it needs.
  func settle() {
    names = HeldNames(names)
    isSettled = true
  }

  /// Whether the name of the log leads to no file at all, so that nobody has begun another.
  var hasNoLog: Bool { VaultFile.Identity(target.path + "-wal") == nil }

  var isReadOnly: Bool { access != .read && access != .write }
}
