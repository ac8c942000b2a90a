// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SQLiteBackupTests {
  private let directory = TemporaryDirectory()
  private var copy: String { directory.path + "/copy.vault" }

  private func open(_ path: String? = nil) throws -> SQLiteStore {
    try SQLiteStore(path: path ?? directory.vault, readOnly: false, checksIntegrity: true)
  }

  @Test func aCopyOpensAlone() throws {
    let store = try open()
    for number in 0..<300 { try store.put("c/\(number)", [UInt8](repeating: UInt8(number % 256), count: 2_000)) }
    try store.put("c/0", [1])
    try store.backup(to: copy)
    #expect(File.mode(copy) == 0o600)
    #expect(directory.names() == ["copy.vault", "vault.db", "vault.db-shm", "vault.db-wal"])
    // As it is: with its log, and nothing beside it.
    #expect(File.read(copy)[18...19] == [2, 2])
    let second = try open(copy)
    #expect(try second.format == 2)
    #expect(
      try second.list(prefix: "", after: nil, limit: 1_000) == store.list(prefix: "", after: nil, limit: 1_000))
    #expect(try second.get("c/0")?.version == 2)
    // The two go apart.
    try second.put("c/0", [2])
    try store.put("c/1", [3])
    #expect(try store.get("c/0")?.value == [1])
    #expect(try second.get("c/1")?.value.count == 2_000)
  }

  @Test func writersGoOnAndACopyIsOfOneMoment() throws {
    let store = try open()
    let rounds = 12
    let keys = (0..<100).map { "c/\($0 + 100)" }
    try store.change { _ in keys.map { .put(key: $0, value: [UInt8](repeating: 0, count: 4_000)) } }
    let problems = Collected<String>()
    let isOver = Flag()
    let directory = directory.path
    onThreads(3) { thread in
      let error = fault {
        if thread == 0 {
          defer { isOver.set() }
          for round in 0..<rounds { try store.backup(to: directory + "/copy-\(round)") }
        }
        var round: UInt8 = 0
        while !isOver.isSet {
          round &+= 1
          try store.change { _ in keys.map { .put(key: $0, value: [UInt8](repeating: round, count: 4_000)) } }
        }
      }
      if let error { problems.append(error.message) }
    }
    #expect(problems.all == [])
    for round in 0..<rounds {
      let records = try open(directory + "/copy-\(round)").list(prefix: "c/", after: nil, limit: 1_000)
      #expect(records.count == keys.count)
      #expect(Set(records.map(\.value)).count == 1)
    }
  }

  @Test func whatIsThereIsLeftAlone() throws {
    let store = try open()
    try store.put("a", [1])
    File.write([1, 2, 3], to: copy)
    symlink(directory.path + "/nowhere", directory.path + "/link")
    for path in [copy, directory.vault, directory.path + "/link", directory.path] {
      let error = try #require(fault { try store.backup(to: path) })
      #expect(error.code == .vaultUnavailable && error.message.contains("it exists"))
    }
    #expect(File.read(copy) == [1, 2, 3])
    #expect(!directory.names().contains("nowhere"))
    #expect(fault { try store.backup(to: "") }?.target == "path")
    #expect(fault { try store.backup(to: directory.path + "/none/copy") }?.code == .vaultUnavailable)
    #expect(directory.names().filter { $0.contains(".new-") } == [])
    #expect(try store.get("a")?.value == [1])
  }

  @Test func aDamagedFileIsNotCopiedInSilence() throws {
    let store = try open()
    for number in 0..<200 { try store.put("c/\(number)", [UInt8](repeating: 1, count: 300)) }
    store.close()
    var content = File.read(directory.vault)
    for offset in 0..<8 { content[content.count - Schema.pageSize + offset] ^= 0xFF }
    File.write(content, to: directory.vault)
    let damaged = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
    let error = try #require(fault { try damaged.backup(to: copy) })
    #expect(error.code == .vaultCorrupt)
    #expect(!directory.names().contains("copy.vault"))
  }
}
