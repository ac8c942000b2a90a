// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Another file in the place of the one that is open: SQLite alone would go on with the former one.
@Suite struct SQLiteReplacedTests {
  private let directory = TemporaryDirectory()
  private var copy: String { directory.path + "/copy" }

  private func open(readOnly: Bool = false) throws -> SQLiteStore {
    try SQLiteStore(path: directory.vault, readOnly: readOnly, checksIntegrity: false)
  }

  /// What somebody finds who opens the file as it lies there, with none of our descriptors.
  private func lies(_ key: String) throws -> [UInt8]? {
    let other = TemporaryDirectory()
    for suffix in ["", "-wal"] {
      let content = File.read(directory.vault + suffix)
      if !content.isEmpty { File.write(content, to: other.vault + suffix) }
    }
    let store = try SQLiteStore(path: other.vault, readOnly: false, checksIntegrity: true)
    defer { store.close() }
    return try store.get(key)?.value
  }

  enum Log: CaseIterable { case stays, goesBefore, goesAfter }

  @Test(arguments: Log.allCases) func aCopyThatIsPutBackIsUsedAtOnce(_ log: Log) throws {
    let (store, other) = (try open(), try open())
    try store.put("a", [1])
    try store.backup(to: copy)
    for value in 2...200 as ClosedRange<UInt8> { try store.put("a", [value]) }
    try store.put("lost", [1])
    #expect(try other.get("a")?.value == [200])
    let remove = { for suffix in ["-wal", "-shm"] { unlink(directory.vault + suffix) } }
    if log == .goesBefore { remove() }
    rename(copy, directory.vault)
    if log == .goesAfter { remove() }
    #expect(try store.get("a")?.value == [1])
    #expect(try other.get("lost") == nil)
    // What is acknowledged is in the file that lies there, and every store of it sees it.
    try store.put("b", [7])
    #expect(try lies("b") == [7] && lies("a") == [1] && lies("lost") == nil)
    #expect(try other.get("b")?.value == [7])
    try other.put("b", [8])
    #expect(try store.get("b")?.value == [8])
    try store.proveSound()
    try other.proveSound()
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
    store.close()
    other.close()
    #expect(directory.names() == ["vault.db"])
    #expect(try lies("b") == [8] && lies("lost") == nil)
  }

  @Test func aWriteThatWasUnderWayComesIntoTheNewFile() throws {
    let store = try open()
    try store.put("a", [1])
    try store.backup(to: copy)
    try store.put("a", [2])
    let seen = Collected<[UInt8]?>()
    let (from, to) = (copy, directory.vault)
    try store.change { (view) throws(S4Error) in
      seen.append(try view.get("a")?.value)
      rename(from, to)
      return [.put(key: "b", value: [3])]
    }
    #expect(seen.all == [[2], [1]])
    #expect(try store.get("b")?.value == [3])
    #expect(try lies("b") == [3] && lies("a") == [1])
  }

  @Test func whatAWriteFoundInTheFormerFileIsNoAnswer() throws {
    let store = try open()
    try store.put("a", [1])
    try store.backup(to: copy)
    try store.put("a", [2])
    let (from, to) = (copy, directory.vault)
    try store.change { (view) throws(S4Error) in
      rename(from, to)
      guard try view.get("a")?.value == [1] else { throw S4Error(.notFound, "") }
      return [.put(key: "b", value: [3])]
    }
    #expect(try lies("b") == [3])
  }

  @Test func whatWasMovedAwayShowsWithinAMillisecond() throws {
    let store = try open()
    try store.put("a", [1])
    try store.backup(to: copy)
    try store.put("a", [2])
    // Both files keep their one name.
    rename(directory.vault, directory.path + "/former")
    rename(copy, directory.vault)
    usleep(1_100)
    #expect(try store.get("a")?.value == [1])
    try store.put("b", [3])
    #expect(try lies("b") == [3])
  }

  @Test func aDeletedFileIsMissedAndNotMadeAnew() throws {
    let store = try open()
    try store.put("a", [1])
    try store.backup(to: copy)
    try store.put("a", [2])
    unlink(directory.vault)
    for _ in 0..<2 {
      for error in [
        fault { _ = try store.get("a") }, fault { try store.put("b", [1]) }, fault { try store.proveSound() },
      ] {
        #expect(error?.code == .vaultUnavailable && error?.isRetryable == true)
        #expect(error?.message.contains("put it back") == true)
      }
      #expect(!directory.names().contains("vault.db"))
    }
    rename(copy, directory.vault)
    #expect(try store.get("a")?.value == [1])
    try store.put("b", [3])
    #expect(try lies("b") == [3] && lies("a") == [1])
  }

