// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

@Suite struct AuditTrailTests {
  private let vault = AuditedVault()

  @Test func eachEntryMovesTheHead() throws {
    try vault.write(.vaultCreated)
    let first = try vault.head()
    #expect(first.count == 1)
    #expect(first.generation == 1)
    try vault.write(.check, "nordvik", 1)
    let second = try vault.head()
    #expect(second.count == 2)
    #expect(second.generation == 1)
    #expect(second.hash != first.hash)
    try vault.write(.put, "nordvik", 1)
    #expect(try vault.head().generation == 2)
    #expect(vault.store.records.count == 4)
    #expect(vault.store[entry: 3] != nil)
  }

  @Test func severalEntriesComeWithOneChange() throws {
    try vault.store.change(by: Deadline(milliseconds: 1_000)) { (view) throws(S4Error) in
      let events = [AuditEvent(.migrated)] + (1...5).map { AuditEvent(.migrated, connection: "c\($0)", generation: $0) }
      return try vault.trail.append(events, raisesGeneration: true, in: view)
    }
    for generation in Int64(1)...5 {
      let id = Array("c\(generation)".utf8)
      vault.connections.withLock { $0[id] = AuditedCredentials(live: generation) }
    }
    let head = try vault.head()
    #expect((head.count, head.generation) == (6, 1))
    #expect(try vault.verify().finding == nil)
  }

  @Test func nothingToWriteChangesNothing() throws {
    try vault.writeHistory()
    #expect(try vault.trail.append([], raisesGeneration: true, in: vault.store).isEmpty)
  }

  @Test func writersOnSeveralThreadsLoseNoEntry() throws {
    try vault.write(.vaultCreated)
    let vault = vault
    onThreads(4) { thread in
      for turn in 1...50 { try? vault.write(.check, "c\(thread)", Int64(turn)) }
    }
    let report = try vault.verify()
    #expect(report.finding == nil)
    #expect(report.entries == 201)
    let lines = try vault.trail.export(in: vault.store, AuditFilter()).split(separator: "\n")
    #expect(Set(lines.map { $0.drop { $0 != "," } }).count == 201)
  }

  @Test func aStolenStoreNamesNobody() throws {
    try vault.writeHistory()
    for record in vault.store.records.values {
      let text = String(decoding: record.value, as: UTF8.self)
      for word in ["nordvik", "södra", "anna", "björn", "invalid_client", "put", "promote"] {
        #expect(!text.contains(word))
      }
    }
  }

  @Test func theSameEventIsNeverStoredInTheSameBytes() throws {
    let other = AuditedVault()
    try vault.write(.vaultCreated)
    try other.write(.vaultCreated)
    #expect(vault.store[entry: 1] != other.store[entry: 1])
  }

  @Test func anEntryKeepsAllThatItWasGiven() throws {
    try vault.write(.vaultCreated)
    let actor = String(repeating: "å", count: 128)
    let id = String(repeating: "c", count: 128)
    for action in AuditAction.allCases {
      try vault.write(action, id, .max, actor: actor, result: "/IWBEP/CM_MGW_RT/020")
      guard case .entries(let links) = try lastEntry() else {
        Issue.record("no entry")
        continue
      }
      let event = try #require(links.last?.entry.event)
      #expect(event.action == action)
      #expect((event.actor, event.connection) == (actor, id))
      #expect((event.generation, event.result) == (.max, "/IWBEP/CM_MGW_RT/020"))
    }
  }

  private func lastEntry() throws -> AuditWalk.Step {
    var walk = try #require(try AuditWalk(vault.trail, after: try vault.head().count - 1, in: vault.store))
    return try walk.next(in: vault.store)
  }

  @Test func aTrailBeginsWithTheVaultItself() throws {
    let error = try #require(fault { try vault.write(.put, "nordvik", 1) })
    #expect(error.code == .vaultCorrupt)
    #expect(vault.store.records.isEmpty)
    try vault.write(.migrated)
  }

  @Test func aTrailThatWasRemovedIsNotBegunAnew() throws {
    try vault.writeHistory()
    vault.store.records = [:]
    let error = try #require(fault { try vault.write(.put, "nordvik", 3) })
    #expect(error.code == .vaultCorrupt)
    #expect(error.message.contains("is missing: it was removed"))
    #expect(error.message.contains("restore it from a copy"))
    #expect(fault { _ = try vault.head() }?.code == .vaultCorrupt)
  }

  @Test func nothingIsWrittenBehindAHeadThatIsMissing() throws {
    try vault.writeHistory()
    vault.store[AuditHeadRecord.key] = nil
    let before = vault.store.records
    for action in [AuditAction.put, .migrated, .vaultCreated] {
      let error = try #require(fault { try vault.write(action, "nordvik", 3) })
      #expect(error.code == .vaultCorrupt)
      #expect(error.message.contains("is missing"))
    }
    #expect(vault.store.records == before)
  }

