// SPDX-License-Identifier: Apache-2.0

/// Every statement that is run often. Each is prepared once for a database connection.
enum Query: Int, CaseIterable {
  case begin, commit, rollback
  case applicationID, userVersion, journalMode, dataVersion, integrityCheck, truncateLog
  case get, listFrom, listAfter, put, delete
  // For the vault of format 1 alone: to go with it.
  case vault, vaultKey, insertVault, insertVaultKey, raiseGenerationFloor
  case status, credential, names, count, rowForPut, insertConnection, replaceConnection, deleteConnection
  case replaceRecord, deleteRecords
  case setState

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
    case .vault: "SELECT vault_id, kek_version, generation_floor FROM vault WHERE id = 1"
    case .vaultKey: "SELECT sealed FROM vault_key WHERE kek_version = ?1 AND kind = ?2"
    case .insertVault: "INSERT INTO vault (id, vault_id, kek_version, generation_floor) VALUES (1, ?1, ?2, 0)"
    case .insertVaultKey: "INSERT INTO vault_key (kek_version, kind, sealed) VALUES (?1, ?2, ?3)"
    case .raiseGenerationFloor: "UPDATE vault SET generation_floor = max(generation_floor, ?1) WHERE id = 1"
    case .status:
      "SELECT generation, state, since, last_proof, last_error, rejected_generation FROM connection WHERE lookup = ?1"
    case .credential:
      """
      SELECT c.generation, c.state, c.since, c.last_proof, c.last_error, c.rejected_generation,
        c.row_id, c.kek_version, c.data_key_version, c.data_key, r.generation, r.sealed
      FROM connection c LEFT JOIN record r ON r.connection = c.id AND r.kind = 'credential'
      WHERE c.lookup = ?1
      """
    case .names:
      """
      SELECT c.lookup, c.row_id, c.kek_version, c.data_key_version, c.data_key, c.generation, r.generation, r.sealed
      FROM connection c LEFT JOIN record r ON r.connection = c.id AND r.kind = 'name'
      """
    case .count: "SELECT count(*) FROM connection"
    case .rowForPut: "SELECT id, row_id, data_key_version, generation FROM connection WHERE lookup = ?1"
    case .insertConnection:
      """
      INSERT INTO connection (row_id, lookup, kek_version, data_key_version, data_key, generation, state, since)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING id
      """
    case .replaceConnection:
      """
      UPDATE connection SET kek_version = ?2, data_key_version = ?3, data_key = ?4, generation = ?5, state = ?6,
        since = ?7, last_proof = NULL, last_error = NULL, rejected_generation = NULL
      WHERE id = ?1
      """
    case .deleteConnection: "DELETE FROM connection WHERE id = ?1"
    case .replaceRecord:
      "INSERT OR REPLACE INTO record (connection, kind, generation, sealed) VALUES (?1, ?2, ?3, ?4)"
    case .deleteRecords: "DELETE FROM record WHERE connection = ?1"
    case .setState:
      """
      UPDATE connection SET state = ?3, since = ?4, last_proof = ?5, last_error = ?6, rejected_generation = ?7
      WHERE lookup = ?1 AND generation = ?2
      """
    }
  }
}