  @Test func aDeletionDuringAWriteIsNotAcknowledged() throws {
    let store = try open()
    let vault = directory.vault
    let error = fault {
      try store.change { _ in
        unlink(vault)
        return [.put(key: "a", value: [1])]
      }
    }
    #expect(error?.code == .vaultUnavailable && error?.message.contains("put it back") == true)
  }

  @Test func whatIsMovedBackHasLostNothing() throws {
    let store = try open()
    try store.put("a", [1])
    rename(directory.vault, copy)
    usleep(1_100)
    #expect(fault { _ = try store.get("a") }?.code == .vaultUnavailable)
    #expect(fault { try store.put("a", [9]) }?.code == .vaultUnavailable)
    rename(copy, directory.vault)
    #expect(try store.get("a")?.value == [1])
    try store.put("a", [2])
    #expect(try lies("a") == [2])
  }

  @Test func theNewFileIsJudgedAsAtTheOpening() throws {
    let store = try open()
    try store.put("a", [1])
    func replaced(_ make: () throws -> Void) rethrows -> S4Error? {
      try make()
      rename(copy, directory.vault)
      let errors = [fault { _ = try store.get("a") }, fault { try store.put("a", [9]) }]
      #expect(errors.allSatisfy { $0?.code == .vaultUnavailable })
      return errors[0]
    }
    try store.backup(to: directory.path + "/good")
    let shared = replaced { File.write(File.read(directory.path + "/good"), to: copy, mode: 0o644) }
    #expect(shared?.message.contains("0644") == true)
    let link = replaced { symlink(directory.path + "/good", copy) }
    #expect(link?.message.contains("symbolic link") == true)
    let foreign = replaced { File.write(Array("no vault at all".utf8), to: copy) }
    #expect(foreign?.message.contains("no vault") == true)
    let empty = replaced { File.write([], to: copy) }
    #expect(empty?.message.contains("empty") == true)
    let other = replaced {
      rawSQL(copy, "CREATE TABLE t (a)"); chmod(copy, 0o600)
    }
    #expect(other?.message.contains("no vault") == true)
    rename(directory.path + "/good", directory.vault)
    #expect(try store.get("a")?.value == [1])
    try store.put("a", [2])
    #expect(try lies("a") == [2])
  }

  @Test func aCopyInRollbackModeWillDo() throws {
    let store = try open()
    try store.put("a", [1])
    try store.backup(to: copy)
    rawSQL(copy, "PRAGMA journal_mode = DELETE")
    rename(copy, directory.vault)
    #expect(try store.get("a")?.value == [1])
    try store.put("a", [2])
    #expect(File.read(directory.vault)[18...19] == [2, 2])
    #expect(try store.get("a")?.value == [2] && lies("a") == [2])
  }

  @Test func aReaderAloneSeesItToo() throws {
    let writer = try open()
    try writer.put("a", [1])
    try writer.backup(to: copy)
    try writer.put("a", [2])
    let reader = try open(readOnly: true)
    #expect(try reader.get("a")?.value == [2])
    rename(copy, directory.vault)
    // It removes nothing: the former file's log is in its way until a writer has seen what happened.
    let error = fault { _ = try reader.get("a") }
    #expect(error?.code == .vaultUnavailable && error?.message.contains("-wal") == true)
    #expect(try writer.get("a")?.value == [1])
    #expect(try reader.get("a")?.value == [1])
    unlink(directory.vault)
    #expect(fault { _ = try reader.get("a") }?.code == .vaultUnavailable)
  }

  @Test(arguments: [["-wal", "-shm"], ["-wal"], ["-shm"]]) func aDeletedLogIsSeenAndKept(_ suffixes: [String]) throws {
    // Two stores, as two processes are, except that SQLite shares what it has open within one.
    let store = try open()
    for value in 1...50 as ClosedRange<UInt8> { try store.put("a", [value]) }
    #expect(try store.get("a")?.value == [50])
    for suffix in suffixes { unlink(directory.vault + suffix) }
    try store.put("b", [1])
    #expect(try lies("a") == [50] && lies("b") == [1])
    for suffix in suffixes { unlink(directory.vault + suffix) }
    usleep(1_100)
    // Reading is enough.
    #expect(try store.get("b")?.value == [1])
    #expect(try store.get("b")?.value == [1])
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
    #expect(try lies("b") == [1])
    try store.put("b", [2])
    try store.proveSound()
    #expect(try lies("a") == [50] && lies("b") == [2])
  }

