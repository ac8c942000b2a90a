// SPDX-License-Identifier: Apache-2.0

/// Every statement that is run often. Each is prepared once for a database connection.
enum Query: Int, CaseIterable {
  case begin, commit, rollback
  case applicationID, userVersion, journalMode, dataVersion, integrityCheck, truncateLog
  case get, listFrom, listAfter, put, delete

  var sql: String {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .applicationID: "PRAGMA application_id"
    case .userVersion: "PRAGMA user_version"
    case .journalMode: "PRAGMA journal_mode"
    case .dataVersion: "PRAGMA data_version"
    case .integrityCheck: "PRAGMA integrity_check(1)"
    case .truncateLog: "PRAGMA wal_checkpoint(TRUNCATE)"
    case .get: "SELECT version, value FROM record WHERE key = ?1"
    // No LIMIT and no end: whoever asks stops at its last row, and rows are read one by one.
    case .listFrom: "SELECT version, value, key FROM record WHERE key >= ?1 ORDER BY key"
    case .listAfter: "SELECT version, value, key FROM record WHERE key > ?1 ORDER BY key"
    case .put:
      """
      INSERT INTO record (key, version, value) VALUES (?1, 1, ?2)
      ON CONFLICT (key) DO UPDATE SET version = version + 1, value = excluded.value
      """
    case .delete: "DELETE FROM record WHERE key = ?1"
    }
  }
}
