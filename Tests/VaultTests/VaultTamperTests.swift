// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets
import TestSupport
import Testing

@testable import Vault

/// Somebody who can write the file moves sealed texts about. Whatever they do, no secret comes out in a wrong place.
@Suite struct VaultTamperTests {
  private let directory = TemporaryDirectory()

  /// A vault with the connections a and b, closed.
  private func makeVault(_ path: String) throws {
    let vault = try Vault(path: path, key: makeKey())
    for id in ["a", "b"] { _ = try vault.put(connection: id, record: secret("of " + id)) }
    vault.close()
  }

  /// Opens a connection and tells the error, which must name what is wrong.
  private func refusal(_ id: String) throws -> S4Error {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let error = try #require(fault { _ = try vault.open(connection: id) })
    #expect(!error.message.contains("of " + id))
    return error
  }

  private static let keep = """
    CREATE TEMP TABLE c AS SELECT * FROM connection; CREATE TEMP TABLE r AS SELECT * FROM record;
    """
  /// Statements that let the two connections change their values of a column.
  private static func exchange(_ column: String) -> String {
    """
    \(keep) UPDATE connection SET \(column) = CAST('000000000000000' || id AS BLOB);
    UPDATE connection SET \(column) = (SELECT c.\(column) FROM c WHERE c.id <> connection.id);
    """
  }
  private static let exchangeRecords =
    "UPDATE record SET connection = connection + 10; UPDATE record SET connection = 13 - connection;"

