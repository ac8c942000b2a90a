// SPDX-License-Identifier: Apache-2.0

/// The table of a vault's file.
enum Schema {
  /// "aS4V": what `file` and we tell a vault by.
  static let applicationID: Int64 = 0x6153_3456
  /// `user_version` of the newest format. What the records hold has numbers of its own.
  static let formatVersion: Int64 = 2

  /// Bytes of a page. A row of more than a quarter of one goes into pages of its own, which are freed, wiped and taken
  /// anew with each change: with SQLite's 4,096 a put of an ordinary connection wrote six pages (measured).
  static let pageSize = 8_192

  /// Format 2: the store knows keys and values, and nothing of what they mean.
  static let records = """
    CREATE TABLE record (
      key TEXT PRIMARY KEY,      -- ASCII, at most 128 bytes
      version INTEGER NOT NULL,  -- 1, then one more with each change
      value BLOB NOT NULL        -- sealed or authenticated
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = \(formatVersion);
    """

  /// A new file.
  static let newFile = records + "PRAGMA application_id = \(applicationID);"
}
