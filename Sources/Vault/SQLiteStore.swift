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
    // Judged at each opening. Somebody else's vault may come first: it is judged like any other.
    if !readOnly, try !file.exists() { _ = try file.create(Self.build) }
    let format = try format
    guard format == Schema.formatVersion || !readOnly else {
      throw file.unavailable(
        "it has the earlier format \(format), and opened with ASKEL_S4_VAULT_READ_ONLY it cannot be brought to format "
          + "\(Schema.formatVersion): open it once where it can be written, or copy it there and back")
    }
    // Turned back from rollback mode as soon as somebody may write.
    if !readOnly, try use(reader, .read, Self.mode) != Self.logMode {
      try write(by: Deadline(milliseconds: Patience.usual)) { _ in }
    }
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

  /// A change has come when its commit is in the file that the path leads to. Where another file took that one's place
  /// before the commit, or during it, the body runs again, over the new file.
  package func change(
    by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) {
    var made: [StoreChange] = []
    while true {
      let finding = try write(by: deadline) { (database) throws(S4Error) -> OpenFiles.Finding in
        // Only the log was replaced, and what was in it could be kept.
        if !made.isEmpty, try database.holds(made) { return .same }
        do throws(S4Error) {
          made = try database.change(by: deadline, body)
          return made.isEmpty ? .same : database.files?.look() ?? .same
        } catch {
          // What was found in a file that nobody has any more says nothing.
          guard let finding = database.files?.look(), finding != .same, !deadline.hasPassed else { throw error }
          return finding
        }
      }
      if finding == .same { return }
      if finding == .logReplaced { reopenAll(waits: true) }
      guard !deadline.hasPassed else {
        throw file.unavailable(
          "its file, or the -wal or -shm beside it, was replaced while it was being written: look whether the change is "
            + "there, and try again", isRetryable: true)
      }
    }
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
    OpenLogs.shared.forgetUnused()
  }

  package func suspend() {
    reader.withLockIfAvailable { $0 = nil }
    examiner.withLockIfAvailable { $0 = nil }
    writer.withLockIfAvailable { $0 = nil }
    OpenLogs.shared.forgetUnused()
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

  /// Runs a body with a connection, one thread at a time. It is opened where it is not: at first, after a fork, and when
  /// another file has taken the place of the one that it has open.
  private func use<Result>(
    _ place: borrowing Locked<Database?>, _ access: Database.Access, _ body: (Database) throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    var result: Result?
    try run(place, access) { (database) throws(S4Error) in result = try body(database) }
    guard let result else { throw .closed }
    return result
  }

  /// Not generic: it stands in the library once.
  @inline(never)
  private func run(
    _ place: borrowing Locked<Database?>, _ access: Database.Access, _ body: (Database) throws(S4Error) -> Void
  ) throws(S4Error) {
    try guardian.check()
    for _ in 0..<50 {
      var hasOldLog = false
      // The three connections share the log, and give it up together.
      defer { if hasOldLog { reopenAll(waits: false) } }
      let isDone = try place.withLock { (database: inout Database?) throws(S4Error) -> Bool in
        guard !isClosed.load(ordering: .acquiring) else { throw .closed }
        if let database, database.files?.isUnchanged == true {
          try body(database)
          return true
        }
        guard let fit = try fit(&database, access, &hasOldLog) else { return false }
        try body(fit)
        return true
      }
      if isDone { return }
      usleep(1_000)
    }
    throw file.unavailable("the -wal or -shm beside it was replaced while it was in use: try again", isRetryable: true)
  }

  /// Gives the connection where it will still do, and otherwise a new one.
  /// - Returns: nil where another one of the three has to be given up first.
  @inline(never)
  private func fit(
    _ database: inout Database?, _ access: Database.Access, _ hasOldLog: inout Bool
  ) throws(S4Error) -> Database? {
    if let database, let files = database.files {
      switch files.look() {
      case .same: return database
      case .logReplaced:
        hasOldLog = true
        return database
      case .gone:
        if !isReadOnly { _ = try file.exists() }
        throw file.gone
      // The others see it too: who is in the middle of something with the former file, afterwards.
      case .replaced: suspend()
      }
    }
    database = nil
    database = isReadOnly ? try openReadOnly() : try open(access)
    hasOldLog = database == nil
    return database
  }

  /// Closes the three connections at once where their log was replaced: SQLite keeps one index of the log for a file and
  /// process, so that one that stayed would give the old one to the others.
  ///
  /// Who waits holds none of them. Who holds one asks for the writer's without waiting; nobody who holds one of the
  /// other two waits for any.
  private func reopenAll(waits: Bool) {
    let close = { (writer: inout Database?) in
      self.examiner.withLock { examiner in
        self.reader.withLock { reader in
          let open = [writer, examiner, reader].compactMap { $0 }
          if let database = open.first(where: { $0.files?.look() == .logReplaced }) {
            // What is in the log alone is kept where nobody has begun another.
            if database.files?.hasNoLog == true { database.clearLog(by: Deadline(milliseconds: 1_000)) }
          }
          (writer, examiner, reader) = (nil, nil, nil)
        }
      }
    }
    if waits { writer.withLock(close) } else { writer.withLockIfAvailable(close) }
  }

  /// Opens the file as at first: judged before SQLite sees it, and by what SQLite finds in it.
  /// - Returns: nil where a connection that is open has another log than this one would have.
  private func open(_ access: Database.Access) throws(S4Error) -> Database? {
    for _ in 0..<4 {
      guard try file.exists() else { throw file.gone }
      try file.checkWritable()
      guard let files = OpenFiles(file, file, access) else { throw file.unavailable(Display.systemError(errno)) }
      do throws(S4Error) {
        guard let database = try open(file, access, files) else { return nil }
        guard files.look() == .same else { continue }
        try database.prove()
        if access == .write, try Self.mode(database) != Self.logMode {
          try database.useLog(by: Deadline(milliseconds: Patience.usual))
        }
        return database
      } catch {
        // What it found was of two files.
        guard files.look() != .same else { throw error }
      }
    }
    throw file.unavailable("it is replaced all the time: wait until whoever does that has ended", isRetryable: true)
  }

  private func openReadOnly() throws(S4Error) -> Database? {
    let target = try file.followed()
    _ = try target.exists(sharing: true)
    let access = try target.readOnlyAccess()
    guard let files = OpenFiles(file, target, access) else { throw file.unavailable(Display.systemError(errno)) }
    return try open(target, access, files)
  }

  private func open(
    _ target: VaultFile, _ access: Database.Access, _ files: OpenFiles
  ) throws(S4Error) -> Database? {
    let open = { () throws(S4Error) -> Database in
      let database = try Database(path: target.path, access: access, named: self.file.path, files: files)
      _ = try database.format()
      files.settle()
      return database
    }
    return access == .immutable ? try open() : try OpenLogs.shared.add(files, in: target.directory, open)
  }

  private static let logMode = "wal"

  private static func mode(_ database: Database) throws(S4Error) -> String? {
    try database.first(.journalMode, [], { (row) throws(S4Error) in try row.text(0) })
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
