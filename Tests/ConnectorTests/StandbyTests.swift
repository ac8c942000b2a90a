// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import HTTP
import TestServer
import TestSupport
import Testing

@testable import Connector
@testable import Vault

@Suite struct StandbyTests {
  private func withBench(_ valid: Set<String>, _ body: (StandbyBench) throws -> Void) throws {
    let bench = try StandbyBench(valid)
    defer { bench.end() }
    try body(bench)
  }

  @Test func rejectedClientGoesOverOnceForThisRequestAndAllLaterOnes() throws {
    try withBench(["new"]) { bench in
      let source = try bench.oldAndNew()
      for _ in 0..<3 { #expect(try bench.get(source).response.status == 200) }
      #expect(bench.count("old") == 1 && bench.count("new") == 3 && bench.count("token-new") == 3)
      #expect(source.generation == 2 && source.counts.minted == 3 && source.counts.unused == 0)
      #expect(bench.keeper.asked.withLock { $0.map(\.code) } == ["invalid_client"])
      let events = bench.nextEvents()
      #expect(events.count == 2, "\(events)")
      #expect(events.first?.contains(#""to":"expired""#) == true)
      #expect(
        events.last?.contains(#""event":"credential_switched","connection":"nordvik","from_generation":1,"#) == true)
      #expect(events.last?.contains(#""to_generation":2"#) == true)
      #expect(events.last?.contains(#""code":"invalid_client"}"#) == true)
      try #expect(bench.vault.status(connection: "nordvik").live.isRejected)
    }
  }

  @Test func withoutAStandbyARejectionIsTheEnd() throws {
    try withBench(["new"]) { bench in
      let source = bench.source(try bench.client(1, "old"), nil)
      for _ in 0..<2 { #expect(fault { _ = try bench.get(source) }?.code == .credentialExpired) }
      #expect(bench.count("old") == 1 && bench.keeper.asked.withLock { $0.isEmpty })
    }
  }

  @Test func standbyThatIsRejectedTooEndsItAndNothingIsSentAgain() throws {
    try withBench([]) { bench in
      let source = try bench.oldAndNew()
      let error = fault { _ = try bench.get(source) }
      #expect(error?.code == .credentialExpired && error?.outcome == .notProcessed)
      for _ in 0..<3 { #expect(fault { _ = try bench.get(source) }?.outcome == .notSent) }
      // Nor by another operation that still knows the two as they were.
      let other = try bench.oldAndNew()
      #expect(fault { _ = try bench.get(other) }?.outcome == .notSent)
      #expect(bench.count("old") == 1 && bench.count("new") == 1)
      #expect(bench.keeper.asked.withLock { $0.count } == 1)
    }
  }

  @Test func crowdGoesOverTogetherWithOneAttemptOfEach() throws {
    try withBench(["new"]) { bench in
      bench.tenant.delay("old", 100)
      let ends = StandbyBench.Ends()
      let sources = try (0..<12).map { _ in try bench.oldAndNew() }
      for source in sources { bench.start(source, ends) }
      let statuses = ends.wait(for: 12).map { (try? $0.get())?.response.status }
      #expect(statuses == Array(repeating: 200, count: 12))
      #expect(bench.count("old") == 1 && bench.count("new") == 12)
      #expect(bench.keeper.asked.withLock { $0.count } == 1)
      #expect(bench.nextEvents().count { $0.contains("credential_switched") } == 1)
    }
  }

  @Test func wrongStandbyOfACrowdIsOneAttemptToo() throws {
    for isBasic in [false, true] {
      try withBench([]) { bench in
        for secret in ["old", "new"] { bench.tenant.delay(secret, 50) }
        let ends = StandbyBench.Ends()
        for _ in 0..<12 {
          let live = isBasic ? try bench.user(1, "old") : try bench.client(1, "old")
          let standby = isBasic ? try bench.user(2, "new") : try bench.client(2, "new")
          bench.start(bench.source(live, standby), ends)
        }
        _ = ends.wait(for: 12)
        #expect(bench.count("old") == 1 && bench.count("new") == 1)
      }
    }
  }

  @Test func passwordThatWorkedIsTriedOnceWhileAnotherOfItsUserStandsBy() throws {
    try withBench(["old"]) { bench in
      func source() throws -> TokenSource { bench.source(try bench.user(1, "old"), try bench.user(2, "new")) }
      try #expect(bench.get(try source()).response.status == 200)
      // Proven here, so that two would go at once; then the user has neither password: a third failure would lock it.
      bench.tenant.set([])
      for secret in ["old", "new"] { bench.tenant.delay(secret, 50) }
      let ends = StandbyBench.Ends()
      for _ in 0..<8 { bench.start(try source(), ends) }
      _ = ends.wait(for: 8)
      #expect(bench.count("old") == 2 && bench.count("new") == 1)
    }
  }

  @Test func passwordThatTheAPIRejectsGoesOver() throws {
    try withBench(["new"]) { bench in
      let source = bench.source(try bench.user(1, "old"), try bench.user(2, "new"))
      let exchange = bench.exchange(source)
      let ends = StandbyBench.Ends()
      exchange.get("/api", prefetchesNext: true) { ends.add($0) }
      let answer = try #require(ends.wait(for: 1).first).get()
      #expect(answer.response.status == 200)
      #expect(bench.count("old") == 1 && bench.count("new") == 1)
      #expect(exchange.tally.requests == 2 && exchange.tally.retries == 1)
      #expect(bench.keeper.asked.withLock { $0.map(\.code) } == ["401"])
    }
  }

  @Test func kindOfTheStandbyMayBeAnother() throws {
    try withBench(["new"]) { bench in
      try #expect(bench.get(bench.source(bench.client(1, "old"), bench.user(2, "new"))).response.status == 200)
      #expect(bench.count("old") == 1 && bench.count("new") == 1)
    }
    try withBench(["new"]) { bench in
      try #expect(bench.get(bench.source(bench.user(1, "old"), bench.client(2, "new"))).response.status == 200)
      #expect(bench.count("old") == 1 && bench.count("token-new") == 1)
    }
  }

  @Test func fallOverThatTheVaultRefusesIsNotMade() throws {
    try withBench(["new"]) { bench in
      bench.keeper.verdict.withLock { $0 = .success(.refused) }
      let source = try bench.oldAndNew()
      let error = fault { _ = try bench.get(source) }
      #expect(error?.sapCode == "invalid_client" && error?.outcome == .notProcessed)
      #expect(fault { _ = try bench.get(source) }?.outcome == .notSent)
      #expect(bench.count("old") == 1 && bench.count("new") == 0)
      #expect(!bench.nextEvents().contains { $0.contains("credential_switched") })
      #expect(!bench.monitor.mayStillSend("nordvik", generation: 1))
    }
  }

  @Test func fallOverThatAnotherProcessMadeIsFollowedWithoutAnEvent() throws {
    try withBench(["new"]) { bench in
      bench.keeper.verdict.withLock { $0 = .success(.standing) }
      try #expect(bench.get(bench.oldAndNew()).response.status == 200)
      #expect(!bench.nextEvents().contains { $0.contains("credential_switched") })
    }
  }

  @Test func fallOverThatWasNotSavedStandsAndIsSavedLater() throws {
    try withBench(["new"]) { bench in
      let before = try bench.vault.status(connection: "nordvik").live
      bench.keeper.verdict.withLock { $0 = .failure(S4Error(.vaultUnavailable, "the disk is full")) }
      try #expect(bench.get(bench.oldAndNew()).response.status == 200)
      #expect(bench.nextEvents().count { $0.contains("state_not_saved") && $0.contains("the disk is full") } == 1)
      // The vault still has the old one as live: its word does not count here, and it is told again.
      bench.monitor.note("nordvik", before)
      #expect(bench.monitor.generation("nordvik", stored: 1) == 2)
      #expect(!bench.monitor.mayStillSend("nordvik", generation: 1))
      #expect(bench.nextEvents().isEmpty)
      bench.keeper.verdict.withLock { $0 = .success(.taken) }
      bench.monitor.note("nordvik", before)
      #expect(bench.nextEvents().count { $0.contains("credential_switched") } == 1)
      #expect(bench.keeper.asked.withLock { $0.count } == 3)
      bench.monitor.note("nordvik", before)
      #expect(bench.keeper.asked.withLock { $0.count } == 3)
    }
  }

  @Test func rejectionThatIsKnownBeforeGoesOverAtOnce() throws {
    try withBench(["new"]) { bench in
      try bench.vault.setState(
        connection: "nordvik", generation: 1, state: .expired, lastErrorCode: "invalid_client", rejected: true,
        proven: false, at: .now)
      let status = try bench.vault.status(connection: "nordvik").live
      #expect(throws: S4Error.self) { try bench.monitor.admit("nordvik", status) }
      #expect(throws: Never.self) { try bench.monitor.admit("nordvik", status, standby: 2) }
      try #expect(bench.get(bench.oldAndNew()).response.status == 200)
      #expect(bench.count("old") == 0 && bench.count("new") == 1)
      #expect(bench.keeper.asked.withLock { $0.map(\.code) } == ["invalid_client"])
    }
  }

  @Test func credentialThatWasPutMeanwhileIsNotPassedOver() throws {
    try withBench(["new"]) { bench in
      let source = bench.source(try bench.client(1, "old"), try bench.client(1_000, "new"))
      try bench.vault.put(connection: "nordvik", NewCredential(record: .init(copying: [2])))
      bench.monitor.note("nordvik", try bench.vault.status(connection: "nordvik").live)
      #expect(fault { _ = try bench.get(source) }?.code == .credentialExpired)
      #expect(bench.count("new") == 0 && bench.keeper.asked.withLock { $0.isEmpty })
    }
  }

  @Test func checkNeverGoesOver() throws {
    try withBench(["new"]) { bench in
      let source = bench.source(try bench.client(1, "old"), try bench.client(2, "new"), isCheck: true)
      #expect(fault { _ = try bench.get(source) }?.code == .credentialExpired)
      #expect(bench.count("new") == 0 && bench.keeper.asked.withLock { $0.isEmpty })
    }
  }

  @Test func nextLinkIsNotAskedOfAnotherHost() throws {
    try withBench(["new"]) { bench in
      let tenant = StandbyBench.Tenant(["new"])
      let elsewhere = ScriptedServer { tenant.answer($0) }
      defer { elsewhere.stop() }
      let (live, standby) = (try bench.client(1, "old"), try bench.client(2, "new", at: elsewhere))
      let source = bench.source(live, standby)
      for _ in 0..<2 {
        #expect(fault { _ = try bench.get(source, at: live.settings.origin) }?.code == .credentialExpired)
      }
      #expect(elsewhere.requests.isEmpty && bench.keeper.asked.withLock { $0.isEmpty })
      // What follows no link goes over, and then all that is shown goes there.
      let answer = try bench.get(source)
      #expect(answer.response.status == 200 && answer.credential.settings.origin == standby.settings.origin)
      #expect(elsewhere.requests.count == 2 && bench.server.requests.count == 1)
      // The read that was in the middle has come to its end for good.
      #expect(fault { _ = try bench.get(source, at: live.settings.origin) }?.message.contains("another host") == true)
      bench.engine.close()
    }
  }

  @Test func requestUnderWayWithATokenOfTheOldOneIsUnharmed() throws {
    try withBench(["old", "new"]) { bench in
      let slow = try bench.oldAndNew()
      let ends = StandbyBench.Ends()
      bench.tenant.delay("token-old", 300)
      bench.start(slow, ends)
      for _ in 0..<1_000 where bench.count("token-old") == 0 { usleep(2_000) }
      bench.tenant.set(["new"])
      let other = try bench.oldAndNew()
      try #expect(bench.get(other).credential.generation == 2)
      let answer = try #require(ends.wait(for: 1).first).get()
      #expect(answer.response.status == 200 && answer.credential.generation == 1)
      try #expect(bench.get(slow).credential.generation == 2)
    }
  }

  @Test func tokenThatWasMintedAheadBelongsToItsCredential() throws {
    try withBench(["old", "new"]) { bench in
      let source = try bench.oldAndNew()
      let ends = StandbyBench.Ends()
      bench.start(source, prefetches: true, ends)
      _ = ends.wait(for: 1)
      for _ in 0..<1_000 where source.counts.minted < 2 { usleep(2_000) }
      // Another operation learns that the secret is no good; the token that lies ready is wiped and counted.
      bench.tenant.set(["new"])
      try #expect(bench.get(bench.oldAndNew()).credential.generation == 2)
      try #expect(bench.get(source).credential.generation == 2)
      #expect(source.counts.minted == 3 && source.counts.unused == 1)
      #expect(bench.count("token-old") == 1)
    }
  }

  @Test func mintAheadThatIsRejectedWaitsForARequestToGoOver() throws {
    try withBench(["old", "new"]) { bench in
      let source = try bench.oldAndNew()
      try #expect(bench.get(source).credential.generation == 1)
      bench.tenant.set(["new"])
      source.prefetch(deadline: Deadline(milliseconds: 5_000))
      for _ in 0..<1_000 where bench.monitor.mayStillSend("nordvik", generation: 1) { usleep(2_000) }
      #expect(source.generation == 1 && bench.keeper.asked.withLock { $0.isEmpty })
      try #expect(bench.get(source).credential.generation == 2)
      #expect(bench.count("old") == 2 && bench.count("new") == 1)
    }
  }

  @Test func requestThatWaitsForAMintThatIsRejectedGoesOver() throws {
    try withBench(["new"]) { bench in
      bench.tenant.delay("old", 200)
      let source = try bench.oldAndNew()
      source.prefetch(deadline: Deadline(milliseconds: 5_000))
      try #expect(bench.get(source).credential.generation == 2)
      #expect(bench.count("old") == 1 && bench.count("new") == 1)
    }
  }

  @Test func standbyGoesOutAloneUntilItHasWorkedHere() throws {
    try withBench(["new"]) { bench in
      _ = try bench.get(bench.oldAndNew())
      guard case .free = bench.monitor.passage("nordvik", generation: 2, limit: nil, ignoring: nil) else {
        Issue.record("it has worked, and waits all the same")
        return
      }
    }
    try withBench([]) { bench in
      bench.monitor.report(
        "nordvik", generation: 1, .failed(S4Error(.credentialExpired, "", outcome: .notProcessed)), isCheck: false)
      let standby = try bench.client(2, "new")
      #expect(bench.monitor.switched("nordvik", from: 1, to: standby, code: ""))
      guard case .limited(to: 1) = bench.monitor.passage("nordvik", generation: 2, limit: nil, ignoring: nil) else {
        Issue.record("a crowd may go")
        return
      }
    }
  }
}
