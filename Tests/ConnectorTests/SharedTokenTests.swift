// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import HTTP
import OAuth
import Secrets
import TestServer
import TestSupport
import Testing

@testable import Connector

/// One token for all requests of an operation: `MintPolicy.perCall`.
@Suite struct SharedTokenTests {
  private func withBench(_ valid: Set<String>, _ body: (StandbyBench) throws -> Void) throws {
    let bench = try StandbyBench(valid)
    defer { bench.end() }
    try body(bench)
  }

  private func codes(_ results: [Result<Exchange.Answer, S4Error>]) -> Set<S4Error.Code?> {
    Set(results.map { if case .failure(let error) = $0 { error.code } else { nil } })
  }

  @Test func requestsThatStartTogetherShareOneMint() throws {
    try withBench(["old"]) { bench in
      bench.tenant.delay("old", 100)
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let ends = StandbyBench.Ends()
      for number in 0..<8 { bench.start(source, prefetches: number % 2 == 0, ends) }
      #expect(codes(ends.wait(for: 8)) == [nil])
      _ = try bench.get(source)
      #expect(bench.count("old") == 1 && bench.count("token-old") == 9)
      #expect(source.counts.minted == 1 && source.counts.unused == 0)
    }
  }

  @Test func rejectionOfTheOneMintIsOneAttemptAndAllLearnOfIt() throws {
    try withBench([]) { bench in
      bench.tenant.delay("old", 100)
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let ends = StandbyBench.Ends()
      for _ in 0..<8 { bench.start(source, ends) }
      #expect(codes(ends.wait(for: 8)) == [.credentialExpired])
      #expect(bench.count("old") == 1)
    }
  }

  @Test func standbyTakesOverForAllThatWaitWithOneMint() throws {
    try withBench(["new"]) { bench in
      bench.tenant.delay("old", 100)
      let source = bench.source(try bench.client(1, "old"), try bench.client(2, "new"), policy: .perCall)
      let ends = StandbyBench.Ends()
      for _ in 0..<8 { bench.start(source, ends) }
      #expect(codes(ends.wait(for: 8)) == [nil])
      #expect(bench.count("old") == 1 && bench.count("new") == 1 && bench.count("token-new") == 8)
    }
  }

  @Test func oneThatIsCancelledEndsAtOnceAndTheOthersHaveTheirToken() throws {
    try withBench(["old"]) { bench in
      bench.tenant.delay("old", 400)
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let (first, others) = (StandbyBench.Ends(), StandbyBench.Ends())
      let exchange = bench.exchange(source)
      exchange.get("/api", prefetchesNext: false) { first.add($0) }
      for _ in 0..<3 { bench.start(source, others) }
      for _ in 0..<1_000 where bench.count("old") == 0 { usleep(2_000) }
      exchange.flight.cancel()
      // The completion runs on this thread: before the mint has come.
      #expect(codes(first.wait(for: 1)) == [.cancelled] && bench.count("token-old") == 0)
      #expect(codes(others.wait(for: 3)) == [nil])
      #expect(bench.count("old") == 1 && bench.count("token-old") == 3)
    }
  }

  @Test func writeThatIsCancelledWhileItsSessionWaitsForTheTokenEndsAtOnce() throws {
    try withBench(["old"]) { bench in
      bench.tenant.delay("old", 2_000)
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let ends = StandbyBench.Ends()
      let exchange = bench.exchange(source)
      var ask = exchange.ask(.post, "/api")
      ask.sessionRoot = "/api/"
      exchange.send(ask, .write) { ends.add($0) }
      for _ in 0..<1_000 where bench.count("old") == 0 { usleep(2_000) }
      exchange.flight.cancel()
      #expect(codes(ends.wait(for: 1)) == [.cancelled] && source.counts.minted == 0)
      source.finish()
    }
  }

  @Test func endOfTheOperationEndsThoseThatWait() throws {
    try withBench(["old"]) { bench in
      bench.tenant.delay("old", 400)
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let ends = StandbyBench.Ends()
      for _ in 0..<3 { bench.start(source, ends) }
      for _ in 0..<1_000 where bench.count("old") == 0 { usleep(2_000) }
      source.finish()
      #expect(codes(ends.wait(for: 3)) == [.cancelled] && bench.count("token-old") == 0)
      #expect(source.counts.minted == 1 && source.counts.unused == 1)
    }
  }

  /// Bytes of a secret go when its last owner lets go: here nobody may hold it beside the source.
  private final class Seen: Sendable {
    private struct Held { weak var secret: SecretBytes? }
    private let held = Locked(Held())
    func note(_ secret: SecretBytes?) { held.withLock { $0.secret = secret } }
    var isThere: Bool { held.withLock { $0.secret != nil } }
  }

  private func mint(_ bench: StandbyBench, _ source: TokenSource, _ seen: Seen) throws {
    let isDone = Locked(false)
    source.next(Flight(engine: bench.engine), deadline: Deadline(milliseconds: 5_000)) { result in
      if case .success(let pass) = result { seen.note(pass.authorization) }
      isDone.withLock { $0 = true }
    }
    for _ in 0..<2_000 where !isDone.withLock({ $0 }) { usleep(2_000) }
    // The answer's own frame lets go a moment after the completion.
    usleep(20_000)
  }

  @Test func tokenIsThereWhileItsOperationIsAndNoLonger() throws {
    try withBench(["old"]) { bench in
      for (policy, stays) in [(MintPolicy.perCall, true), (.perRequest, false)] {
        let seen = Seen()
        let source = bench.source(try bench.client(1, "old"), nil, policy: policy)
        try mint(bench, source, seen)
        #expect(seen.isThere == stays)
        source.finish()
        #expect(!seen.isThere)
      }
    }
  }

  @Test func tokenThatTheAPIRefusedIsDroppedAndNotTheOneThatCameAfterIt() throws {
    try withBench(["old"]) { bench in
      let source = bench.source(try bench.client(1, "old"), nil, policy: .perCall)
      let passes = Locked<[TokenSource.Pass]>([])
      func take() {
        let count = passes.withLock { $0.count }
        source.next(Flight(engine: bench.engine), deadline: Deadline(milliseconds: 5_000)) { result in
          if case .success(let pass) = result { passes.withLock { $0.append(pass) } }
        }
        for _ in 0..<2_000 where passes.withLock({ $0.count }) == count { usleep(2_000) }
      }
      take()
      let first = try #require(passes.withLock { $0.first })
      source.refused(first)
      take()
      // Another request's late 401 to the first one.
      source.refused(first)
      take()
      #expect(bench.count("old") == 2 && source.counts.minted == 2 && passes.withLock { $0.count } == 3)
    }
  }
}
