// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Connector
@testable import HTTP

@Suite struct CSRFSessionsTests {
  private typealias Place = CSRFSessions.Place
  private typealias Done = @Sendable (Result<SessionGrant?, S4Error>) -> Void

  /// Fetches that are under way: they end when the test says so.
  private final class Tenant: Sendable {
    let waiting = Locked<[Done]>([])
    let granted = Locked(0)

    func fetch(_ done: @escaping Done) { waiting.withLock { $0.append(done) } }

    /// Ends the oldest fetch with a new token, or with an error.
    func answer(_ error: S4Error? = nil) {
      let done = waiting.withLock { $0.removeFirst() }
      guard let error else {
        let number = granted.withLock { count -> Int in
          count += 1
          return count
        }
        done(.success(SessionGrant(token: SecretBytes(copying: Array("token \(number)".utf8)), cookies: nil)))
        return
      }
      done(.failure(error))
    }

    func answerNothing() { waiting.withLock { $0.removeFirst() }(.success(nil)) }
    var count: Int { waiting.withLock { $0.count } }
  }

  /// What leases came to, in their order.
  private final class Log: Sendable {
    let lines = Locked<[String]>([])
    let leases = Locked<[CSRFSessions.Lease]>([])

    func take(_ name: String) -> CSRFSessions.Completion {
      { result in
        switch result {
        case .failure(let error): self.lines.withLock { $0.append("\(name) \(error.code)") }
        case .success(let lease):
          let token = lease.grant.map { $0.token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
          self.lines.withLock { $0.append("\(name) \(token ?? "none")") }
          self.leases.withLock { $0.append(lease) }
        }
      }
    }

    var all: [String] { lines.withLock { $0 } }
    var last: CSRFSessions.Lease? { leases.withLock { $0.last } }
  }

  private let sessions = CSRFSessions()
  private let tenant = Tenant()
  private let log = Log()

  private func lease(_ name: String, _ service: String = "/a/", generation: Int64 = 1) -> UInt64 {
    sessions.lease(
      Place(service: service, generation: generation), fetch: { [tenant] in tenant.fetch($0) },
      completion: log.take(name))
  }

  @Test func aCrowdFetchesOnce() {
    for name in ["a", "b", "c"] { _ = lease(name) }
    #expect(tenant.count == 1 && log.all.isEmpty)
    tenant.answer()
    #expect(log.all == ["a token 1", "b token 1", "c token 1"])
    _ = lease("d")
    #expect(log.all.last == "d token 1" && tenant.count == 0)
    _ = lease("other", "/b/")
    #expect(tenant.count == 1)
  }

  @Test func aSessionThatIsRefusedGoesOnce() throws {
    _ = lease("a")
    tenant.answer()
    let old = try #require(log.last)
    sessions.drop(old)
    _ = lease("b")
    tenant.answer()
    // Another write that had the first one too may not take the second away.
    sessions.drop(old)
    _ = lease("c")
    #expect(log.all == ["a token 1", "b token 2", "c token 2"] && tenant.count == 0)
  }

  @Test func theEndOfOneCallIsNotThatOfTheOthers() {
    for name in ["a", "b", "c"] { _ = lease(name) }
    tenant.answer(.cancelled)
    #expect(log.all == ["a cancelled"] && tenant.count == 1)
    tenant.answer()
    #expect(log.all == ["a cancelled", "b token 1", "c token 1"])
  }

  @Test func whatTheTenantRefusesItRefusesAll() {
    for name in ["a", "b"] { _ = lease(name) }
    tenant.answer(S4Error(.unauthorised, "no"))
    #expect(log.all == ["a unauthorised", "b unauthorised"] && tenant.count == 0)
    // The next write asks again.
    _ = lease("c")
    #expect(tenant.count == 1)
  }

  @Test func aServiceWithoutTokensIsAskedEachTime() {
    _ = lease("a")
    tenant.answerNothing()
    _ = lease("b")
    #expect(log.all == ["a none"] && tenant.count == 1)
  }

  @Test func whoWaitsCanGo() {
    _ = lease("a")
    let id = lease("b")
    sessions.endWait(id, at: Place(service: "/a/", generation: 1), .cancelled)
    sessions.endWait(id, at: Place(service: "/a/", generation: 1), .cancelled)
    tenant.answer()
    #expect(log.all == ["b cancelled", "a token 1"])
    sessions.endWait(id, at: Place(service: "/never/", generation: 9), .cancelled)
  }

  @Test func whoWaitsForASecondFetchCanGo() {
    _ = lease("a")
    let ids = ["b", "c", "d"].map { lease($0) }
    tenant.answer(.cancelled)
    #expect(log.all == ["a cancelled"] && tenant.count == 1)
    sessions.endWait(ids[1], at: Place(service: "/a/", generation: 1), .cancelled)
    #expect(log.all == ["a cancelled", "c cancelled"])
    tenant.answer()
    #expect(log.all == ["a cancelled", "c cancelled", "b token 1", "d token 1"] && tenant.count == 0)
  }

  @Test func anotherCredentialHasAnotherSession() {
    _ = lease("a")
    tenant.answer()
    _ = lease("b", generation: 2)
    #expect(tenant.count == 1)
    tenant.answer()
    // What the first one was granted is gone.
    _ = lease("c", generation: 1)
    #expect(tenant.count == 1 && log.all == ["a token 1", "b token 2"])
  }

  @Test func aFetchForAFormerCredentialStillServesThoseThatWait() {
    _ = lease("a")
    _ = lease("b")
    _ = lease("new", generation: 2)
    #expect(tenant.count == 2)
    tenant.answer()
    #expect(log.all == ["a token 1", "b token 1"])
    tenant.answer()
    _ = lease("c", generation: 2)
    #expect(log.all.suffix(2) == ["new token 2", "c token 2"])
    // The former one's was not kept.
    _ = lease("d", generation: 1)
    #expect(tenant.count == 1)
  }
}
