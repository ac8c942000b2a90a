// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct VaultConcurrencyTests {
  private let directory = TemporaryDirectory()

  @Test func noUpdateOfManyThreadsIsLost() throws {
    let vaults = [
      try Vault(path: directory.vault, key: makeKey()), try Vault(path: directory.vault, key: makeKey()),
    ]
    let generations = Collected<Int64>()
    let problems = Collected<String>()
    onThreads(8) { thread in
      let vault = vaults[thread % 2]
      let error = fault {
        for round in 0..<25 {
          generations.append(try vault.put(connection: "shared", record: secret("\(thread)-\(round)")))
          _ = try vault.put(connection: "own \(thread)", record: secret("\(round)"))
          guard try vault.open(connection: "own \(thread)").record == secret("\(round)") else {
            return problems.append("own record of thread \(thread) in round \(round)")
          }
          let status = try vault.open(connection: "shared").status.live
          try vault.setState(
            connection: "shared", generation: status.generation, state: round % 2 == 0 ? .active : .unreachable,
            lastErrorCode: nil, rejected: false, proven: true, at: .now)
          _ = try vault.ids()
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    #expect(generations.all.sorted() == Array(1...200))
    #expect(try vaults[0].count() == 9)
    #expect(try vaults[1].status(connection: "shared").live.generation == 200)
  }

  @Test func oneOutcomeOfManyIsTheChange() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let other = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    let changes = Collected<ConnectionState>()
    onThreads(8) { thread in
      let previous = try? (thread % 2 == 0 ? vault : other).setState(
        connection: "nordvik", generation: 1, state: .expired, lastErrorCode: "invalid_client", rejected: true,
        proven: false, at: .now)
      if let previous = previous ?? nil { changes.append(previous) }
    }
    #expect(changes.all == [.new])
  }

  @Test func readersGoOnWhileAWriterHangs() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    var raw: OpaquePointer?
    #expect(sqlite3_open(directory.vault, &raw) == SQLITE_OK)
    defer { sqlite3_close(raw) }
    #expect(sqlite3_exec(raw, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    #expect(try vault.open(connection: "nordvik").record == secret("s3cret"))
    // On the I/O thread nobody waits for the writer.
    let error = fault {
      try vault.setState(
        connection: "nordvik", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
        at: .now, briefly: true)
    }
    #expect(error?.code == .vaultUnavailable)
    #expect(error?.isRetryable == true)
    #expect(sqlite3_exec(raw, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
    #expect(try vault.put(connection: "nordvik", record: secret("again")) == 2)
  }

  @Test func everyResultOfSQLiteHasASentence() {
    for code in (1...28).map(Int32.init) + [SQLITE_IOERR | 10 << 8, SQLITE_CORRUPT | 2 << 8, 9_999] {
      let error = Database.fault(code, path: "/a\nb")
      #expect(!error.message.contains("\n"))
      #expect(error.message.contains("\"/a?b\""))
      #expect(error.message.utf8.count > 50)
    }
    #expect(Database.fault(SQLITE_CORRUPT | 3 << 8, path: "x").code == .vaultCorrupt)
    #expect(Database.fault(SQLITE_READONLY | 8 << 8, path: "x").message.contains("read-only"))
  }
}
