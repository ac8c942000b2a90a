// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

@Suite struct AuditExportTests {
  private let vault = AuditedVault()

  init() throws { try vault.writeHistory() }

  private func export(_ set: (inout AuditFilter) -> Void = { _ in }) throws -> String {
    var filter = AuditFilter()
    set(&filter)
    return try vault.trail.export(in: vault.store, filter)
  }

  private func numbers(_ set: (inout AuditFilter) -> Void = { _ in }) throws -> [Int] {
    try export(set).split(separator: "\n").map { line in
      let digits = line.dropFirst(#"{"entry":"#.count).prefix { $0 != "," }
      return try #require(Int(digits))
    }
  }

  private func moment(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

  @Test func entriesAreLinesOfJSON() throws {
    let anna = #""actor":"anna@example.com""#
    let expected = """
      {"entry":1,"at":"2026-11-23T09:30:00Z","actor":null,"action":"vault_created","connection":null,"generation":0,"result":"ok"}
      {"entry":2,"at":"2026-11-23T09:31:00Z",\(anna),"action":"put","connection":"nordvik","generation":1,"result":"ok"}
      {"entry":3,"at":"2026-11-23T09:32:00Z","actor":null,"action":"check","connection":"nordvik","generation":1,"result":"ok"}
      {"entry":4,"at":"2026-11-23T09:33:00Z",\(anna),"action":"put","connection":"södra","generation":1,"result":"ok"}
      {"entry":5,"at":"2026-11-23T09:34:00Z","actor":"björn","action":"stage","connection":"nordvik","generation":2,"result":"ok"}
      {"entry":6,"at":"2026-11-23T09:35:00Z","actor":"björn","action":"promote","connection":"nordvik","generation":2,"result":"ok"}
      {"entry":7,"at":"2026-11-23T09:36:00Z","actor":null,"action":"delete","connection":"södra","generation":1,"result":"ok"}
      {"entry":8,"at":"2026-11-23T09:37:00Z","actor":null,"action":"rejected","connection":"nordvik","generation":2,"result":"invalid_client"}

      """
    #expect(try export() == expected)
  }

  @Test func whatStandsInALineCannotEndIt() throws {
    try vault.write(.put, #"a"b\c{}"#, 1, actor: #""},{"entry":99"#, result: "\u{2028}\"\n")
    let line = try export { $0.after = 8 }
    #expect(line.filter { $0 == "\n" }.count == 1)
    #expect(line.contains(#""actor":"\"},{\"entry\":99","action":"put","connection":"a\"b\\c{}""#))
  }

  @Test func aConnectionIsPickedByItsName() throws {
    #expect(try numbers { $0.connection = "nordvik" } == [2, 3, 5, 6, 8])
    #expect(try numbers { $0.connection = "södra" } == [4, 7])
    #expect(try export { $0.connection = "Nordvik" } == "")
    #expect(try export { $0.connection = "" } == "")
  }

  @Test func timesCountFromTheFirstUpToBeforeTheLast() throws {
    let (from, to) = (try moment("2026-11-23T09:32:00Z"), try moment("2026-11-23T09:35:00Z"))
    #expect(try numbers { $0.from = from } == [3, 4, 5, 6, 7, 8])
    #expect(try numbers { $0.to = to } == [1, 2, 3, 4, 5])
    #expect(
      try numbers {
        $0.from = from
        $0.to = to
      } == [3, 4, 5])
    #expect(
      try numbers {
        $0.from = to
        $0.to = from
      } == [])
    #expect(try numbers { $0.from = Timestamp(milliseconds: .min) }.count == 8)
    #expect(try numbers { $0.to = Timestamp(milliseconds: .min) } == [])
  }

  @Test func pagesGoOnAfterTheLastEntry() throws {
    for limit in 1...9 {
      var all: [Int] = []
      while case let page = try numbers({ filter in
        filter.limit = limit
        filter.after = Int64(all.last ?? 0)
      }), !page.isEmpty {
        #expect(page.count <= limit)
        all += page
      }
      #expect(all == Array(1...8))
    }
    #expect(
      try numbers {
        $0.connection = "nordvik"
        $0.limit = 2
        $0.after = 3
      } == [5, 6])
    #expect(try numbers { $0.limit = 0 } == [])
    #expect(try numbers { $0.limit = -1 } == [])
  }

  @Test func pagesAreOfAnySizeWithBatchesOfOne() throws {
    for _ in 0..<250 { try vault.write(.check, "nordvik", 2) }
    #expect(try numbers { $0.limit = 1_000 } == Array(1...258))
    #expect(try numbers { $0.limit = 150 } == Array(1...150))
    #expect(vault.store.state.withLock { $0.longestList } <= AuditTrail.batch)
  }

  @Test func anEntryThatDoesNotOpenIsNamed() throws {
    let genuine = try #require(vault.store[entry: 5])
    for index in [7, 8, 40, 52, genuine.count - 1] {
      vault.store[entry: 5]?[index] ^= 1
      let error = try #require(fault { _ = try export() })
      #expect(error.code == .vaultCorrupt)
      #expect(error.message.contains("entry 5 of the audit trail does not prove genuine"))
      vault.store[entry: 5] = genuine
    }
    vault.store[entry: 5] = [1]
    for after in Int64(4)...5 {
      #expect(fault { _ = try export { $0.after = after } }?.message.contains("entry 5 of the audit trail") == true)
    }
    #expect(
      try numbers {
        $0.limit = 3
        $0.after = 6
      } == [7, 8])
  }

  @Test func anEntryThatIsMissingIsNamed() throws {
    vault.store[entry: 5] = nil
    for after in [0, 4, 5] as [Int64] {
      let error = try #require(fault { _ = try export { $0.after = after } })
      #expect(error.code == .vaultCorrupt)
      #expect(error.message.contains("entry 5 of the audit trail is missing"))
    }
  }

  @Test func whoGoesOnBehindTheEndLearnsThatItWasCutOff() throws {
    #expect(try export { $0.after = 8 } == "")
    for after in [9, 1_000, .max] as [Int64] {
      let error = try #require(fault { _ = try export { $0.after = after } })
      #expect(error.code == .invalidArgument)
      #expect(error.target == "after")
      #expect(error.message.contains("there is no entry \(after)"))
      #expect(error.message.contains("cut off"))
    }
  }

  @Test func tenThousandEntriesAreVerifiedInBatches() throws {
    try vault.store.change(by: Deadline(milliseconds: 1_000)) { (view) throws(S4Error) in
      let events = (0..<9_992).map { AuditEvent(.check, actor: "anna@example.com", connection: "c\($0 % 100)") }
      return try vault.trail.append(events, raisesGeneration: false, in: view)
    }
    let before = ContinuousClock.now
    let report = try vault.verify()
    let elapsed = ContinuousClock.now - before
    #expect(report.finding == nil)
    #expect(report.entries == 10_000)
    #expect(elapsed < .seconds(10))
    #expect(vault.store.state.withLock { $0.longestList } == AuditTrail.batch)
  }
}
