// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// A vault that is not the one any more that a running process knows: an earlier copy of it, or another one.
@Suite struct VaultReplacedTests {
  private let directory = TemporaryDirectory()
  private var copy: String { directory.path + "/copy" }

  private func open(_ key: UInt8 = 7, _ other: UInt8? = nil) throws -> Vault {
    try Vault(path: directory.vault, key: makeKey(key), other: other.map { makeKey($0) })
  }

  private func within<Result>(_ seconds: Double, _ body: () throws -> Result) rethrows -> Result {
    let start = Deadline.now
    defer { #expect(Double(Deadline.now - start) / 1e9 < seconds) }
    return try body()
  }

  @Test func whatIsAcknowledgedAfterARestoreIsThere() throws {
    let vault = try open()
    try vault.put(connection: "a", record: secret("first"))
    try vault.backup(to: copy)
    try vault.put(connection: "a", record: secret("second"))
    try vault.put(connection: "b", record: secret("lost"))
    rename(copy, directory.vault)
    try vault.put(connection: "c", record: secret("after"))
    #expect(try vault.ids() == ["a", "c"])
    #expect(try vault.open(connection: "a").record == secret("first"))
    #expect(fault { _ = try vault.open(connection: "b") }?.code == .notFound)
    vault.close()
    let anew = try open()
    #expect(try anew.ids() == ["a", "c"])
    #expect(try anew.open(connection: "c").record == secret("after"))
    #expect(try anew.auditVerify(against: nil).finding == nil)
  }

  @Test func aCopyFromBeforeARotationIsUsedWithTheFormerKey() throws {
    let vault = try open()
    for id in ["a", "b"] { try vault.put(connection: id, record: secret(id)) }
    try vault.backup(to: copy)
    try vault.rotateKey(to: makeKey(8))
    rename(copy, directory.vault)
    try within(3) {
      try vault.put(connection: "c", record: secret("c"))
      #expect(try vault.open(connection: "a").record == secret("a"))
      try vault.setState(
        connection: "b", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true, at: .now)
      #expect(try vault.ids() == ["a", "b", "c"])
      try vault.delete(connection: "b")
    }
    // Again to the new key, from the copy on.
    try vault.rotateKey(to: makeKey(8))
    vault.close()
    #expect(try open(8).ids() == ["a", "c"])
    #expect(fault { _ = try open(7) }?.code == .vaultKeyRefused)
  }

  @Test func aCopyFromBeforeARotationIsRefusedWithoutTheFormerKey() throws {
    let first = try open()
    try first.put(connection: "a", record: secret("a"))
    try first.backup(to: copy)
    try first.rotateKey(to: makeKey(8))
    first.close()
    let vault = try open(8)
    #expect(try vault.open(connection: "a").record == secret("a"))
    try vault.backup(to: directory.path + "/newer")
    rename(copy, directory.vault)
    for error in within(
      3,
      {
        [
          fault { try vault.put(connection: "a", record: secret("b")) }, fault { _ = try vault.open(connection: "a") },
          fault { _ = try vault.list() },
        ]
      })
    {
      #expect(error?.code == .vaultKeyRefused)
    }
    // Given the key, it goes on.
    try vault.add(makeKey(7))
    try vault.put(connection: "b", record: secret("b"))
    #expect(try vault.ids() == ["a", "b"])
    // And with the newer copy it has the newer keys again.
    rename(directory.path + "/newer", directory.vault)
    #expect(try vault.ids() == ["a"])
    #expect(try vault.standing().keyVersion == 2)
  }

  /// The same numbers stand for other keys then.
  @Test(arguments: [false, true]) func aCopyThatWasRotatedAnewElsewhere(_ isRekeyed: Bool) throws {
    let vault = try open(7, 9)
    for id in ["a", "b"] { try vault.put(connection: id, record: secret(id)) }
    try vault.backup(to: copy)
    if isRekeyed { try vault.rekey() } else { try vault.rotateKey(to: makeKey(8)) }
    #expect(try vault.open(connection: "a").record == secret("a"))
    let elsewhere = try Vault(path: copy, key: makeKey(7))
    if isRekeyed { try elsewhere.rekey() } else { try elsewhere.rotateKey(to: makeKey(9)) }
    try elsewhere.put(connection: "c", record: secret("c"))
    elsewhere.close()
    rename(copy, directory.vault)
    try within(3) {
      #expect(try vault.open(connection: "a").record == secret("a"))
      #expect(try vault.open(connection: "c").record == secret("c"))
      try vault.put(connection: "b", record: secret("b2"))
      #expect(try vault.ids() == ["a", "b", "c"])
      #expect(try vault.auditVerify(against: nil).finding == nil)
    }
    vault.close()
    #expect(try open(isRekeyed ? 7 : 9).open(connection: "b").record == secret("b2"))
  }

  @Test func theFileOfAnotherVaultIsRefusedAndLeftAlone() throws {
    let vault = try open()
    try vault.put(connection: "a", record: secret("ours"))
    try vault.backup(to: directory.path + "/ours")
    // Under the same key, and as young: its header has the same version.
    let other = try Vault(path: copy, key: makeKey())
    try other.put(connection: "a", record: secret("theirs"))
    other.close()
    rename(copy, directory.vault)
    for error in [
      fault { try vault.put(connection: "b", record: secret("mixed")) }, fault { _ = try vault.open(connection: "a") },
      fault { _ = try vault.list() }, fault { try vault.delete(connection: "a") }, fault { try vault.rekey() },
      fault { try vault.rotateKey(to: makeKey(8)) }, fault { _ = try vault.auditHead() },
    ] {
      #expect(error?.code == .vaultUnavailable && error?.message.contains("another vault") == true)
    }
    let theirs = try open()
    #expect(try theirs.ids() == ["a"])
    #expect(try theirs.open(connection: "a").record == secret("theirs"))
    theirs.close()
    rename(directory.path + "/ours", directory.vault)
    #expect(try vault.open(connection: "a").record == secret("ours"))
    try vault.put(connection: "b", record: secret("b"))
    #expect(try vault.ids() == ["a", "b"])
  }

  @Test func aProductsStoreThatWasPutBackIsToldFromItself() throws {
    let product = Product()
    let vault = try Vault(store: product.store(), key: makeKey())
    try vault.put(connection: "a", record: secret("a"))
    let copy = product.state.withLock { $0.records }
    try vault.rotateKey(to: makeKey(8))
    try vault.rotateKey(to: makeKey(9))
    product.state.withLock { $0.records = copy }
    try within(3) {
      try vault.put(connection: "b", record: secret("b"))
      #expect(try vault.ids() == ["a", "b"])
    }
    let other = Product()
    let second = try Vault(store: other.store(), key: makeKey())
    try second.put(connection: "x", record: secret("x"))
    let theirs = other.state.withLock { $0.records }
    product.state.withLock { $0.records = theirs }
    #expect(fault { try vault.put(connection: "b", record: secret("b")) }?.message.contains("another vault") == true)
    #expect(product.state.withLock { $0.records } == theirs)
  }

  @Test func threadsGoOnWhileItIsPutBack() throws {
    let vault = try open()
    for id in ["a", "b"] { try vault.put(connection: id, record: secret(id)) }
    let rounds = 12
    for round in 0..<rounds { try vault.backup(to: copy + "\(round)") }
    try vault.rotateKey(to: makeKey(8))
    let problems = Collected<String>()
    let isOver = Flag()
    let directory = directory
    onThreads(4) { thread in
      let error = fault {
        if thread == 0 {
          defer { isOver.set() }
          for round in 0..<rounds {
            usleep(10_000)
            rename(directory.path + "/copy\(round)", directory.vault)
            try vault.put(connection: "r", record: secret("\(round)"))
            guard try vault.open(connection: "r").record == secret("\(round)") else {
              return problems.append("round \(round) is not there")
            }
            if round % 3 == 0 { try vault.rotateKey(to: makeKey(8)) }
          }
          return
        }
        while !isOver.isSet {
          switch thread {
          case 1: try vault.put(connection: "t", record: secret("t"))
          case 2:
            guard try vault.open(connection: "a").record == secret("a") else { return problems.append("another a") }
          default: _ = try vault.list()
          }
        }
      }
      if let error { problems.append("\(thread): \(error.message)") }
    }
    #expect(problems.all == [])
    #expect(try vault.auditVerify(against: nil).finding == nil)
  }
}
