// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// One connection of SQLite to a vault's file, with its prepared statements. Not for two threads at a time: who owns it
/// keeps it under a lock.
final class Database {
  /// What the connection may do with the file.
  enum Access: Equatable {
    case write
    /// Reads next to writers; SQLite may do what readers must: recover the log, keep its index.
    case read
    /// Reads a file that this process was told not to write. SQLite may make the log's index beside it.
    case readOnly
    /// The same, where nothing can be made: with the log and the index that a writer left.
    case readOnlyLog
    /// Reads a file that nobody writes, without locks and without what lies beside it.
    case immutable
  }

  /// A value bound to a statement's parameter.
  enum Value {
    case text(String)
    case blob([UInt8])
  }

  /// Bytes of the largest row: a damaged length must not make SQLite ask for a gigabyte.
  static let largestRow = Int32(StoreLimit.value + 64 << 10)
  /// Pages of the log from which on a commit also writes it back into the file. SQLite's 1000 would hold that commit,
  /// and those that queue behind it, four times as long.
  static let logPages = 256
  /// Bytes that the log keeps of its size when it begins anew: readers may have made it grow.
  static let logSize = 4 << 20

  /// For messages.
  let path: String
  let handle: OpaquePointer
  private let process = getpid()
  private let patience: UnsafeMutablePointer<Patience>
  private var statements = [OpaquePointer?](repeating: nil, count: Query.allCases.count)
  /// nil for a file that is only just being made.
  let files: OpenFiles?
  /// Data version and change count at which the whole file was last found sound.
  private var soundAt: (version: Int64, changes: Int32)?

  /// Opens an existing file.
  /// - Parameters:
  ///   - path: absolute, without a symbolic link in it.
  ///   - named: what messages call it; nil: its path.
  ///   - files: what is to be found there; nil for a file that nobody else knows.
  /// - Throws: `.vaultUnavailable` also where it is another file by now.
  init(
    path: String, access: Access = .write, named: String? = nil, files: OpenFiles? = nil
  ) throws(S4Error) {
    self.files = files
    self.path = named ?? path
    patience = .allocate(capacity: 1)
    patience.initialize(to: Patience())
    var handle: OpaquePointer?
    // The host may have set another VFS as default.
    let code = sqlite3_open_v2(Self.name(path, access), &handle, Self.flags(access), "unix")
    guard let handle else {
      patience.deallocate()
      throw Self.fault(SQLITE_NOMEM, path: self.path)
    }
    self.handle = handle
    guard code == SQLITE_OK else { throw Self.fault(code, path: self.path) }
    if let files {
      try check(askel_sqlite_configure(handle, Int32(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE), 1))
      // So far SQLite has opened the file alone. It looks for the log when it reads first.
      guard files.names.hasFile else { throw Self.fault(SQLITE_CANTOPEN, path: self.path) }
    }
    try configure(access)
  }

  /// The file and its log belong together: closed last, the connection writes the log back. Until then it does not, since
  /// it may be the log of a file that was replaced.
  func prove() throws(S4Error) {
    try check(askel_sqlite_configure(handle, Int32(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE), 0))
  }

  deinit {
    // After fork the descriptors and locks are the parent's: what SQLite holds is left alone.
    guard process == getpid() else { return }
    for statement in statements { sqlite3_finalize(statement) }
    sqlite3_close(handle)
    patience.deallocate()
  }

