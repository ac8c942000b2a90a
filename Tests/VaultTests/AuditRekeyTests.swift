// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

/// A trail that goes on under new keys.
@Suite struct AuditRekeyTests {
  private let vault = AuditedVault(keySets: 2)
  private let former = AuditedVault.trail(keySets: 1)
  private var store: AuditMemoryStore { vault.store }

  init() throws {
    try vault.write(.vaultCreated, under: former)
    try vault.write(.put, "nordvik", 1, under: former)
    try vault.write(.rekeyStarted, formerKeySet: 1)
    try vault.write(.check, "nordvik", 1)
    try vault.write(.rekeyEnded)
  }

  private func finding() throws -> AuditFinding? { try vault.verify().finding }

  @Test func oldEntriesStayGenuineUnderNewKeys() throws {
    #expect(try finding() == nil)
    #expect(try vault.trail.export(in: store, AuditFilter()).split(separator: "\n").count == 5)
    #expect(store[entry: 2]?.prefix(8).last == 1)
    #expect(store[entry: 3]?.prefix(8).last == 2)
    #expect(store[AuditHeadRecord.key]?.prefix(8).last == 2)
  }

  @Test func eachBitOfTheEntriesAroundTheChangeCounts() throws {
    for number in Int64(2)...3 {
      let genuine = try #require(store[entry: number])
      for index in genuine.indices {
        for bit in 0..<8 {
          var value = genuine
          value[index] ^= 1 << bit
          store[entry: number] = value
          #expect(try finding()?.entry == number)
        }
      }
      store[entry: number] = genuine
    }
    #expect(try finding() == nil)
  }

  @Test func whoHasAFormerKeyCannotWriteOn() throws {
    // An entry made under the former key, at the right place.
    let head = try vault.head()
    let entry = AuditEntry(number: 6, event: AuditEvent(.check))
    let forged = try AuditEntryRecord(
      entry, after: head.hash, keySet: 1, keys: try former.keys(of: 1), vaultID: former.vaultID)
    store[entry: 6] = forged.value
    #expect(try finding()?.entry == 6)
  }

  @Test func whoHasAFormerKeyCannotRewriteWhatWasBeforeIt() throws {
    let copy = store.records
    store.records = [:]
    try vault.write(.vaultCreated, under: former)
    try vault.write(.put, "nordvik", 1, under: former)
    for number in Int64(3)...5 { store[entry: number] = copy[AuditEntryRecord.key(number)]?.value }
    store[AuditHeadRecord.key] = copy[AuditHeadRecord.key]?.value
    #expect(try finding()?.entry == 3)
  }

  @Test func aTrailThatWasPutBackToBeforeTheRekeyIsFound() throws {
    let copy = store.records
    for number in Int64(3)...5 { store[entry: number] = nil }
    let second = try #require(AuditEntryRecord(value: store[entry: 2] ?? []))
    let head = AuditHeadRecord(keySet: 1, entries: 2, generation: 2, chain: second.chain)
    store[AuditHeadRecord.key] = try head.value(keys: try former.keys(of: 1), vaultID: former.vaultID)
    #expect(try finding()?.text.contains("keys that a rekey has replaced") == true)
    let error = try #require(fault { try vault.write(.check, "nordvik", 1) })
    #expect(error.code == .vaultCorrupt)
    #expect(error.message.contains("keys that a rekey has replaced"))
    store.records = copy
    #expect(try finding() == nil)
  }

  @Test func aProcessThatHasNotHeardOfTheRekeyWritesNothing() throws {
    let before = store.records
    let knowing = AuditTrail(vaultID: former.vaultID, keySet: 1) { version throws(S4Error) in
      try AuditedVault.auditKey(version, id: 1)
    }
    let error = try #require(fault { try vault.write(.check, "nordvik", 1, under: knowing) })
    #expect(error.code == .vaultUnavailable)
    #expect(error.isRetryable)
    #expect(store.records == before)
  }

  @Test func aKeySetThatTheVaultHasNotIsAFinding() throws {
    let finding = try vault.verify(under: former).finding
    #expect(finding?.entry == 3)
    #expect(finding?.text.contains("entry 3 of the audit trail does not prove genuine") == true)
  }

  @Test func eachKeySetIsAskedForOnce() throws {
    let asked = Locked<[Int64]>([])
    let trail = AuditTrail(vaultID: former.vaultID, keySet: 2) { version throws(S4Error) in
      asked.withLock { $0.append(version) }
      return try AuditedVault.auditKey(version, id: 1)
    }
    #expect(try vault.verify(under: trail).finding == nil)
    try vault.write(.check, "nordvik", 1, under: trail)
    #expect(asked.withLock { $0 } == [1, 2])
  }

  /// A key service would be asked with the store's lock held, and maybe on the I/O thread.
  @Test func noFormerKeyIsAskedForInsideOfAChange() throws {
    let other = AuditedVault(keySets: 2)
    try other.write(.vaultCreated, under: former)
    let head = try #require(other.store[AuditHeadRecord.key])
    try other.write(.rekeyStarted, formerKeySet: 1)
    other.store[AuditHeadRecord.key] = head
    let asked = Locked<[Int64]>([])
    let trail = AuditTrail(vaultID: former.vaultID, keySet: 2) { [keys = other.trail] (version) throws(S4Error) in
      asked.withLock { $0.append(version) }
      throw S4Error(.vaultKeyRefused, "\(keys.keySet)")
    }
    let error = fault {
      try other.store.change(by: Deadline(milliseconds: 1_000)) { (view) throws(S4Error) in
        try trail.append([AuditEvent(.check)], raisesGeneration: false, in: view)
      }
    }
    #expect(error?.code == .vaultCorrupt && asked.withLock { $0.isEmpty })
  }
}
