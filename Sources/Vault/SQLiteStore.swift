// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Records in a SQLite file. Several threads, stores and processes may use one file.
///
/// Three connections of SQLite, each with a lock of its own and opened when first needed: one reads, so that nobody who
/// reads waits for a writer's disk; one writes; one does what takes long (looking through the file, copying it).
package final class SQLiteStore: Store, ForkWatched {
  package let title: String
  package let needsCallersThread = false
  package let readOnlyReason: String?

  /// As it was given, with its directory resolved.
  let file: VaultFile
  private let isReadOnly: Bool
  private let reader = Locked<Database?>(nil)
  private let writer = Locked<Database?>(nil)
  private let examiner = Locked<Database?>(nil)
  private let turn = WriterTurn()
  private let guardian = ForkGuard()
  private let isClosed = Atomic<Bool>(false)

  /// Opens the file, or makes an empty one.
  /// - Parameters:
  ///   - path: absolute or relative; its directory must exist.
  ///   - readOnly: nothing is written, and the file may be readable by others.
  ///   - checksIntegrity: the whole file is looked through first.
  /// - Throws: `.vaultUnavailable` (file, directory, permissions, a newer format), `.vaultCorrupt`, `.invalidArgument`,
  ///   `.hostUnfit`.
  package init(path: String, readOnly: Bool, checksIntegrity: Bool) throws(S4Error) {
    try Database.checkLibrary()
    file = try VaultFile(path: path)
    isReadOnly = readOnly
    title = "the vault \(Display.quoted(file.path))"
    readOnlyReason = readOnly ? "it was opened with ASKEL_S4_VAULT_READ_ONLY" : nil
    if readOnly {
      // Judged at each opening.
    } else if try file.exists() {
      try file.checkWritable()
    } else if try !file.create(Self.build) {
      // Somebody else's vault came first: it is judged like any other.
      _ = try file.exists()
    }
    let format = try format
    guard format == Schema.formatVersion || !readOnly else {
      throw file.unavailable(
        "it has the earlier format \(format), and opened with ASKEL_S4_VAULT_READ_ONLY it cannot be brought to format "
          + "\(Schema.formatVersion): open it once where it can be written, or copy it there and back")
    }
    if !readOnly { try useLog() }
    if checksIntegrity { try proveSound() }
    ForkWatch.shared.add(self)
  }

  package func get(_ key: String) throws(S4Error) -> StoredRecord? {
    try use(reader, .read) { (database) throws(S4Error) in try database.get(key) }
  }

  package func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    try use(reader, .read) { (database) throws(S4Error) in
      try database.list(prefix: prefix, after: after, limit: limit)
    }
  }

  package func change(
    by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) {
    try write(by: deadline) { (database) throws(S4Error) in try database.change(by: deadline, body) }
  }

  /// What was deleted or replaced is overwritten in the file at once, but lies in the log until that begins anew. Where
  /// others are in the way, a later call or checkpoint clears it.
  package func tidy() {
    let deadline = Deadline(milliseconds: 50)
    _ = try? write(by: deadline) { (database) throws(S4Error) in database.clearLog(by: deadline) }
  }

  package func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error) {
    try use(examiner, .read) { (database) throws(S4Error) in
      try database.proveSound { (database) throws(S4Error) in try further(database) }
    }
  }

  package func close() {
    guard !guardian.isForked else { return }
    isClosed.store(true, ordering: .releasing)
    reader.withLock { $0 = nil }
    examiner.withLock { $0 = nil }
    writer.withLock { $0 = nil }
  }

  package func suspend() {
    reader.withLockIfAvailable { $0 = nil }
    examiner.withLockIfAvailable { $0 = nil }
    writer.withLockIfAvailable { $0 = nil }
  }

  /// The file's format, as it is now: 2, or 1 until it was migrated.
  package var format: Int64 {
    get throws(S4Error) {
      try use(reader, .read) { (database) throws(S4Error) in try database.format() }
    }
  }

  /// Writes a copy that opens alone, complete and durable when it returns; others read and write meanwhile.
  /// - Parameter path: of a file that is not there; made with mode 0600.
  /// - Throws: `.vaultUnavailable`, `.vaultCorrupt` where the file is damaged, `.invalidArgument`, `.closed`,
  ///   `.forked`.
  package func backup(to path: String) throws(S4Error) {
    try guardian.check()
    let target = try VaultFile(path: path, argument: "path")
    guard target.identity == nil else { throw target.unavailable(Display.systemError(EEXIST)) }
    let deadline = Deadline(milliseconds: Patience.usual)
    let isNew = try target.create { (draft) throws(S4Error) in
      try use(examiner, .read) { (database) throws(S4Error) in
        let copy = try Database(path: draft, named: target.path)
        try database.copy(into: copy, by: deadline)
        // Nobody wants to learn at the restoring that a copy is damaged.
        try copy.proveSound()
      }
    }
    guard isNew else { throw target.unavailable(Display.systemError(EEXIST)) }
  }

  /// Lets this process's writers in one after the other.
  func write<Result>(
    by deadline: Deadline, _ body: (Database) throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    try guardian.check()
    if isReadOnly {
      throw file.unavailable(
        "it was opened with ASKEL_S4_VAULT_READ_ONLY, so that nothing is written: open it without, where it can be "
          + "written")
    }
    guard turn.take(by: deadline) else { throw Database.fault(SQLITE_BUSY, path: file.path) }
    defer { turn.release() }
    return try use(writer, .write, body)
  }

  /// Runs a body with a connection, one thread at a time. It is opened where it is not: at first, and after a fork.
  private func use<Result>(
    _ place: borrowing Locked<Database?>, _ access: Database.Access, _ body: (Database) throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    try guardian.check()
    return try place.withLock { (database: inout Database?) throws(S4Error) -> Result in
      guard !isClosed.load(ordering: .acquiring) else { throw .closed }
      if let database, database.isCurrent { return try body(database) }
      database = nil
      let opened = isReadOnly ? try openReadOnly() : try Database(path: file.path, access: access)
      database = opened
      return try body(opened)
    }
  }

  private func openReadOnly() throws(S4Error) -> Database {
    let target = try file.followed()
    _ = try target.exists(sharing: true)
    let access = try target.readOnlyAccess()
    // Taken before the opening: what changes later shows.
    let identity = file.identity
    let database = try Database(path: target.path, access: access, named: file.path)
    if access == .immutable { database.watch(file, target, identity) }
    return database
  }

  /// Turns a file from rollback mode back into that of the log.
  private func useLog() throws(S4Error) {
    let mode = try use(reader, .read) { (database) throws(S4Error) in
      try database.first(.journalMode, [], { (row) throws(S4Error) in try row.text(0) })
    }
    guard mode != "wal" else { return }
    try write(by: Deadline(milliseconds: Patience.usual)) { (database) throws(S4Error) in
      try database.useLog(by: Deadline(milliseconds: Patience.usual))
    }
  }

  /// Fills a new file.
  private static func build(_ path: String) throws(S4Error) {
    let database = try Database(path: path)
    // Before the first table; later it has no effect.
    try database.execute("PRAGMA page_size = \(Schema.pageSize)")
    try database.transaction { () throws(S4Error) in try database.execute(Schema.newFile) }
    try database.execute("PRAGMA journal_mode = WAL")
  }
}