  private func configure(_ access: Access) throws(S4Error) {
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, Self.largestRow)
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
    // The file is not trusted: what its schema could run is switched off.
    let settings = [
      (SQLITE_DBCONFIG_DEFENSIVE, 1), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0), (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
      (SQLITE_DBCONFIG_ENABLE_VIEW, 0), (SQLITE_DBCONFIG_ENABLE_FKEY, 1), (SQLITE_DBCONFIG_DQS_DML, 0),
    ]
    for (option, value) in settings {
      try check(askel_sqlite_configure(handle, Int32(option), Int32(value)))
    }
    let waiting = sqlite3_busy_handler(
      handle,
      { context, tries in context?.assumingMemoryBound(to: Patience.self).pointee.wait(tries: tries) == true ? 1 : 0 },
      patience)
    try check(waiting)
    // mmap_size: a mapped file that another process cuts short would end this one with SIGBUS.
    try execute(
      """
      PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;
      PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = \(Self.logPages);
      PRAGMA journal_size_limit = \(Self.logSize)
      """)
    // Kibibytes: the pages of some thousand connections, so that reading them costs no call of the system.
    if access != .write { try execute("PRAGMA query_only = ON; PRAGMA cache_size = -16384") }
  }

  /// Runs statements that give no rows to look at.
  func execute(_ sql: String) throws(S4Error) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Runs a statement to its end.
  func run(_ query: Query, _ values: [Value] = []) throws(S4Error) {
    try forEach(query, values) { _ in }
  }

  /// Gives the first row, read by `read`; nil where there is none.
  func first<Result>(
    _ query: Query, _ values: [Value] = [], _ read: (Row) throws(S4Error) -> Result
  ) throws(S4Error) -> Result? {
    var result: Result?
    try forEach(query, values) { (row) throws(S4Error) in
      if result == nil { result = try read(row) }
    }
    return result
  }

  func forEach(
    _ query: Query, _ values: [Value], _ body: (Row) throws(S4Error) -> Void
  ) throws(S4Error) {
    try step(try prepared(query), values) { (row) throws(S4Error) in
      try body(row)
      return true
    }
  }

  /// Reads the rows of a statement that runs once.
  func forEach(_ sql: String, _ body: (Row) throws(S4Error) -> Void) throws(S4Error) {
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v2(handle, sql, -1, &statement, nil))
    guard let statement else { throw Self.fault(SQLITE_ERROR, path: path) }
    defer { sqlite3_finalize(statement) }
    try step(statement, []) { (row) throws(S4Error) in
      try body(row)
      return true
    }
  }

  /// Binds, and reads the rows one by one.
  /// - Parameter body: gives false to read no more.
  func step(
    _ statement: OpaquePointer, _ values: [Value], _ body: (Row) throws(S4Error) -> Bool
  ) throws(S4Error) {
    defer {
      // Their results repeat that of the step below, or cannot fail.
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    var index: Int32 = 0
    for value in values {
      index += 1
      try bind(value, index, statement)
    }
    while true {
      let code = sqlite3_step(statement)
      guard code == SQLITE_ROW else {
        if code == SQLITE_DONE { return }
        throw Self.fault(code, path: path)
      }
      guard try body(Row(statement, path: path)) else { return }
    }
  }

  /// Takes the write lock, so that it cannot be refused later.
  func begin(by deadline: Deadline) throws(S4Error) {
    let statement = try prepared(.begin)
    try retry(by: deadline) {
      let code = sqlite3_step(statement)
      sqlite3_reset(statement)
      return code == SQLITE_DONE ? SQLITE_OK : code
    }
  }

  /// Turns a file from rollback mode into that of the log.
  func useLog(by deadline: Deadline) throws(S4Error) {
    try retry(by: deadline) { sqlite3_exec(handle, "PRAGMA journal_mode = WAL", nil, nil, nil) }
  }

  /// Writes the log back into the file and empties it, where nobody is in the way until then.
  func clearLog(by deadline: Deadline) {
    patience.pointee.deadline = deadline
    defer { patience.pointee.deadline = nil }
    try? run(.truncateLog)
  }

  /// Repeats what others are in the way of.
  private func retry(by deadline: Deadline, _ attempt: () -> Int32) throws(S4Error) {
    patience.pointee.deadline = deadline
    defer { patience.pointee.deadline = nil }
    var code = attempt()
    var tries: Int32 = 0
    // Mostly SQLite has waited itself by now, through the busy handler. For some conflicts it does not ask it: two that
    // would wait for each other, an index of the log that changes all the time.
    while [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL].contains(code & 0xFF), patience.pointee.wait(tries: tries) {
      tries = 1
      code = attempt()
    }
    try check(code)
  }

  /// Ends a transaction, where there still is one, without its changes.
  func rollBack() {
    // Some errors have rolled back already. When this one fails too, the connection is beyond help and so is the next
    // `begin`, which then says why.
    if sqlite3_get_autocommit(handle) == 0 { try? run(.rollback) }
  }

  /// Runs a body whose changes all come, or none.
  func transaction<Result>(
    by deadline: Deadline = Deadline(milliseconds: Patience.usual), _ body: () throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    try begin(by: deadline)
    do throws(S4Error) {
      let result = try body()
      try run(.commit)
      return result
    } catch {
      rollBack()
      throw error
    }
  }

  /// Looks through the whole file, unless it has not changed since the last time. For answers that a damaged file would
  /// give falsely: that there is no such row, or no more rows than these.
  /// - Parameter further: looks at more than SQLite can.
  func proveSound(_ further: (Database) throws(S4Error) -> Void = { _ in }) throws(S4Error) {
    let version = try first(.dataVersion) { (row) throws(S4Error) in try row.integer(0) } ?? 0
    let now = (version: version, changes: sqlite3_total_changes(handle))
    if let soundAt, soundAt == now { return }
    let finding = try first(.integrityCheck) { (row) throws(S4Error) in try row.text(0, limit: 100_000) }
    guard finding == "ok" else { throw Self.fault(SQLITE_CORRUPT, path: path) }
    try further(self)
    soundAt = now
  }

  func prepared(_ query: Query) throws(S4Error) -> OpaquePointer {
    if let statement = statements[query.rawValue] { return statement }
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, query.sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let statement else { throw Self.fault(SQLITE_ERROR, path: path) }
    statements[query.rawValue] = statement
    return statement
  }

  func bind(text: String, _ index: Int32, _ statement: OpaquePointer) throws(S4Error) {
    guard let count = Int32(exactly: text.utf8.count) else { throw Self.fault(SQLITE_TOOBIG, path: path) }
    try check(askel_sqlite_bind_text(statement, index, text, count))
  }

  func bind(blob: [UInt8], _ index: Int32, _ statement: OpaquePointer) throws(S4Error) {
    guard let count = Int32(exactly: blob.count) else { throw Self.fault(SQLITE_TOOBIG, path: path) }
    // A null pointer would bind NULL.
    try check(
      count == 0 ? sqlite3_bind_zeroblob(statement, index, 0) : askel_sqlite_bind_blob(statement, index, blob, count))
  }

  private func bind(_ value: Value, _ index: Int32, _ statement: OpaquePointer) throws(S4Error) {
    switch value {
    case .text(let text): try bind(text: text, index, statement)
    case .blob(let bytes): try bind(blob: bytes, index, statement)
    }
  }

  func check(_ code: Int32) throws(S4Error) {
    guard code == SQLITE_OK else { throw Self.fault(code, path: path) }
  }
}
