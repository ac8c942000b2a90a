// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Files of format 1 that are kept with the tests; see `Fixtures/README.md`.
enum Fixture {
  static let formatOne: [UInt8] = {
    guard let slash = #filePath.lastIndex(of: "/") else { return [] }
    return File.read(#filePath[..<slash] + "/Fixtures/format-1.vault")
  }()
}

@Suite struct FormatOneTests {
  private let directory = TemporaryDirectory()

  private func open(readOnly: Bool = false) throws -> SQLiteStore {
    try SQLiteStore(path: directory.vault, readOnly: readOnly, checksIntegrity: false)
  }

  /// One record for each connection, and a header.
  private static func records(of content: FormatOneContent) -> [StoreChange] {
    content.connections.map { .put(key: "connection/" + Display.hex($0.rowID), value: $0.credential.text) }
      + [.put(key: "vault", value: content.vaultID)]
  }

  @Test func theFixtureIsReadWhole() throws {
    File.write(Fixture.formatOne, to: directory.vault)
    #expect(try open().format == 1)
    var found: FormatOneContent?
    let error = fault {
      try open().migrateFromFormatOne { (content) throws(S4Error) in
        found = content
        throw .cancelled
      }
    }
    #expect(error == .cancelled)
    let content = try #require(found)
    #expect(content.vaultID.count == 16 && content.keyVersion == 1 && content.generationFloor == 2)
    #expect(content.keyCheck.count == 24 + 28 && content.indexKey.count == 32 + 28)
    #expect(content.connections.count == 3)
    let byState = Dictionary(grouping: content.connections, by: \.state).compactMapValues(\.first)
    let nordvik = try #require(byState[.active])
    #expect(nordvik.generation == 4 && nordvik.dataKeyVersion == 2 && nordvik.rejectedGeneration == nil)
    #expect(nordvik.since.milliseconds == 1_764_000_100_000 && nordvik.lastProof == nordvik.since)
    #expect(nordvik.lastErrorCode == nil && nordvik.name.text.count == "nordvik".utf8.count + 28)
    let fjordkraft = try #require(byState[.expired])
    #expect(fjordkraft.generation == 3 && fjordkraft.rejectedGeneration == 3 && fjordkraft.lastErrorCode == "401")
    #expect(fjordkraft.since.milliseconds == 1_763_500_000_000)
    #expect(fjordkraft.lastProof?.milliseconds == 1_763_000_000_000)
    let new = try #require(byState[.new])
    #expect(new.generation == 3 && new.lastProof == nil && new.name.text.count == "überholt".utf8.count + 28)
    for connection in content.connections {
      #expect(connection.rowID.count == 16 && connection.lookup.count == 32 && connection.dataKey.count == 60)
      #expect(connection.keyVersion == 1 && connection.name.generation == connection.generation)
      #expect(connection.credential.generation == connection.generation && connection.credential.text.count > 100)
    }
    // A body that throws leaves the file as it was.
    #expect(try open().format == 1)
  }

  @Test func aMigrationReplacesTheOldTables() throws {
    File.write(Fixture.formatOne, to: directory.vault)
    let store = try open()
    var wrapped: [[UInt8]] = []
    try store.migrateFromFormatOne { (content) throws(S4Error) in
      wrapped = content.connections.map(\.dataKey)
      return Self.records(of: content)
    }
    #expect(try store.format == 2)
    #expect(try store.list(prefix: "connection/", after: nil, limit: 10).count == 3)
    #expect(try store.get("vault")?.version == 1)
    try store.put("vault", [1])
    // Neither file nor log keeps the old wrapped keys.
    #expect(wrapped.count == 3)
    for name in directory.names() {
      for key in wrapped { #expect(!File.contains(key, directory.path + "/" + name)) }
    }
    // Nothing is migrated twice.
    try store.migrateFromFormatOne { (_) throws(S4Error) in throw .cancelled }
    store.close()
    let again = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: true)
    #expect(try again.format == 2)
    #expect(try again.get("vault")?.value == [1])
  }

  @Test func ofSeveralThatMigrateOneDoesIt() throws {
    File.write(Fixture.formatOne, to: directory.vault)
    let migrated = Collected<Int>()
    let problems = Collected<String>()
    onThreads(6) { thread in
      let error = fault {
        let store = try open()
        try store.migrateFromFormatOne { (content) throws(S4Error) in
          migrated.append(thread)
          return Self.records(of: content)
        }
        guard try store.format == 2, try store.get("vault")?.version == 1 else { throw S4Error(.conflict, "") }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    #expect(migrated.all.count == 1)
  }

  @Test func manyRecordsFitIntoOneMigration() throws {
    File.write(Fixture.formatOne, to: directory.vault)
    let store = try open()
    try store.migrateFromFormatOne { _ in
      (0..<30_000).map { .put(key: "connection/\($0)", value: [UInt8](repeating: 1, count: 600)) }
    }
    #expect(try store.get("connection/29999")?.version == 1)
    try store.proveSound()
  }

  @Test func damageStopsAMigration() throws {
    let damage = [
      "DELETE FROM record WHERE kind = 'name' AND generation = 4", "UPDATE connection SET state = 'fine'",
      "UPDATE connection SET data_key = zeroblob(61)", "UPDATE connection SET since = NULL",
      "DELETE FROM vault_key WHERE kind = 'index-key'", "DELETE FROM vault", "DROP TABLE record",
      "UPDATE vault SET vault_id = zeroblob(15)", "UPDATE connection SET lookup = CAST(id AS BLOB)",
    ]
    for sql in damage {
      for suffix in ["", "-wal", "-shm"] { unlink(directory.vault + suffix) }
      File.write(Fixture.formatOne, to: directory.vault)
      // Where the tables refuse it themselves, nothing was damaged.
      guard rawSQL(directory.vault, sql) == SQLITE_OK else { continue }
      let store = try open()
      let error = fault { try store.migrateFromFormatOne { (content) throws(S4Error) in Self.records(of: content) } }
      #expect(error?.code == .vaultCorrupt, "\(sql)")
      #expect(try store.format == 1)
    }
  }

  @Test func hiddenDamageStopsAMigration() throws {
    // An entry of the index over the lookup codes, which is the fixture's sixth page: reading all rows does not come
    // across it.
    var content = Fixture.formatOne
    content[6 * 4_096 - 10] ^= 1
    File.write(content, to: directory.vault)
    let error = fault {
      try open().migrateFromFormatOne { (content) throws(S4Error) in Self.records(of: content) }
    }
    #expect(error?.code == .vaultCorrupt)
    #expect(try open().format == 1)
  }

  @Test func aReadOnlyVaultOfFormatOneIsRefused() throws {
    File.write(Fixture.formatOne, to: directory.vault)
    let error = try #require(fault { _ = try open(readOnly: true) })
    #expect(error.code == .vaultUnavailable)
    #expect(error.message.contains("format 1") && error.message.contains("ASKEL_S4_VAULT_READ_ONLY"))
    #expect(try open().format == 1)
  }
}
