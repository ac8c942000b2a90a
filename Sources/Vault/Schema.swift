// SPDX-License-Identifier: Apache-2.0

/// The tables of a vault, format 1.
///
/// Rows hold what must be read without the credential: the state, and the keys' versions. What names a customer or
/// opens a tenant is sealed. Keys of the vault stand once for each version of the key-encryption key, so that two
/// versions can be live while the one replaces the other.
enum Schema {
  /// "aS4V": what `file` and we tell a vault by.
  static let applicationID: Int64 = 0x6153_3456

  static let sql = """
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
    PRAGMA application_id = \(applicationID);
    PRAGMA user_version = \(1);
    """
}
