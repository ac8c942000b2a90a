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

  /// A vault with the connections a and b, each with a second credential, closed.
  private func makeVault(_ path: String) throws {
    let vault = try Vault(path: path, key: makeKey())
    for id in ["a", "b"] {
      try vault.put(connection: id, record: secret("of " + id))
      try vault.stage(connection: id, record: secret("beside " + id))
    }
    vault.close()
  }

  private typealias Pair = (a: ConnectionEntry, b: ConnectionEntry)

  /// Lets somebody without a key rewrite the records of a and b.
  private func tamper(_ path: String, _ change: (inout ConnectionEntry, inout ConnectionEntry) -> Void) throws {
    let vault = try Vault(path: path, key: makeKey())
    var a = try #require(try vault.find("a")).entry
    var b = try #require(try vault.find("b")).entry
    let keys = [a, b].map { Vault.recordKey($0.lookup) }
    vault.close()
    change(&a, &b)
    try write(path, zip(keys, [a, b]).map { .put(key: $0, value: $1.encoded()) })
  }

  private func write(_ path: String, _ changes: [StoreChange]) throws {
    let store = try SQLiteStore(path: path, readOnly: false, checksIntegrity: false)
    try store.change(by: Deadline(milliseconds: 5_000)) { _ in changes }
    store.close()
  }

  private func records(_ path: String) throws -> [StoredRecord] {
    let store = try SQLiteStore(path: path, readOnly: true, checksIntegrity: false)
    return try store.list(prefix: "", after: nil, limit: 1_000)
  }

  /// Opens a connection and tells the error, which must name what is wrong.
  private func refusal(_ id: String) throws -> S4Error {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let error = try #require(fault { _ = try vault.open(connection: id, beside: true) })
    #expect(!error.message.contains("of " + id))
    return error
  }

  private typealias Change = @Sendable (inout ConnectionEntry, inout ConnectionEntry) -> Void
  private static let changes: [Change] = [
    // Between the fields of a connection.
    { a, b in (a.live, a.beside, b.live, b.beside) = (a.beside ?? [], a.live, b.beside ?? [], b.live) },
    { a, b in (a.live, b.live) = (a.card, b.card) }, { a, b in (a.card, b.card) = (a.live, b.live) },
    { a, b in (a.beside, b.beside) = (a.live, b.live) },
    // Between connections: the credentials, the cards, the data keys, several of them, and what a row is known by.
    { a, b in swap(&a.live, &b.live) }, { a, b in swap(&a.beside, &b.beside) }, { a, b in swap(&a.card, &b.card) },
    { a, b in swap(&a.wrappedDataKey, &b.wrappedDataKey) },
    { a, b in
      swap(&a.wrappedDataKey, &b.wrappedDataKey)
      swap(&a.live, &b.live)
      swap(&a.beside, &b.beside)
    },
    { a, b in
      swap(&a, &b)
      swap(&a.lookup, &b.lookup)
    },
    { a, b in swap(&a, &b) }, { a, b in swap(&a.lookup, &b.lookup) }, { a, b in swap(&a.rowID, &b.rowID) },
    // What the record says of the keys.
    { a, b in (a.dataKeyVersion, b.dataKeyVersion) = (2, 2) }, { a, b in (a.setVersion, b.setVersion) = (2, 2) },
    { a, b in (a.dataKeyVersion, b.dataKeyVersion) = (.max, .max) },
    // Values that cannot be.
    { a, b in (a.live, b.live) = ([], []) },
    { a, b in (a.live, b.live) = ([UInt8](repeating: 0, count: 28), [UInt8](repeating: 0, count: 28)) },
    { a, b in (a.beside, b.beside) = (nil, nil) }, { a, b in (a.rowID, b.rowID) = ([1], [1]) },
    { a, b in (a.card, b.card) = ([1], [1]) }, { a, b in (a.wrappedDataKey, b.wrappedDataKey) = ([0], [0]) },
  ]

  @Test(arguments: changes.indices) func whatWasMovedOrChangedDoesNotOpen(_ index: Int) throws {
    try makeVault(directory.vault)
    try tamper(directory.vault, Self.changes[index])
    for id in ["a", "b"] { #expect(try refusal(id).code == .vaultCorrupt) }
    // As the message says: putting it anew mends it. So does deleting.
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(try vault.put(connection: "a", record: secret("mended")) > 2)
    #expect(try vault.open(connection: "a").record == secret("mended"))
    try vault.delete(connection: "b")
    #expect(try vault.ids() == ["a"])
    #expect(try vault.put(connection: "b", record: secret("mended")) > 2)
    try vault.proveGenuine()
    let report = try vault.auditVerify(against: nil)
    #expect(report.finding == nil, "\(report.json)")
  }

  @Test func aKeyVersionThatThereIsNotIsRefused() throws {
    try makeVault(directory.vault)
    try tamper(directory.vault) { a, b in (a.keyVersion, b.keyVersion) = (2, 2) }
    for id in ["a", "b"] { #expect(try refusal(id).code == .vaultCorrupt) }
  }

  @Test func theMessageNamesTheConnectionAndWhatToDo() throws {
    try makeVault(directory.vault)
    try tamper(directory.vault) { a, b in swap(&a.live, &b.live) }
    let error = try refusal("a")
    #expect(error.message.contains("the credential of the connection \"a\""))
    #expect(error.message.contains("put the connection anew"))
  }

  @Test func aListWithAMovedCardIsRefused() throws {
    try makeVault(directory.vault)
    try tamper(directory.vault) { a, b in
      swap(&a.card, &b.card)
      swap(&a.rowID, &b.rowID)
    }
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(fault { _ = try vault.list() }?.code == .vaultCorrupt)
  }

  @Test func anOldCredentialDoesNotComeBack() throws {
    try makeVault(directory.vault)
    let vault = try Vault(path: directory.vault, key: makeKey())
    let old = try #require(try vault.find("a")).entry
    try vault.put(connection: "a", record: secret("new"))
    try vault.stage(connection: "a", record: secret("newer"))
    vault.close()
    for change in [
      { entry in entry.live = old.live }, { entry in entry.beside = old.beside }, { entry in entry.card = old.card },
      { entry in (entry.live, entry.beside) = (old.live, old.beside) },
      { entry in (entry.wrappedDataKey, entry.live) = (old.wrappedDataKey, old.live) },
      { entry in
        (entry.wrappedDataKey, entry.live, entry.beside) = (old.wrappedDataKey, old.live, old.beside)
        entry.dataKeyVersion = old.dataKeyVersion
      },
    ] as [(inout ConnectionEntry) -> Void] {
      let before = try records(directory.vault)
      try tamper(directory.vault) { a, _ in change(&a) }
      #expect(try refusal("a").code == .vaultCorrupt)
      try write(directory.vault, before.map { .put(key: $0.key, value: $0.value) })
    }
    // A whole record of before is genuine in itself: the audit trail finds it.
    try tamper(directory.vault) { a, _ in a = old }
    let put = try Vault(path: directory.vault, key: makeKey())
    #expect(try put.open(connection: "a").record == secret("of a"))
    let report = try put.auditVerify(against: nil)
    #expect(report.finding?.text.contains("\"a\"") ?? false)
  }

  @Test func recordsOfAnotherVaultDoNotOpen() throws {
    let other = directory.path + "/other.db"
    try makeVault(directory.vault)
    try makeVault(other)
    var foreign: [ConnectionEntry] = []
    try tamper(other) { a, b in foreign = [a, b] }
    try tamper(directory.vault) { a, b in
      for (mine, theirs) in [(0, foreign[0]), (1, foreign[1])] {
        var entry = theirs
        entry.lookup = mine == 0 ? a.lookup : b.lookup
        if mine == 0 { a = entry } else { b = entry }
      }
    }
    for id in ["a", "b"] { #expect(try refusal(id).code == .vaultCorrupt) }
    // Under its own key it is a connection that nobody asks for, and the list does not take it for one of ours.
    try write(
      directory.vault,
      records(other).filter { $0.key.hasPrefix("connection/") }.map {
        .put(key: $0.key, value: $0.value)
      })
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(fault { _ = try vault.list() }?.code == .vaultCorrupt)
  }

  @Test func aHeaderThatWasChangedOrComesFromAnotherVaultIsRefused() throws {
    let other = directory.path + "/other.db"
    try makeVault(directory.vault)
    try makeVault(other)
    let header = try #require(try records(directory.vault).first { $0.key == VaultHeader.key })
    let foreign = try #require(try records(other).first { $0.key == VaultHeader.key })
    try write(directory.vault, [.put(key: VaultHeader.key, value: foreign.value)])
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(fault { _ = try vault.open(connection: "a") }?.code == .notFound)
    #expect(fault { _ = try vault.list() }?.code == .vaultCorrupt)
    vault.close()

    var codes: Set<S4Error.Code> = []
    for position in header.value.indices {
      var value = header.value
      value[position] ^= 1
      try write(directory.vault, [.put(key: VaultHeader.key, value: value)])
      let error = try #require(
        fault { _ = try Vault(path: directory.vault, key: makeKey()) }, "byte \(position) was taken as it is")
      codes.insert(error.code)
    }
    #expect(codes.isSubset(of: [.vaultCorrupt, .vaultUnavailable, .vaultKeyRefused]))
    try write(directory.vault, [.delete(key: VaultHeader.key)])
    let headless = try #require(fault { _ = try Vault(path: directory.vault, key: makeKey()) })
    #expect(headless.code == .vaultCorrupt)
    try write(directory.vault, [.put(key: VaultHeader.key, value: header.value)])
    #expect(try Vault(path: directory.vault, key: makeKey()).open(connection: "a").record == secret("of a"))
  }

  @Test(arguments: [
    "DROP TABLE record", "DELETE FROM record", "PRAGMA user_version = 0",
    "ALTER TABLE record RENAME COLUMN value TO v", "UPDATE record SET value = x'' WHERE key = 'vault'",
    "UPDATE record SET version = 0", "UPDATE record SET version = -1",
    "ALTER TABLE record RENAME TO r; CREATE VIEW record AS SELECT * FROM r",
    "DELETE FROM record WHERE key = 'audit/head'",
  ])
  func aVaultWithoutItsPartsIsRefused(_ sql: String) throws {
    try makeVault(directory.vault)
    #expect(rawSQL(directory.vault, sql) == SQLITE_OK)
    let error = fault {
      let vault = try Vault(path: directory.vault, key: makeKey())
      try vault.put(connection: "new", record: secret("n3w"))
    }
    if sql == "DELETE FROM record" {
      // Nothing is left that could be told from a file that was just made.
      #expect(error == nil)
    } else {
      #expect(error?.code == .vaultCorrupt)
    }
  }
}
