// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

/// Connections that were changed behind the trail's back.
@Suite struct AuditConnectionsTests {
  private let vault = AuditedVault()

  init() throws {
    try vault.writeHistory()
    try vault.write(.put, "bergen", 1)
    try vault.write(.stage, "bergen", 2)
  }

  private func set(_ id: String, _ credentials: AuditedCredentials?) {
    let id = Array(id.utf8)
    vault.connections.withLock { $0[id] = credentials }
  }

  private func finding() throws -> AuditFinding? { try vault.verify().finding }

  @Test func whatTheTrailTellsIsWhatThereIs() throws {
    #expect(try finding() == nil)
    try vault.write(.retire, "nordvik", 1)
    try vault.write(.fallOver, "bergen", 2, result: "invalid_client")
    #expect(try finding() == nil)
    try vault.write(.promote, "bergen", 1)
    try vault.write(.recovered, "bergen", 1)
    #expect(try finding() == nil)
    try vault.write(.put, "södra", 2)
    try vault.write(.put, "bergen", 3)
    try vault.write(.delete, "nordvik", 2)
    #expect(try finding() == nil)
    #expect(vault.connections.withLock { $0.count } == 2)
  }

  @Test(
    arguments: [
      ("nordvik", AuditedCredentials(live: 1, beside: 2), #"credential of generation 1, and by entry 6"#, "put back"),
      ("nordvik", AuditedCredentials(live: 1), #"that of generation 2: it was put back to an earlier state"#, "anew"),
      (
        "nordvik", AuditedCredentials(live: 7, beside: 1), "it was changed behind the trail's back",
        "put the connection"
      ),
      ("nordvik", nil, "is gone, and by entry 6 of the audit trail it is there", "deleted behind the trail's back"),
      (
        "nordvik", AuditedCredentials(live: 2), "stands none, and by entry 6 of the audit trail that of generation 1",
        ""
      ),
      (
        "bergen", AuditedCredentials(live: 1), "stands none, and by entry 10 of the audit trail that of generation 2",
        ""
      ),
      ("bergen", AuditedCredentials(live: 1, beside: 3), "stands that of generation 3, and by entry 10", "put back"),
      ("södra", AuditedCredentials(live: 1), "by the audit trail it was never put, or was deleted", "delete it"),
      ("intruder", AuditedCredentials(live: 1), "it was added behind the trail's back", "delete it"),
    ] as [(String, AuditedCredentials?, String, String)])
  func aConnectionThatDoesNotAgreeIsNamed(
    id: String, credentials: AuditedCredentials?, words: String, more: String
  ) throws {
    set(id, credentials)
    let finding = try #require(try finding())
    #expect(finding.entry == nil)
    #expect(finding.text.contains("the connection \"\(id)\""), "\(finding.text)")
    #expect(finding.text.contains(words), "\(finding.text)")
    #expect(finding.text.contains(more), "\(finding.text)")
    #expect(finding.text.contains("look for who or what can write the vault"))
    #expect(!finding.text.contains("more connections"))
  }

  @Test func aCredentialThatWasRetiredAndComesBackIsFound() throws {
    try vault.write(.retire, "nordvik", 1)
    set("nordvik", AuditedCredentials(live: 2, beside: 1))
    #expect(
      try finding()?.text.contains("stands that of generation 1, and by entry 11 of the audit trail none") == true)
  }

  @Test func theFirstOneIsNamedAndTheOthersCounted() throws {
    set("nordvik", nil)
    set("bergen", nil)
    set("a", AuditedCredentials(live: 1))
    let text = try #require(try finding()?.text)
    #expect(text.hasPrefix("the connection \"a\" stands in the vault"))
    #expect(text.hasSuffix("; 2 more connections do not agree with the audit trail"))
  }

  @Test func aConnectionThatDoesNotProveGenuineIsAFinding() throws {
    let connections = AuditedConnections(all: vault.audited.all) { (id) throws(S4Error) in
      guard id != "bergen" else { throw S4Error(.vaultCorrupt, "the connection bergen does not prove genuine") }
      return try vault.audited.credentials(id)
    }
    let report = try vault.trail.verify(in: vault.store, against: nil, connections: connections)
    #expect(report.finding?.text == "the connection bergen does not prove genuine")
    let unreadable = AuditedConnections(
      all: { () throws(S4Error) in throw S4Error(.vaultCorrupt, "a record is damaged") },
      credentials: vault.audited.credentials)
    let other = try vault.trail.verify(in: vault.store, against: nil, connections: unreadable)
    #expect(other.finding?.text == "a record is damaged")
    let refused = AuditedConnections(all: vault.audited.all) { _ throws(S4Error) in throw .closed }
    #expect(
      fault { _ = try vault.trail.verify(in: vault.store, against: nil, connections: refused) }?.code == .closed)
  }

  @Test func idsThatUnicodeCallsEqualAreTwoConnections() throws {
    let (composed, decomposed) = ("\u{E5}re", "a\u{30A}re")
    try vault.write(.put, composed, 1)
    try vault.write(.put, decomposed, 4)
    #expect(try finding() == nil)
    set(decomposed, AuditedCredentials(live: 3))
    #expect(try finding()?.text.contains("generation 3") == true)
    set(decomposed, nil)
    #expect(try finding()?.text.contains("is gone") == true)
    var filter = AuditFilter()
    filter.connection = composed
    #expect(try vault.trail.export(in: vault.store, filter).split(separator: "\n").count == 1)
  }

  @Test func whatOthersChangeMeanwhileIsNoFinding() throws {
    // Another process puts, while the connections are read: the trail that was passed does not know it yet.
    let vault = vault
    let reads = Locked(0)
    let connections = AuditedConnections(all: vault.audited.all) { (id) throws(S4Error) in
      let turn = reads.withLock { reads in
        reads += 1
        return reads
      }
      if turn == 1 {
        try? vault.write(.put, "bergen", 3)
        try? vault.write(.delete, "nordvik", 2)
      }
      return try vault.audited.credentials(id)
    }
    let report = try vault.trail.verify(in: vault.store, against: nil, connections: connections)
    #expect(report.finding == nil)
    #expect(report.entries == 12)
  }

  @Test func whatOthersAddMeanwhileIsNoFinding() throws {
    let vault = vault
    vault.store.state.withLock {
      $0.before = (AuditHeadRecord.key, { _ in try? vault.write(.put, "tomorrow", 1) })
    }
    let report = try vault.verify()
    #expect(report.finding == nil)
    #expect((report.entries, report.head?.count) == (11, 11))
  }

  @Test func connectionsThatNeverStandStillAreNotJudged() throws {
    let vault = vault
    let next = Locked<Int64>(3)
    let connections = AuditedConnections(all: vault.audited.all) { (id) throws(S4Error) in
      let generation = next.withLock { next in
        next += 1
        return next
      }
      try? vault.write(.put, "bergen", generation)
      return AuditedCredentials(live: generation + 1)
    }
    let error = try #require(
      fault { _ = try vault.trail.verify(in: vault.store, against: nil, connections: connections) })
    #expect(error.code == .vaultUnavailable)
    #expect(error.isRetryable)
  }

  @Test func connectionsOfAFormerFormatBeginWithTheirMigration() throws {
    let vault = AuditedVault()
    try vault.write(.migrated)
    try vault.write(.migrated, "nordvik", 5)
    #expect(try vault.verify().finding == nil)
    let id = Array("nordvik".utf8)
    vault.connections.withLock { $0[id] = AuditedCredentials(live: 4) }
    #expect(try vault.verify().finding?.text.contains("generation 4, and by entry 2") == true)
  }
}
