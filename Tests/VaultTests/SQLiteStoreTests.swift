// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SQLiteStoreTests {
  private let directory = TemporaryDirectory()

  private func open(readOnly: Bool = false, checksIntegrity: Bool = false) throws -> SQLiteStore {
    try SQLiteStore(path: directory.vault, readOnly: readOnly, checksIntegrity: checksIntegrity)
  }

  @Test(arguments: StoreConformance.allCases) func keepsWhatStoresPromise(_ promise: StoreConformance) throws {
    try promise.prove(try open())
  }

  @Test func aNewFileIsEmptyAndOurs() throws {
    let store = try open()
    #expect(try store.format == 2)
    #expect(try store.list(prefix: "", after: nil, limit: 1) == [])
    #expect(store.readOnlyReason == nil)
    #expect(store.title.contains(directory.vault))
    try store.put("vault", [1])
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
    for name in directory.names() { #expect(File.mode(directory.path + "/" + name) == 0o600) }
    store.close()
    #expect(directory.names() == ["vault.db"])
    #expect(try open().get("vault")?.value == [1])
  }

  @Test func manyMayMakeTheSameFileAtOnce() throws {
    let problems = Collected<String>()
    onThreads(8) { thread in
      let error = fault { try open(checksIntegrity: true).put("c/\(thread)", [1]) }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    #expect(try open().list(prefix: "c/", after: nil, limit: 10).count == 8)
    #expect(directory.names().filter { $0.contains(".new-") } == [])
  }

  @Test func severalStoresOfOneFileLoseNothing() throws {
    let stores = try (0..<4).map { _ in try open() }
    let problems = Collected<String>()
    onThreads(8) { thread in
      let error = fault {
        for _ in 0..<25 {
          try stores[thread % 4].change { (view) throws(S4Error) in
            [.put(key: "count", value: [(try view.get("count")?.value.first ?? 0) + 1])]
          }
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    #expect(try stores[0].get("count")?.value == [200])
  }

  @Test func openingAndClosingDisturbsNobody() throws {
    // The last one to close writes the log back alone, and the first one to open recovers it.
    try open().put("a", [1])
    let problems = Collected<String>()
    onThreads(8) { thread in
      let error = fault {
        for round in 0..<40 {
          let store = try open()
          defer { store.close() }
          guard try store.get("a") != nil else { return problems.append("no record") }
          if thread % 2 == 0 { try store.put("own/\(thread)", [UInt8(round)]) }
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
  }

  @Test func readersDoNotWaitForWriters() throws {
    let store = try open()
    try store.put("a", [1])
    let took = Collected<Double>()
    try store.change { _ in
      onThreads(1) { _ in
        let start = Deadline.now
        _ = fault { guard try store.get("a")?.value == [1] else { throw S4Error(.notFound, "") } }
        took.append(Double(Deadline.now - start) / 1e6)
      }
      return [.put(key: "a", value: [2])]
    }
    #expect(took.all.count == 1)
    #expect(took.all.allSatisfy { $0 < 1_000 })
    #expect(try store.get("a")?.value == [2])
  }

  @Test func aWriterThatHangsIsToldOfInTime() throws {
    let store = try open()
    try store.put("a", [1])
    var raw: OpaquePointer?
    #expect(sqlite3_open(directory.vault, &raw) == SQLITE_OK)
    defer { sqlite3_close(raw) }
    #expect(sqlite3_exec(raw, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    for milliseconds in [0, 50, 300] as [Int64] {
      let start = Deadline.now
      let error = try #require(
        fault { try store.change(by: Deadline(milliseconds: milliseconds)) { _ in [.put(key: "a", value: [2])] } })
      let took = Int64((Deadline.now - start) / 1_000_000)
      #expect(error.code == .vaultUnavailable && error.isRetryable)
      #expect(took >= milliseconds && took < milliseconds + 1_000)
      #expect(try store.get("a")?.value == [1])
    }
    #expect(sqlite3_exec(raw, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
    // No deadline keeps a writer out whom nobody is in the way of.
    try store.change(by: Deadline(milliseconds: 0)) { _ in [.put(key: "a", value: [2])] }
    #expect(try store.get("a")?.version == 2)
  }

  @Test func whoWaitsInThisProcessIsToldInTime() throws {
    let store = try open()
    let codes = Collected<S4Error?>()
    try store.change { _ in
      onThreads(3) { _ in
        codes.append(
          fault { try store.change(by: Deadline(milliseconds: 30)) { _ in [.put(key: "b", value: [])] } })
      }
      return [.put(key: "a", value: [])]
    }
    #expect(codes.all.count == 3)
    #expect(codes.all.allSatisfy { $0?.code == .vaultUnavailable && $0?.isRetryable == true })
    // Those who gave up are not waited for.
    try store.put("b", [])
    #expect(try store.list(prefix: "", after: nil, limit: 10).count == 2)
  }

  @Test func aThreadThatWritesWithoutPauseStarvesNobody() throws {
    let store = try open()
    try provesFairness { body in
      let isOver = Flag()
      onThreads(2) { thread in
        if thread == 0 {
          body(store)
          isOver.set()
        } else {
          while !isOver.isSet { _ = fault { try store.put("greedy", [1]) } }
        }
      }
    }
  }

  @Test(.enabled(if: access("/usr/bin/python3", X_OK) == 0, "there is no python3"))
  func aProcessThatWritesWithoutPauseStarvesNobody() throws {
    let store = try open()
    try store.put("foreign", [])
    let writer = try #require(
      Python(
        """
        import os, sqlite3, sys
        parent = os.getppid()
        base = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
        base.execute("PRAGMA synchronous = FULL")
        print("ready", flush=True)
        while os.getppid() == parent:
          try: base.execute("UPDATE record SET version = version + 1 WHERE key = 'foreign'")
          except sqlite3.OperationalError: pass
        """, directory.vault))
    #expect(writer.waitForOutput())
    try provesFairness { body in body(store) }
    let version = try store.get("foreign")?.version ?? 0
    writer.end()
    // It did write meanwhile.
    #expect(version > 100)
  }

  /// - Parameter run: runs a body next to somebody who writes without pause.
  private func provesFairness(_ run: (@escaping @Sendable (SQLiteStore) -> Void) -> Void) throws {
    let took = Collected<Int64>()
    run { store in
      onThreads(4) { thread in
        for round in 0..<50 {
          let start = Deadline.now
          let error = fault {
            try store.change(by: Deadline(milliseconds: 10_000)) { _ in
              [.put(key: "own/\(thread)", value: [UInt8(round)])]
            }
          }
          took.append(error == nil ? Int64((Deadline.now - start) / 1_000_000) : .max)
        }
      }
    }
    #expect(took.all.count == 200)
    // Mostly a few milliseconds; the machine may be busy with other tests.
    #expect((took.all.max() ?? .max) < 5_000)
  }

  @Test func aValueThatCannotBeIsRefused() throws {
    let store = try open()
    try store.change { _ in ["a", "b", "c", "d"].map { .put(key: $0, value: [1]) } }
    let damage = [
      "UPDATE record SET version = 0 WHERE key = 'a'", "UPDATE record SET version = -5 WHERE key = 'b'",
      "UPDATE record SET value = zeroblob(3145729) WHERE key = 'c'",
      "UPDATE record SET version = 9223372036854775807 WHERE key = 'd'",
    ]
    for sql in damage { #expect(rawSQL(directory.vault, sql) == SQLITE_OK) }
    for key in ["a", "b", "c"] {
      let error = try #require(fault { _ = try store.get(key) })
      #expect(error.code == .vaultCorrupt)
      #expect(error.message.contains(directory.vault))
    }
    #expect(try store.get("d")?.version == .max)
    #expect(fault { _ = try store.list(prefix: "", after: nil, limit: 10) }?.code == .vaultCorrupt)
    // A version that cannot rise.
    #expect(fault { try store.put("d", [2]) }?.code == .vaultCorrupt)
    #expect(try store.get("d")?.value == [1])
    #expect(rawSQL(directory.vault, "UPDATE record SET key = hex(zeroblob(500)) WHERE key = 'd'") == SQLITE_OK)
    #expect(fault { _ = try store.list(prefix: "0", after: nil, limit: 10) }?.code == .vaultCorrupt)
  }

  @Test func aTableThatIsNotOursIsRefused() throws {
    try open().put("a", [1])
    for sql in [
      "DROP TABLE record", "CREATE TABLE record (key, version, value)",
      "INSERT INTO record VALUES ('a', '1', 'text'), ('b', 1, 1.5), ('c', NULL, NULL)",
    ] { #expect(rawSQL(directory.vault, sql) == SQLITE_OK) }
    let store = try open()
    for key in ["a", "b", "c"] { #expect(fault { _ = try store.get(key) }?.code == .vaultCorrupt) }
    #expect(rawSQL(directory.vault, "DROP TABLE record") == SQLITE_OK)
    #expect(fault { _ = try store.get("a") }?.code == .vaultCorrupt)
  }

  @Test func aFlippedBitGivesTheRightValueOrAnError() throws {
    let keys = (0..<40).map { "c/\($0)" }
    let store = try open()
    for key in keys { try store.put(key, Array(String(repeating: key, count: 100).utf8)) }
    store.close()
    let content = File.read(directory.vault)
    var generator = Randomness(seed: 2_031)
    var counts = (right: 0, refused: 0, foreign: 0)
    for _ in 0..<200 {
      let bit = Int.random(in: 0..<(content.count * 8), using: &generator)
      var damaged = content
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      File.write(damaged, to: directory.vault)
      defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(directory.vault + suffix) } }
      let error = fault {
        let store = try open(checksIntegrity: true)
        for key in keys {
          let record = try store.get(key)
          // Text in the pages is not proven by SQLite but by the seal: here a value may be another.
          if record?.value == Array(String(repeating: key, count: 100).utf8) {
            counts.right += 1
          } else {
            counts.foreign += 1
          }
        }
        try store.put("new", [1])
      }
      if let error {
        #expect([.vaultCorrupt, .vaultUnavailable].contains(error.code))
        counts.refused += 1
      }
    }
    #expect(counts.right > 0 && counts.refused > 0)
  }

  @Test func aCheckAtOpeningFindsWhatReadingDoesNotMeet() throws {
    let store = try open()
    for round in 0..<200 { try store.put("c/\(round)", [UInt8](repeating: 1, count: 300)) }
    store.close()
    var content = File.read(directory.vault)
    // The last page's header.
    for offset in 0..<8 { content[content.count - Schema.pageSize + offset] ^= 0xFF }
    File.write(content, to: directory.vault)
    _ = try open()
    let error = try #require(fault { _ = try open(checksIntegrity: true) })
    #expect(error.code == .vaultCorrupt)
  }

  @Test func deletedValuesLeaveTheFiles() throws {
    let store = try open()
    let mark = Array("a value to be forgotten".utf8)
    try store.put("a", mark)
    try store.put("b", [1])
    #expect(File.contains(mark, directory.vault + "-wal"))
    try store.change { _ in [.delete(key: "a")] }
    store.tidy()
    for name in directory.names() { #expect(!File.contains(mark, directory.path + "/" + name)) }
    #expect(try store.get("b")?.value == [1])
  }

  @Test func theLogStaysSmall() throws {
    let store = try open()
    for round in 0..<600 { try store.put("c/\(round % 10)", [UInt8](repeating: UInt8(round % 251), count: 3_000)) }
    var information = stat()
    #expect(stat(directory.vault + "-wal", &information) == 0)
    #expect(information.st_size < 3 << 20)
  }

  @Test func rollbackModeIsTurnedBackIntoTheLog() throws {
    try open().put("a", [1])
    #expect(rawSQL(directory.vault, "PRAGMA journal_mode = DELETE") == SQLITE_OK)
    let problems = Collected<String>()
    // Two that hold a read lock and want it alone: SQLite lets neither wait.
    onThreads(6) { thread in
      if let error = fault({ try open().put("c/\(thread)", [1]) }) { problems.append(error.message) }
    }
    #expect(problems.all == [])
    let store = try open()
    try store.put("a", [2])
    #expect(directory.names().contains("vault.db-wal"))
  }

  @Test func aNewerFormatIsRefused() throws {
    try open().put("a", [1])
    #expect(rawSQL(directory.vault, "PRAGMA user_version = 3") == SQLITE_OK)
    let error = try #require(fault { _ = try open() })
    #expect(error.code == .vaultUnavailable && error.message.contains("newer library"))
    #expect(rawSQL(directory.vault, "PRAGMA user_version = 0") == SQLITE_OK)
    #expect(fault { _ = try open() }?.code == .vaultCorrupt)
    #expect(rawSQL(directory.vault, "PRAGMA application_id = 0") == SQLITE_OK)
    #expect(fault { _ = try open() }?.code == .vaultUnavailable)
  }

  @Test func aTriggerInTheFileDoesNotRun() throws {
    try open().put("a", [1])
    let trap = "CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END"
    #expect(rawSQL(directory.vault, trap) == SQLITE_OK)
    let store = try open()
    try store.put("b", [2])
    #expect(try store.get("b")?.value == [2])
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o666] as [mode_t])
  func aFileThatOthersMayUseIsRefused(_ mode: mode_t) throws {
    try open().put("a", [1])
    chmod(directory.vault, mode)
    let error = try #require(fault { _ = try open() })
    #expect(error.code == .vaultUnavailable && error.message.contains("chmod 600"))
  }

  @Test func whatIsNoVaultsFileIsRefused() throws {
    try open().put("a", [1])
    symlink(directory.vault, directory.path + "/link")
    let refused = { (path: String) throws -> S4Error in
      try #require(fault { _ = try SQLiteStore(path: path, readOnly: false, checksIntegrity: false) })
    }
    #expect(try refused(directory.path + "/link").message.contains("symbolic link"))
    #expect(try refused(directory.path).message.contains("is a directory"))
    #expect(try refused(directory.path + "/none/vault.db").message.contains(directory.path + "/none"))
    #expect(try refused("").code == .invalidArgument)
    File.write(Array("text".utf8), to: directory.path + "/text")
    #expect(try refused(directory.path + "/text").code == .vaultUnavailable)
  }
}
