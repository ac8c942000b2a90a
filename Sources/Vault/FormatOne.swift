// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets

/// Format 1: four tables, which this library no longer writes.
enum FormatOne {
  /// Bytes of the largest record.
  private static let largestRecord = 1 << 20

  static let schema = """
    CREATE TABLE vault (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      vault_id BLOB NOT NULL,            -- 16 random bytes
      kek_version INTEGER NOT NULL,      -- version of the key-encryption key that new data keys are wrapped under
      generation_floor INTEGER NOT NULL  -- highest generation of all deleted connections: none is used twice
    ) STRICT;
    CREATE TABLE vault_key (
      kek_version INTEGER NOT NULL,
      kind TEXT NOT NULL,                -- key-check, index-key
      sealed BLOB NOT NULL,
      PRIMARY KEY (kek_version, kind)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE connection (
      id INTEGER PRIMARY KEY,
      row_id BLOB NOT NULL UNIQUE,       -- 16 random bytes: sealed texts are bound to them
      lookup BLOB NOT NULL UNIQUE,       -- HMAC-SHA256 of the connection's id under the index key
      kek_version INTEGER NOT NULL,
      data_key_version INTEGER NOT NULL,
      data_key BLOB NOT NULL,            -- 32 bytes, wrapped: 60
      generation INTEGER NOT NULL,
      state TEXT NOT NULL,
      since INTEGER NOT NULL,            -- milliseconds since 1970, UTC
      last_proof INTEGER,                -- the same
      last_error TEXT,
      rejected_generation INTEGER        -- equal to generation: this credential must not be sent again
    ) STRICT;
    CREATE TABLE record (
      connection INTEGER NOT NULL REFERENCES connection (id),
      kind TEXT NOT NULL,                -- credential, name
      generation INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (connection, kind)
    ) STRICT, WITHOUT ROWID;
    PRAGMA application_id = \(Schema.applicationID);
    PRAGMA user_version = 1;
    """

  static let dropping = "DROP TABLE record; DROP TABLE connection; DROP TABLE vault_key; DROP TABLE vault;"

  /// Reads all of a file.
  /// - Throws: `.vaultCorrupt` where a row holds what it cannot hold, or is missing.
  static func read(_ database: Database) throws(S4Error) -> FormatOneContent {
    var header: (vaultID: [UInt8], keyVersion: Int64, floor: Int64)?
    try database.forEach("SELECT vault_id, kek_version, generation_floor FROM vault WHERE id = 1") {
      (row) throws(S4Error) in
      header = (try row.blob(0, 16...16), try row.integer(1), try row.integer(2, in: 0...(.max - 1)))
    }
    guard let header else { throw Database.fault(SQLITE_CORRUPT, path: database.path) }
    return FormatOneContent(
      vaultID: header.vaultID, keyVersion: header.keyVersion, generationFloor: header.floor,
      keyCheck: try key("key-check", header.keyVersion, database),
      indexKey: try key("index-key", header.keyVersion, database), connections: try connections(database))
  }

  /// - Parameters:
  ///   - kind: a constant of ours.
  private static func key(
    _ kind: String, _ version: Int64, _ database: Database
  ) throws(S4Error) -> [UInt8] {
    var sealed: [UInt8]?
    try database.forEach("SELECT sealed FROM vault_key WHERE kek_version = \(version) AND kind = '\(kind)'") {
      (row) throws(S4Error) in
      sealed = try row.blob(0, 1...1_024)
    }
    guard let sealed else { throw Database.fault(SQLITE_CORRUPT, path: database.path) }
    return sealed
  }

  private static func connections(_ database: Database) throws(S4Error) -> [FormatOneContent.Connection] {
    var connections: [FormatOneContent.Connection] = []
    // A record that is missing shows as NULL, which no column admits.
    try database.forEach(
      """
      SELECT c.row_id, c.lookup, c.kek_version, c.data_key_version, c.data_key, c.generation, c.state, c.since,
        c.last_proof, c.last_error, c.rejected_generation, n.generation, n.sealed, r.generation, r.sealed
      FROM connection c
        LEFT JOIN record n ON n.connection = c.id AND n.kind = 'name'
        LEFT JOIN record r ON r.connection = c.id AND r.kind = 'credential'
      ORDER BY c.id
      """
    ) { (row) throws(S4Error) in
      guard let state = ConnectionState(rawValue: try row.text(6)) else { throw row.damaged(6) }
      connections.append(
        FormatOneContent.Connection(
          rowID: try row.blob(0, 16...16), lookup: try row.blob(1, HMACSHA256.codeCount...HMACSHA256.codeCount),
          keyVersion: try row.integer(2), dataKeyVersion: try row.integer(3, in: 1 ... .max),
          dataKey: try row.blob(4, 60...60), generation: try row.integer(5, in: 1 ... .max), state: state,
          since: Timestamp(milliseconds: try row.integer(7)),
          lastProof: row.isNull(8) ? nil : Timestamp(milliseconds: try row.integer(8)),
          lastErrorCode: row.isNull(9) ? nil : try row.text(9),
          rejectedGeneration: row.isNull(10) ? nil : try row.integer(10), name: try sealed(row, 11),
          credential: try sealed(row, 13)))
    }
    return connections
  }

  private static func sealed(_ row: Row, _ first: Int32) throws(S4Error) -> FormatOneContent.Sealed {
    FormatOneContent.Sealed(
      generation: try row.integer(first),
      text: try row.blob(first + 1, AEAD.overhead...largestRecord + AEAD.overhead))
  }
}