  @Test func anEntryIsNeverWrittenOver() throws {
    try vault.writeHistory()
    let head = vault.store[AuditHeadRecord.key]
    try vault.write(.put, "nordvik", 3)
    let ninth = vault.store[entry: 9]
    vault.store[AuditHeadRecord.key] = head
    let error = try #require(fault { try vault.write(.put, "nordvik", 3) })
    #expect(error.code == .vaultCorrupt)
    #expect(error.message.contains("put back to an earlier state"))
    #expect(error.message.contains("an entry 9 behind it"))
    #expect(vault.store[entry: 9] == ninth)
  }

  @Test func nothingIsWrittenBehindAHeadThatWasChanged() throws {
    try vault.writeHistory()
    let genuine = try #require(vault.store[AuditHeadRecord.key])
    for index in genuine.indices {
      for bit in 0..<8 {
        var changed = genuine
        changed[index] ^= 1 << bit
        vault.store[AuditHeadRecord.key] = changed
        let error = try #require(
          fault { _ = try vault.trail.append([AuditEvent(.check)], raisesGeneration: false, in: vault.store) })
        #expect(error.code == .vaultCorrupt)
        #expect(error.message.contains("does not prove genuine"))
        #expect(fault { _ = try vault.head() }?.code == .vaultCorrupt)
      }
    }
  }

  @Test func theActorIsBounded() throws {
    for actor in [nil, "a", String(repeating: "a", count: 256), "anna@example.com", "Åsa Öberg"] {
      #expect(fault { try AuditEntry.checkActor(actor) } == nil)
    }
    let refused = [
      "", String(repeating: "a", count: 257), String(repeating: "å", count: 129), "a\nb", "a\u{0}", "\u{7F}", "\u{85}",
    ]
    try vault.write(.vaultCreated)
    for actor in refused {
      let error = try #require(fault { try AuditEntry.checkActor(actor) })
      #expect(error.code == .invalidArgument)
      #expect(error.target == "actor")
      #expect(fault { try vault.write(.put, "nordvik", 1, actor: actor) }?.target == "actor")
    }
    #expect(try vault.head().count == 1)
  }

  @Test func aLongOrManifoldResultIsCutToOneLine() {
    #expect(AuditEvent(.check, result: "invalid_client").result == "invalid_client")
    #expect(AuditEvent(.check, result: "a\r\nb\u{85}").result == "a??b?")
    #expect(AuditEvent(.check, result: String(repeating: "x", count: 300)).result.utf8.count == 256)
    let wide = AuditEvent(.check, result: String(repeating: "å", count: 200) + "e").result
    #expect(wide == String(repeating: "å", count: 128))
    #expect(AuditEvent(.check, result: "x" + String(repeating: "å", count: 200)).result.utf8.count == 255)
  }

  @Test func whatIsOutOfBoundsIsNotWritten() throws {
    try vault.write(.vaultCreated)
    for (id, generation) in [("", 1), (String(repeating: "c", count: 129), 1), ("c", -1)] as [(String, Int64)] {
      #expect(fault { try vault.write(.put, id, generation) }?.code == .internalDefect)
    }
  }

  @Test func noEventInAnyFormTraps() throws {
    var randomness = Randomness(seed: 3)
    let genuine = AuditEvent(.put, actor: "anna", connection: "nordvik", generation: 4).encoded
    var decoded = 0
    for _ in 0..<20_000 {
      var bytes = genuine
      for _ in 0...Int.random(in: 0..<4, using: &randomness) {
        bytes[Int.random(in: bytes.indices, using: &randomness)] = UInt8.random(in: 0...255, using: &randomness)
      }
      bytes.removeLast(Int.random(in: 0...2, using: &randomness))
      if let event = try? bytes.withUnsafeBytes({ try AuditEvent.decode($0) }) {
        decoded += 1
        #expect(event.generation >= 0)
        #expect(event.encoded == bytes || event.result.contains("?"))
      }
    }
    #expect(decoded > 100)
    #expect(throws: AuditEvent.Fault.malformed) { try [UInt8]().withUnsafeBytes { try AuditEvent.decode($0) } }
  }

  @Test func anEntryOfANewerLibraryIsNotCalledDamaged() throws {
    var later = AuditEvent(.put).encoded
    later[0] = 2
    #expect(throws: AuditEvent.Fault.newer) { try later.withUnsafeBytes { try AuditEvent.decode($0) } }
    var unknown = AuditEvent(.put).encoded
    unknown[19] = UInt8(ascii: "q")
    #expect(throws: AuditEvent.Fault.newer) { try unknown.withUnsafeBytes { try AuditEvent.decode($0) } }
  }
}
