// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

/// Whoever can write the store and has no key: each thing that he may do to the trail is found, and named.
@Suite struct AuditTamperTests {
  private let vault = AuditedVault()
  private var store: AuditMemoryStore { vault.store }

  init() throws { try vault.writeHistory() }

  /// Expects a finding about an entry, or nil, with these words, and with what to do.
  private func expectFinding(
    _ entry: Int64?, _ words: String..., intactEntries: Int64? = nil, against head: AuditHead? = nil,
    under trail: AuditTrail? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let report = try vault.verify(against: head, under: trail)
    let finding = try #require(report.finding, "nothing was found", sourceLocation: sourceLocation)
    #expect(finding.entry == entry, sourceLocation: sourceLocation)
    for word in words + ["look for who or what"] {
      #expect(finding.text.contains(word), "\(finding.text)", sourceLocation: sourceLocation)
    }
    #expect(!finding.text.utf8.contains { $0 < 0x20 }, sourceLocation: sourceLocation)
    if let entry { #expect(report.entries == entry - 1, sourceLocation: sourceLocation) }
    if let intactEntries { #expect(report.entries == intactEntries, sourceLocation: sourceLocation) }
  }

  private func change(entry number: Int64, _ body: (inout [UInt8]) -> Void) throws {
    var value = try #require(store[entry: number])
    body(&value)
    store[entry: number] = value
  }

  @Test func whatNobodyTouchedIsIntact() throws {
    let head = try vault.head()
    for against in [nil, head] {
      let report = try vault.verify(against: against)
      #expect(report.finding == nil)
      #expect((report.entries, report.head) == (8, head))
      let json = #"{"intact":true,"entries":8,"first_broken":null,"finding":null,"head":\#(head.json)}"#
      #expect(report.json == json)
    }
    try vault.write(.put, "tomorrow", 1)
    #expect(try vault.verify(against: head).finding == nil)
  }

  // The record: key set (8 bytes), chain value (32), nonce (12), sealed event, tag (16).
  @Test(arguments: [1, 2, 5, 8] as [Int64]) func eachBitOfAnEntryCounts(_ number: Int64) throws {
    let genuine = try #require(store[entry: number])
    for index in genuine.indices {
      for bit in 0..<8 {
        var value = genuine
        value[index] ^= 1 << bit
        store[entry: number] = value
        try expectFinding(number, "entry \(number) of the audit trail does not prove genuine")
      }
    }
    store[entry: number] = genuine
    #expect(try vault.verify().finding == nil)
  }

  @Test func eachBitOfTheHeadCounts() throws {
    let genuine = try #require(store[AuditHeadRecord.key])
    for index in genuine.indices {
      for bit in 0..<8 {
        var value = genuine
        value[index] ^= 1 << bit
        store[AuditHeadRecord.key] = value
        try expectFinding(nil, "the head of the audit trail does not prove genuine", intactEntries: 8)
      }
    }
    #expect(try vault.verify().head == nil)
    #expect(try vault.verify().json.hasSuffix(#","head":null}"#))
  }

  @Test func anEntryOfAnotherLengthIsFound() throws {
    let genuine = try #require(store[entry: 4])
    for count in [0, 1, 7, 8, 40, 67, 68, genuine.count - 1] {
      store[entry: 4] = Array(genuine.prefix(count))
      try expectFinding(4, "does not prove genuine")
    }
    for count in [1, 100, 1 << 20] {
      store[entry: 4] = genuine + [UInt8](repeating: 0, count: count)
      try expectFinding(4, "does not prove genuine")
    }
    let head = try #require(store[AuditHeadRecord.key])
    store[entry: 4] = genuine
    for value in [[], Array(head.dropLast()), head + [0]] {
      store[AuditHeadRecord.key] = value
      try expectFinding(nil, "the head of the audit trail does not prove genuine")
    }
  }

  @Test func exchangedEntriesAreFound() throws {
    (store[entry: 3], store[entry: 6]) = (store[entry: 6], store[entry: 3])
    try expectFinding(3, "entry 3 of the audit trail does not prove genuine")
  }

  @Test(arguments: [1, 2, 4, 7] as [Int64]) func anEntryThatWasRemovedIsFound(_ number: Int64) throws {
    store[entry: number] = nil
    try expectFinding(number, "entry \(number) of the audit trail is missing", "removed")
  }

  @Test func anEntryThatWasRemovedIsFoundWhereTheOthersMovedUp() throws {
    for number in Int64(4)...7 { store[entry: number] = store[entry: number + 1] }
    store[entry: 8] = nil
    try expectFinding(4, "entry 4 of the audit trail does not prove genuine")
  }

  @Test func anEntryThatWasWrittenTwiceIsFound() throws {
    store[entry: 9] = store[entry: 8]
    try expectFinding(9, "entry 9 of the audit trail does not prove genuine")
    store[entry: 9] = nil
    store[entry: 3] = store[entry: 2]
    try expectFinding(3, "entry 3 of the audit trail does not prove genuine")
  }

  @Test func anEntryOfAnotherVaultIsFound() throws {
    let other = AuditedVault(id: 2)
    try other.writeHistory()
    store[entry: 1] = other.store[entry: 1]
    try expectFinding(1, "another vault")
    store.records = other.store.records
    try expectFinding(1, "another vault")
  }

  @Test func anEntryOfThisVaultsKeysUnderAnotherIDIsFound() throws {
    // The same audit key, and only the vault's id is another.
    let key = SecretBytes(copying: [UInt8](repeating: 1, count: 31) + [1])
    let other = AuditTrail(vaultID: [UInt8](repeating: 9, count: 16), keySet: 1) { _ throws(S4Error) in key }
    store.records = [:]
    try vault.write(.vaultCreated, under: other)
    try expectFinding(1, "another vault")
  }

  @Test func anEntryOfAForkedHistoryIsFound() throws {
    // Two ways on from entry 8, both written under the genuine keys: one of a copy that was put back and used.
    let copy = store.records
    try vault.write(.check, "nordvik", 2)
    try vault.write(.check, "nordvik", 2, result: "invalid_client")
    let (ninth, tenth) = (store[entry: 9], store[entry: 10])
    store.records = copy
    try vault.write(.check, "nordvik", 2)
    try vault.write(.check, "nordvik", 2)
    store[entry: 10] = tenth
    try expectFinding(10, "entry 10 of the audit trail does not prove genuine")
    store[entry: 9] = ninth
    try expectFinding(nil, "is not that of entry 10", "two states", intactEntries: 10)
  }

  @Test(arguments: [7, 5, 1] as [Int64]) func aTailThatWasCutOffIsFound(_ last: Int64) throws {
    for number in (last + 1)...8 { store[entry: number] = nil }
    let what = last == 7 ? "entry 8 was removed" : "entries \(last + 1) to 8 were removed"
    try expectFinding(last + 1, "ends with entry \(last), and its head says 8", what)
  }

  @Test func entriesThatAreAllGoneAreFound() throws {
    for number in Int64(1)...8 { store[entry: number] = nil }
    try expectFinding(1, "ends with entry 0", "entries 1 to 8 were removed")
  }

  @Test func aHeadThatIsGoneIsFound() throws {
    store[AuditHeadRecord.key] = nil
    try expectFinding(nil, "the head of the audit trail is missing", "8 entries", intactEntries: 8)
  }

  @Test func aTrailThatIsGoneIsFound() throws {
    store.records = [:]
    try expectFinding(nil, "the vault has no audit trail", intactEntries: 0)
    #expect(try vault.verify().head == nil)
  }

  @Test func aHeadThatWasPutBackIsFound() throws {
    let head = store[AuditHeadRecord.key]
    try vault.write(.check, "nordvik", 2)
    store[AuditHeadRecord.key] = head
    try expectFinding(nil, "says 8 entries, and there are 9", "put back to an earlier state", intactEntries: 9)
  }

  @Test func aRecordThatIsNoEntryIsFound() throws {
    let names = [
      "", "1", "0000000000000000", "000000000000000A", "0000000000000001x", "\u{0}", "x\u{0A}", "ö", "+00000000000000a",
    ]
    for key in names.map({ AuditEntryRecord.prefix + $0 }) {
      store[key] = store[entry: 1]
      try expectFinding(nil, "a record that is none, \"audit/e/")
      store[key] = nil
    }
  }

  @Test func anEntryOfTheLastNumberDoesNotTrap() throws {
    store[AuditEntryRecord.key(.max)] = store[entry: 1]
    try expectFinding(9, "entry 9 of the audit trail is missing")
    store[AuditEntryRecord.key(.max)] = nil
    store[AuditEntryRecord.key(-1)] = store[entry: 1]
    try expectFinding(nil, "a record that is none, \"audit/e/ffffffffffffffff\"")
  }

  @Test func damageIsNotCalledRemoval() throws {
    store.state.withLock { $0.damage = "the vault in memory was damaged: restore it from a copy" }
    #expect(try vault.verify().finding == nil)
    store[entry: 3] = nil
    let finding = try #require(try vault.verify().finding)
    #expect(finding.entry == 3)
    #expect(
      finding.text.hasPrefix("the vault in memory was damaged: restore it from a copy; it was seen because entry 3"))
  }

  // MARK: A head that was kept outside

  @Test func aVaultThatWasPutBackIsFoundWithALaterHead() throws {
    let copy = store.records
    let connections = vault.connections.withLock { $0 }
    try vault.write(.put, "tomorrow", 1)
    try vault.write(.check, "tomorrow", 1)
    let head = try vault.head()
    store.records = copy
    vault.connections.withLock { $0 = connections }
    // By itself it is in order.
    #expect(try vault.verify().finding == nil)
    try expectFinding(
      nil, "ends with entry 8", "it had 10 entries", "the vault, or its audit trail, was put back", intactEntries: 8,
      against: head)
    let json = try vault.verify(against: head).json
    #expect(json.hasPrefix(#"{"intact":false,"entries":8,"first_broken":null,"finding":"the audit trail ends with"#))
    // And when it was used again, further than it had been.
    for _ in 0..<4 { try vault.write(.check, "nordvik", 2) }
    #expect(try vault.verify().finding == nil)
    try expectFinding(nil, "entry 10 of the audit trail is another", "written on", against: head)
  }

  @Test func theLastEntryOfAHeadThatWasKeptIsCompared() throws {
    let copy = store.records
    try vault.write(.check, "nordvik", 2)
    let head = try vault.head()
    store.records = copy
    try vault.write(.check, "nordvik", 2)
    try expectFinding(nil, "entry 9 of the audit trail is another", against: head)
  }

  @Test func aGenerationThatFellIsFound() throws {
    let head = try vault.head()
    let later = AuditHead(vaultID: head.vaultID, count: 8, hash: head.hash, generation: head.generation + 1)
    try expectFinding(nil, "is at generation 6", "it was at 7", against: later)
    let earlier = AuditHead(vaultID: head.vaultID, count: 8, hash: head.hash, generation: 0)
    #expect(try vault.verify(against: earlier).finding == nil)
  }

  @Test func theHeadOfAnotherVaultIsRefused() throws {
    let other = AuditedVault(id: 2)
    try other.writeHistory()
    let error = try #require(fault { _ = try vault.verify(against: try other.head()) })
    #expect(error.code == .invalidArgument)
    #expect(error.target == "head")
    #expect(error.message.contains("is that of the vault 0202"))
  }

  @Test func whatCannotBeReadIsNoFinding() throws {
    let trail = AuditTrail(vaultID: vault.trail.vaultID, keySet: 1) { _ throws(S4Error) in
      throw S4Error(.vaultKeyRefused, "the key service refuses")
    }
    #expect(fault { _ = try vault.verify(under: trail) }?.code == .vaultKeyRefused)
    #expect(fault { _ = try trail.head(in: store) }?.code == .vaultKeyRefused)
  }
}
