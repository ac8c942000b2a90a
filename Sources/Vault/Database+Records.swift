// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite

/// The records of a file of format 2.
extension Database: StoreView {
  // The hot path: no closures, no list of values.
  func get(_ key: String) throws(S4Error) -> StoredRecord? {
    let statement = try prepared(.get)
    defer { sqlite3_reset(statement) }
    try bind(text: key, 1, statement)
    let code = sqlite3_step(statement)
    guard code == SQLITE_ROW else {
      if code == SQLITE_DONE { return nil }
      throw Self.fault(code, path: path)
    }
    return try record(Row(statement, path: path), key: key)
  }

  func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    let most = min(limit, StoreLimit.batch)
    guard most > 0 else { return [] }
    var records: [StoredRecord] = []
    let later = after.flatMap { $0.utf8.lexicographicallyPrecedes(prefix.utf8) ? nil : $0 }
    let statement = try prepared(later == nil ? .listFrom : .listAfter)
    try step(statement, [.text(later ?? prefix)]) { (row) throws(S4Error) in
      let key = try row.text(2, limit: StoreLimit.key)
      guard key.utf8.starts(with: prefix.utf8) else { return false }
      records.append(try record(row, key: key))
      return records.count < most
    }
    return records
  }

  /// Reads the columns `version` and `value`.
  private func record(_ row: Row, key: String) throws(S4Error) -> StoredRecord {
    StoredRecord(
      key: key, version: try row.integer(0, in: 1 ... .max), value: try row.blob(1, 0...StoreLimit.value))
  }

  /// Runs a body under the write lock and carries out the changes that it gives.
  /// - Returns: the changes.
  func change(
    by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) -> [StoreChange] {
    try begin(by: deadline)
    do throws(S4Error) {
      let changes = try body(self)
      try StoreLimit.check(changes)
      // Without a commit there is nothing to make durable.
      guard !changes.isEmpty else {
        rollBack()
        return []
      }
      for change in changes { try apply(change) }
      try run(.commit)
      return changes
    } catch {
      rollBack()
      throw error
    }
  }

  /// Whether all of the changes are in the file, none of them undone or followed by another.
  func holds(_ changes: [StoreChange]) throws(S4Error) -> Bool {
    for change in changes {
      let record = try get(change.key)
      switch change {
      case .put(_, let value): guard record?.holds(value) == true else { return false }
      case .delete: guard record == nil else { return false }
      }
    }
    return true
  }

  func apply(_ change: StoreChange) throws(S4Error) {
    switch change {
    case .put(let key, let value): try run(.put, [.text(key), .blob(value)])
    case .delete(let key): try run(.delete, [.text(key)])
    }
  }

  /// Copies all of the file, as it is at one moment, into an empty database. Writers go on meanwhile.
  func copy(into copy: Database, by deadline: Deadline) throws(S4Error) {
    guard let backup = sqlite3_backup_init(copy.handle, "main", handle, "main") else {
      throw Self.fault(sqlite3_extended_errcode(copy.handle), path: copy.path)
    }
    var patience = Patience()
    patience.deadline = deadline
    var tries: Int32 = 0
    // All pages in one step: one read transaction, so that no writer makes it begin anew.
    var code = sqlite3_backup_step(backup, -1)
    while [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL].contains(code & 0xFF), patience.wait(tries: tries) {
      tries = 1
      code = sqlite3_backup_step(backup, -1)
    }
    sqlite3_backup_finish(backup)
    // A full disk is that of the copy, a damaged page that of the file.
    let isOurs = code & 0xFF == SQLITE_CORRUPT || code & 0xFF == SQLITE_NOTADB
    guard code == SQLITE_DONE else { throw Self.fault(code, path: isOurs ? path : copy.path) }
  }
}
