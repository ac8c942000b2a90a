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

@Suite struct VaultFileTests {
  private let directory = TemporaryDirectory()

  private func refusal(_ path: String) throws -> S4Error {
    let error = try #require(fault { _ = try Vault(path: path, key: makeKey()) })
    #expect(error.message.utf8.allSatisfy { $0 >= 0x20 })
    return error
  }

  private func makeVault() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    vault.close()
  }

  @Test func nobodyElseMayReadTheFiles() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
    for name in directory.names() { #expect(File.mode(directory.path + "/" + name) == 0o600) }
  }

  @Test(arguments: [0o644, 0o640, 0o604, 0o660, 0o666, 0o610] as [mode_t])
  func aFileThatOthersMayUseIsRefused(_ mode: mode_t) throws {
    try makeVault()
    chmod(directory.vault, mode)
    let error = try refusal(directory.vault)
    #expect(error.code == .vaultUnavailable)
    #expect(error.message.contains(Display.mode(mode)))
    #expect(error.message.contains("chmod 600"))
    chmod(directory.vault, 0o600)
    #expect(try Vault(path: directory.vault, key: makeKey()).count() == 1)
  }

  @Test func whatIsNoRegularFileIsRefused() throws {
    try makeVault()
    symlink(directory.vault, directory.path + "/link")
    symlink(directory.path + "/nowhere", directory.path + "/dangling")
    mkdir(directory.path + "/directory", 0o700)
    mkfifo(directory.path + "/pipe", 0o600)
    for (name, word) in [
      ("link", "symbolic link"), ("dangling", "symbolic link"), ("directory", "is a directory"),
      ("pipe", "no regular file"),
    ] {
      let error = try refusal(directory.path + "/" + name)
      #expect(error.code == .vaultUnavailable)
      #expect(error.message.contains(word))
    }
    #expect(!directory.names().contains("nowhere"))
  }

  @Test func aLinkAmongTheDirectoriesIsFollowed() throws {
    mkdir(directory.path + "/real", 0o700)
    symlink("real", directory.path + "/link")
    let path = directory.path + "/link/vault.db"
    let vault = try Vault(path: path, key: makeKey())
    vault.close()
    #expect(File.mode(directory.path + "/real/vault.db") == 0o600)
    unlink(directory.path + "/real/vault.db")
  }

  @Test func aDirectoryThatIsNotThereIsNamed() throws {
    let error = try refusal(directory.path + "/none/vault.db")
    #expect(error.code == .vaultUnavailable)
    #expect(error.message.contains(directory.path + "/none"))
    File.write([1], to: directory.path + "/file")
    #expect(try refusal(directory.path + "/file/vault.db").code == .vaultUnavailable)
  }

  @Test func aPathThatNamesNoFileIsRefused() throws {
    for path in ["", "/", directory.path + "/", directory.path + "/.", directory.path + "/..", "a\u{0}b"] {
      #expect(try refusal(path).code == .invalidArgument)
    }
    #expect(try refusal(directory.path + "/" + String(repeating: "x", count: 480)).code == .invalidArgument)
    #expect(directory.names() == [])
  }

  @Test func whatIsNoVaultIsRefusedAndLeftAsItIs() throws {
    File.write([], to: directory.path + "/empty")
    File.write(Array("this is no database at all, but text".utf8), to: directory.path + "/text")
    File.write([UInt8](repeating: 0, count: 8_192), to: directory.path + "/zeros")
    #expect(rawSQL(directory.path + "/foreign", "CREATE TABLE t (x); INSERT INTO t VALUES (1)") == SQLITE_OK)
    chmod(directory.path + "/foreign", 0o600)
    for name in ["empty", "text", "zeros", "foreign"] {
      let path = directory.path + "/" + name
      let before = File.read(path)
      #expect(try refusal(path).code == .vaultUnavailable)
      #expect(File.read(path) == before)
    }
  }

  @Test func aNewerFormatIsRefused() throws {
    try makeVault()
    rawSQL(directory.vault, "PRAGMA user_version = 3")
    let error = try refusal(directory.vault)
    #expect(error.code == .vaultUnavailable)
    #expect(error.message.contains("newer library"))
  }

  @Test func anUnfinishedVaultLeavesNothingInTheWay() throws {
    // What a process that died while it made a vault leaves behind.
    File.write([1, 2, 3], to: directory.vault + ".new-00000000")
    try makeVault()
    #expect(try Vault(path: directory.vault, key: makeKey()).count() == 1)
  }

  @Test func manyMayMakeTheSameVaultAtOnce() throws {
    let path = directory.vault
    let results = Collected<String>()
    onThreads(8) { thread in
      let error = fault {
        let vault = try Vault(path: path, key: makeKey())
        _ = try vault.put(connection: "c\(thread)", record: secret("s\(thread)"))
        results.append(vault.id)
      }
      if let error { results.append(error.message) }
    }
    #expect(Set(results.all).count == 1)
    #expect(results.all.count == 8)
    #expect(try Vault(path: path, key: makeKey()).count() == 8)
    #expect(directory.names() == ["vault.db"])
  }

  @Test func rollbackModeIsTurnedBackIntoTheLog() throws {
    try makeVault()
    #expect(rawSQL(directory.vault, "PRAGMA journal_mode = DELETE") == SQLITE_OK)
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("again"))
    #expect(directory.names().contains("vault.db-wal"))
  }

  @Test func aTriggerInTheFileDoesNotRun() throws {
    try makeVault()
    let trap = "CREATE TRIGGER t BEFORE INSERT ON record BEGIN SELECT RAISE(IGNORE); END"
    #expect(rawSQL(directory.vault, trap) == SQLITE_OK)
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "new", record: secret("n3w"))
    #expect(try vault.open(connection: "new").record == secret("n3w"))
  }
}