  @Test(arguments: [
    // Between the fields of a connection.
    keep + "UPDATE record SET sealed = (SELECT r.sealed FROM r WHERE r.connection = record.connection "
      + "AND r.kind <> record.kind)",
    // Between connections: the records, the data keys, both, and what a row is known by.
    exchangeRecords, exchange("data_key"), exchange("data_key") + exchangeRecords, exchange("lookup"),
    exchange("row_id"), exchange("row_id") + exchangeRecords,
    // Everything but the lookup code, and everything but the row's id.
    exchange("row_id") + "UPDATE connection SET data_key = (SELECT c.data_key FROM c WHERE c.id <> connection.id);"
      + exchangeRecords,
    // What the row says of the keys and the generation.
    "UPDATE connection SET generation = generation + 1",
    "UPDATE record SET generation = generation + 1",
    "UPDATE connection SET generation = generation + 1; UPDATE record SET generation = generation + 1",
    "UPDATE connection SET data_key_version = data_key_version + 1",
    "UPDATE connection SET kek_version = 2",
    // Values that cannot be.
    "UPDATE record SET sealed = zeroblob(27)", "UPDATE record SET sealed = zeroblob(28)",
    "UPDATE record SET sealed = x''", "UPDATE record SET sealed = zeroblob(1500000)", "DELETE FROM record",
    "UPDATE connection SET data_key = x''", "UPDATE connection SET data_key = zeroblob(60)",
    "UPDATE connection SET row_id = CAST(id AS BLOB)", "UPDATE connection SET generation = 0",
    "UPDATE connection SET generation = -9223372036854775808",
    "UPDATE connection SET generation = 9223372036854775807",
    "UPDATE connection SET data_key_version = 9223372036854775807", "UPDATE connection SET state = 'none'",
    "UPDATE connection SET last_error = CAST(zeroblob(300) AS TEXT)",
    "UPDATE connection SET last_error = CAST(x'ff' AS TEXT)",
  ])
  func whatWasMovedOrChangedDoesNotOpen(_ sql: String) throws {
    try makeVault(directory.vault)
    #expect(rawSQL(directory.vault, sql) == SQLITE_OK)
    for id in ["a", "b"] { #expect(try refusal(id).code == .vaultCorrupt) }
    // Nothing that follows breaks: a put mends the connection, or says why it cannot.
    let vault = try Vault(path: directory.vault, key: makeKey())
    if let error = fault({ _ = try vault.put(connection: "a", record: secret("mended")) }) {
      #expect(error.code == .vaultCorrupt)
    } else {
      #expect(try vault.open(connection: "a").record == secret("mended"))
    }
    _ = fault { try vault.delete(connection: "b") }
  }

  @Test func theMessageNamesTheConnectionAndWhatToDo() throws {
    try makeVault(directory.vault)
    rawSQL(directory.vault, Self.exchangeRecords)
    let error = try refusal("a")
    #expect(error.message.contains("the credential of the connection \"a\""))
    #expect(error.message.contains("put the connection anew"))
  }

  @Test func aListWithAMovedNameIsRefused() throws {
    try makeVault(directory.vault)
    rawSQL(
      directory.vault,
      "UPDATE record SET sealed = (SELECT r.sealed FROM record r WHERE r.connection <> record.connection "
        + "AND r.kind = 'name') WHERE kind = 'name'")
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(fault { _ = try vault.ids() }?.code == .vaultCorrupt)
    #expect(try vault.open(connection: "a").record == secret("of a"))
  }

  @Test func anOldCredentialDoesNotComeBack() throws {
    try makeVault(directory.vault)
    rawSQL(
      directory.vault,
      "CREATE TABLE old AS SELECT * FROM record; CREATE TABLE oldc AS SELECT * FROM connection")
    do {
      let vault = try Vault(path: directory.vault, key: makeKey())
      _ = try vault.put(connection: "a", record: secret("new"))
    }
    let record = "REPLACE INTO record SELECT * FROM old"
    let dataKey = "UPDATE connection SET data_key = (SELECT data_key FROM oldc WHERE oldc.id = connection.id)"
    let version = "UPDATE connection SET data_key_version = 1"
    for sql in [record, dataKey, version] {
      #expect(rawSQL(directory.vault, sql) == SQLITE_OK)
      #expect(try refusal("a").code == .vaultCorrupt)
    }
  }

  @Test func aConnectionOfAnotherVaultDoesNotOpen() throws {
    let other = directory.path + "/other.db"
    try makeVault(directory.vault)
    try makeVault(other)
    // Same key, same ids, same numbers: all but the vault's own id and index key is the same.
    let columns = "row_id, kek_version, data_key_version, data_key, generation, state, since"
    let result = rawSQL(
      directory.vault,
      """
      ATTACH '\(other)' AS o;
      UPDATE connection SET (\(columns)) = (SELECT \(columns) FROM o.connection c WHERE c.id = connection.id);
      REPLACE INTO main.record SELECT * FROM o.record;
      """)
    #expect(result == SQLITE_OK)
    for id in ["a", "b"] { #expect(try refusal(id).code == .vaultCorrupt) }
  }

  @Test func keysOfAnotherVaultAreRefused() throws {
    let other = directory.path + "/other.db"
    try makeVault(directory.vault)
    try makeVault(other)
    let take = { (what: String) in
      rawSQL(self.directory.vault, "ATTACH '\(other)' AS o; \(what)") == SQLITE_OK
    }
    #expect(take("REPLACE INTO main.vault_key SELECT * FROM o.vault_key WHERE kind = 'index-key'"))
    #expect(fault { _ = try Vault(path: directory.vault, key: makeKey()) }?.code == .vaultCorrupt)
    #expect(take("REPLACE INTO main.vault_key SELECT * FROM o.vault_key"))
    #expect(fault { _ = try Vault(path: directory.vault, key: makeKey()) }?.code == .vaultKeyRefused)
    #expect(take("UPDATE main.vault SET vault_id = (SELECT vault_id FROM o.vault)"))
    // Now it is the other vault, and knows nothing of these connections.
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(fault { _ = try vault.open(connection: "a") }?.code == .notFound)
    #expect(fault { _ = try vault.ids() }?.code == .vaultCorrupt)
  }

  @Test(arguments: [
    "DROP TABLE record", "DROP TABLE connection", "DROP TABLE vault", "DROP TABLE vault_key", "DELETE FROM vault",
    "DELETE FROM vault_key", "UPDATE vault SET kek_version = 2", "UPDATE vault SET vault_id = x'00'",
    "ALTER TABLE connection RENAME COLUMN state TO st", "PRAGMA user_version = 0",
    "UPDATE vault_key SET sealed = x''", "UPDATE vault SET generation_floor = 9223372036854775807",
    "ALTER TABLE record RENAME TO r; CREATE VIEW record AS SELECT * FROM r",
  ])
  func aVaultWithoutItsPartsIsRefused(_ sql: String) throws {
    try makeVault(directory.vault)
    #expect(rawSQL(directory.vault, sql) == SQLITE_OK)
    let error = fault {
      let vault = try Vault(path: directory.vault, key: makeKey())
      _ = try vault.put(connection: "new", record: secret("n3w"))
    }
    #expect(error?.code == .vaultCorrupt)
  }
}
