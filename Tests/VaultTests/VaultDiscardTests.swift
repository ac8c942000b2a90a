// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Records that are no connection's of the vault that they lie in.
@Suite struct VaultDiscardTests {
  private let directory = TemporaryDirectory()

  /// What became of a record of the connection "x", or how one came in.
  enum Harm: CaseIterable, Sendable {
    case bytes, card, foreign, orphan, elsewhere, unknown
  }

  enum Kind: CaseIterable, Sendable { case file, callbacks }

  private func makeVault(_ kind: Kind) throws -> Vault {
    let store: any Store =
      switch kind {
      case .file: try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
      case .callbacks: Product().store()
      }
    let vault = try Vault(store: store, key: makeKey())
    for id in ["a", "b", "x"] { try vault.put(connection: id, record: secret(id)) }
    return vault
  }

  /// - Returns: the key of the record that is to be discarded.
  private func harm(_ vault: Vault, _ harm: Harm) throws -> String {
    let record = try #require(try vault.find("x")).record
    let other = TemporaryDirectory()
    let foreign = try Vault(path: other.vault, key: makeKey())
    try foreign.put(connection: "x", record: secret("theirs"))
    let theirs = try #require(try foreign.find("x")).record
    let key = Vault.connectionPrefix + String(repeating: "0a", count: 16)
    var value = record.value
    value[value.count / 2] ^= 1
    let put: (key: String, value: [UInt8]) =
      switch harm {
      case .bytes: (record.key, [1, 2, 3])
      case .card: (record.key, value)
      case .foreign: (theirs.key, theirs.value)
      case .orphan: (key, Array(record.value.prefix(40)))
      case .elsewhere: (key, record.value)
      case .unknown: ("connectioo/1", record.value)
      }
    try vault.store.change(by: Deadline(milliseconds: 1_000)) { _ in [.put(key: put.key, value: put.value)] }
    return put.key
  }

  @Test(arguments: Harm.allCases, Kind.allCases) func discardedItIsInNobodysWay(_ harm: Harm, _ kind: Kind) throws {
    let vault = try makeVault(kind)
    let key = try self.harm(vault, harm)
    let isListed = harm != .unknown
    let before = try vault.auditHead()
    var errors: [S4Error?] = []
    if isListed {
      // Nothing begins.
      errors += [
        fault { _ = try vault.list() }, fault { try vault.rotateKey(to: makeKey(8)) }, fault { try vault.rekey() },
      ]
    }
    if kind == .file, harm != .foreign, harm != .card {
      errors.append(fault { _ = try vault.status(connection: "nobody") })
      errors.append(fault { try vault.delete(connection: "nobody") })
    }
    for error in errors {
      #expect(error?.code == .vaultCorrupt && error?.target == key)
      #expect(error?.message.contains(key) == true && error?.message.contains("askel_s4_vault_discard") == true)
      if harm == .elsewhere { #expect(error?.message.contains("\"x\"") == true || kind == .file) }
    }
    #expect(try vault.auditHead() == before)
    // The others are read and written meanwhile.
    try vault.put(connection: "a", record: secret("a2"))

    try vault.discard(record: key, actor: "anna")
    let remaining = harm == .bytes || harm == .card ? ["a", "b"] : ["a", "b", "x"]
    #expect(try vault.ids() == remaining)
    #expect(fault { _ = try vault.status(connection: "nobody") }?.code == .notFound)
    #expect(fault { try vault.discard(record: key, actor: nil) }?.code == .notFound)
    let last = try #require(vault.auditExport(AuditFilter()).split(separator: "\n").last)
    #expect(last.contains("\"discard\"") && last.contains("\"anna\"") && last.contains(key))
    // Whom it was is known by the trail alone.
    let finding = try vault.auditVerify(against: nil).finding
    #expect((finding == nil) == (remaining.count == 3))
    if remaining.count == 2 {
      #expect(finding?.text.contains("\"x\"") == true)
      // No generation comes twice.
      #expect(try vault.put(connection: "x", record: secret("anew")) > 1)
      #expect(try vault.auditVerify(against: nil).finding == nil)
    }
    try vault.rotateKey(to: makeKey(8))
    try vault.rekey()
    try vault.proveGenuine()
    #expect(try vault.ids() == ["a", "b", "x"])
  }

  @Test func aDamagedCredentialIsFoundBeforeARekeyBegins() throws {
    let vault = try makeVault(.file)
    let found = try #require(try vault.find("x"))
    var entry = found.entry
    entry.live[entry.live.count - 1] ^= 1
    let value = entry.encoded()
    try vault.store.change(by: Deadline(milliseconds: 1_000)) { _ in [.put(key: found.record.key, value: value)] }
    let error = fault { try vault.rekey() }
    #expect(error?.code == .vaultCorrupt && error?.target == "x")
    #expect(try vault.standing().move == nil)
    // Its card is sound: it is deleted by its id.
    let refusal = fault { try vault.discard(record: found.record.key, actor: nil) }
    #expect(refusal?.code == .conflict && refusal?.target == "x")
    // A rotation wraps the data key alone.
    try vault.rotateKey(to: makeKey(8))
    try vault.delete(connection: "x")
    try vault.rekey()
    #expect(try vault.ids() == ["a", "b"])
  }

  @Test func whatCameDuringARotationIsDiscardedAndItGoesOn() throws {
    let vault = try makeVault(.file)
    var told = 0
    let error = fault {
      try vault.rotateKey(to: makeKey(8)) { _, _ in
        told += 1
        return false
      }
    }
    #expect(error?.code == .cancelled && told == 1)
    let key = try harm(vault, .orphan)
    #expect(fault { try vault.rotateKey(to: makeKey(8)) }?.target == key)
    try vault.discard(record: key, actor: nil)
    try vault.rotateKey(to: makeKey(8))
    #expect(try vault.standing().keyVersion == 2 && vault.standing().move == nil)
    try vault.proveGenuine()
  }

  @Test func onlySuchRecordsAreDiscarded() throws {
    let vault = try makeVault(.file)
    let before = try vault.store.list(prefix: "", after: nil, limit: 100)
    for key in [
      VaultHeader.key, "audit/head", "audit/e/0000000000000001", "", "ä", "a b", String(repeating: "a", count: 129),
    ] {
      let error = fault { try vault.discard(record: key, actor: nil) }
      #expect(error?.code == .invalidArgument && error?.target == "record")
    }
    let record = try #require(try vault.find("a")).record
    #expect(fault { try vault.discard(record: record.key, actor: nil) }?.code == .conflict)
    #expect(fault { try vault.discard(record: "connection/00", actor: nil) }?.code == .notFound)
    #expect(fault { try vault.discard(record: "connection/00", actor: "") }?.code == .invalidArgument)
    #expect(try vault.store.list(prefix: "", after: nil, limit: 100) == before)
  }
}
