// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

#if canImport(Glibc)
  import Glibc
#endif

/// One connection of SQLite to a vault's file, with its prepared statements. Not for two threads at a time: the vault
/// keeps it under its lock.
final class Database {
  /// A value bound to a statement's parameter.
  enum Value {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
  }

  /// Milliseconds to wait for another process that writes.
  static let busyTimeout: Int32 = 10_000
  /// The same for a thread that many wait for.
  static let briefTimeout: Int32 = 50
  /// Bytes of the largest row: a damaged length must not make SQLite ask for a gigabyte.
  static let largestRow: Int32 = 2 << 20

  let path: String
  private let handle: OpaquePointer
  private let process = getpid()
  private var statements = [OpaquePointer?](repeating: nil, count: Query.allCases.count)
  /// Data version and change count at which the whole file was last found sound.
  private var soundAt: (version: Int64, changes: Int32)?

  /// Opens an existing file.
  /// - Parameter path: absolute, without a symbolic link in it.
  init(path: String) throws(S4Error) {
    self.path = path
    var handle: OpaquePointer?
    // The host may have set another VFS as default, or SQLite's own mutexes off: neither concerns us.
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE
    let code = sqlite3_open_v2(path, &handle, flags, "unix")
    guard let handle else { throw Self.fault(SQLITE_NOMEM, path: path) }
    self.handle = handle
    guard code == SQLITE_OK else { throw Self.fault(code, path: path) }
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
    try check(sqlite3_busy_timeout(handle, Self.busyTimeout))
    // mmap_size: a mapped file that another process cuts short would end this one with SIGBUS.
    try execute(
      """
      PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;
      PRAGMA synchronous = FULL
      """)
  }

  deinit {
    // After fork the descriptors and locks are the parent's: what SQLite holds is left alone.
    guard process == getpid() else { return }
    for statement in statements { sqlite3_finalize(statement) }
    sqlite3_close(handle)
  }

  /// Runs statements that give no rows to look at.
  func execute(_ sql: String) throws(S4Error) {
    try check(sqlite3_exec(handle, sql, nil, nil, nil))
  }

  /// Runs a body that does not wait long for another process that writes.
  func waitingBriefly<Result>(_ body: () throws(S4Error) -> Result) throws(S4Error) -> Result {
    sqlite3_busy_timeout(handle, Self.briefTimeout)
    defer { sqlite3_busy_timeout(handle, Self.busyTimeout) }
    return try body()
  }

  /// Runs a statement to its end.
  /// - Returns: rows changed by it.
  @discardableResult
  func run(_ query: Query, _ values: [Value] = []) throws(S4Error) -> Int {
    try forEach(query, values) { _ in }
    return Int(sqlite3_changes(handle))
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
    let statement = try prepared(query)
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
      try body(Row(statement, path: path))
    }
  }

  /// Runs a body whose changes all come, or none. The write lock is taken at once, so that it cannot be refused later.
  func transaction<Result>(_ body: () throws(S4Error) -> Result) throws(S4Error) -> Result {
    try run(.begin)
    do throws(S4Error) {
      let result = try body()
      try run(.commit)
      return result
    } catch {
      // Some errors have rolled back already. When this one fails too, the connection is beyond help and so is the
      // next `begin`, which then says why.
      if sqlite3_get_autocommit(handle) == 0 { _ = try? run(.rollback) }
      throw error
    }
  }

  /// Looks through the whole file, unless it has not changed since the last time. For answers that a damaged file would
  /// give falsely: that there is no such row, or no more rows than these.
  func proveSound() throws(S4Error) {
    let version = try first(.dataVersion) { (row) throws(S4Error) in try row.integer(0) } ?? 0
    let now = (version: version, changes: sqlite3_total_changes(handle))
    if let soundAt, soundAt == now { return }
    let finding = try first(.integrityCheck) { (row) throws(S4Error) in try row.text(0, limit: 100_000) }
    guard finding == "ok" else { throw Self.fault(SQLITE_CORRUPT, path: path) }
    soundAt = now
  }

  private func prepared(_ query: Query) throws(S4Error) -> OpaquePointer {
    if let statement = statements[query.rawValue] { return statement }
    var statement: OpaquePointer?
    try check(sqlite3_prepare_v3(handle, query.sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
    guard let statement else { throw Self.fault(SQLITE_ERROR, path: path) }
    statements[query.rawValue] = statement
    return statement
  }

  private func bind(_ value: Value, _ index: Int32, _ statement: OpaquePointer) throws(S4Error) {
    switch value {
    case .null:
      try check(sqlite3_bind_null(statement, index))
    case .integer(let number):
      try check(sqlite3_bind_int64(statement, index, number))
    case .text(let text):
      guard let count = Int32(exactly: text.utf8.count) else { throw Self.fault(SQLITE_TOOBIG, path: path) }
      try check(askel_sqlite_bind_text(statement, index, text, count))
    case .blob(let bytes):
      guard let count = Int32(exactly: bytes.count) else { throw Self.fault(SQLITE_TOOBIG, path: path) }
      try check(askel_sqlite_bind_blob(statement, index, bytes, count))
    }
  }

  private func check(_ code: Int32) throws(S4Error) {
    guard code == SQLITE_OK else { throw Self.fault(code, path: path) }
  }
}