  @Test func aDeletedLogIsKeptAlsoWhereAnotherProcessHasItOpen() throws {
    let store = try open()
    for value in 1...50 as ClosedRange<UInt8> { try store.put("a", [value]) }
    let program = """
      import sqlite3, sys, time
      vault = sqlite3.connect(sys.argv[1])
      vault.execute("SELECT count(*) FROM record").fetchall()
      print("x", flush=True)
      time.sleep(60)
      """
    let other = try #require(Python(program, directory.vault))
    defer { other.end() }
    try #require(other.waitForOutput())
    for suffix in ["-wal", "-shm"] { unlink(directory.vault + suffix) }
    try store.put("b", [1])
    #expect(try lies("a") == [50] && lies("b") == [1])
  }

  @Test func aChangeWhoseLogWentMeanwhileIsMadeOnce() throws {
    let store = try open()
    try store.put("count", [1])
    let vault = directory.vault
    try store.change { (view) throws(S4Error) in
      for suffix in ["-wal", "-shm"] { unlink(vault + suffix) }
      return [.put(key: "count", value: [(try view.get("count")?.value.first ?? 0) + 1])]
    }
    #expect(try store.get("count")?.value == [2])
    #expect(try lies("count") == [2])
  }

  @Test func threadsLoseNothingMeanwhile() throws {
    let store = try open()
    try store.put("a", [0])
    let rounds = 30
    for round in 0..<rounds { try store.backup(to: copy + "\(round)") }
    let problems = Collected<String>()
    let isOver = Flag()
    let directory = directory
    onThreads(5) { thread in
      let error = fault {
        if thread == 0 {
          defer { isOver.set() }
          for round in 0..<rounds {
            usleep(3_000)
            rename(directory.path + "/copy\(round)", directory.vault)
            let value = [UInt8(round)]
            try store.put("own", value)
            guard try store.get("own")?.value == value else { return problems.append("round \(round): not read") }
          }
          return
        }
        var number: UInt8 = 0
        while !isOver.isSet {
          number &+= 1
          if thread % 2 == 0 {
            try store.put("c/\(thread)", [number])
          } else {
            guard try store.get("a")?.value == [0] else { return problems.append("a record was lost") }
            if thread == 3 { try store.proveSound() }
          }
        }
        try store.put("end/\(thread)", [number])
      }
      if let error { problems.append("\(thread): \(error.message)") }
    }
    #expect(problems.all == [])
    for thread in 1..<5 { #expect(try lies("end/\(thread)") != nil) }
    #expect(try lies("own") == [UInt8(rounds - 1)])
    try store.proveSound()
    store.close()
    #expect(try open().list(prefix: "end/", after: nil, limit: 10).count == 4)
  }

  @Test func aFileThatIsHeldKeepsTheLocksOfThisProcess() throws {
    File.write([1], to: copy)
    let file = Glibc.open(copy, O_RDWR | O_CLOEXEC)
    let other = Glibc.open(copy, O_RDWR | O_CLOEXEC)
    defer { for descriptor in [file, other] { close(descriptor) } }
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    #expect(fcntl(file, F_SETLK, &lock) == 0)
    try #require(HeldFile(copy) != nil)
    // F_OFD_GETLK: as another process would see it.
    var found = flock()
    found.l_type = Int16(F_WRLCK)
    #expect(fcntl(other, 36, &found) == 0)
    #expect(found.l_type == Int16(F_WRLCK) && found.l_pid == getpid())
    #expect(HeldFile(directory.path + "/none") == nil)
  }

  @Test func lockingADirectoryLeavesNothing() throws {
    let first = try #require(DirectoryLock(directory.path))
    let descriptor = Glibc.open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(descriptor) }
    withExtendedLifetime(first) { #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0) }
    #expect(directory.names() == [])
    #expect(DirectoryLock(directory.path + "/none") == nil)
  }
}
