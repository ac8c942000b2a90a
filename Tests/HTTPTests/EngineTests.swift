// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import TestSupport
import Testing

@testable import HTTP

/// Waits for the one completion of a request.
private final class Outcome: Sendable {
  private let results = Locked<[Result<HTTPResponse, S4Error>]>([])

  func take(_ result: Result<HTTPResponse, S4Error>) { results.withLock { $0.append(result) } }
  var count: Int { results.withLock { $0.count } }

  func wait() -> S4Error? {
    for _ in 0..<5_000 where count == 0 { usleep(2_000) }
    return results.withLock { results in
      guard case .failure(let error) = results.first else { return nil }
      return error
    }
  }
}

private func request(_ host: String, port: UInt16 = 443, allowed: Bool, timeout: Int64 = 10_000) throws -> HTTPRequest {
  HTTPRequest(
    .get, try Origin(pasted: "\(host):\(port)"), "/", headers: ["Accept: application/json"],
    deadline: Deadline(milliseconds: timeout), trust: Trust(allowedHosts: allowed ? [host] : []), maximumBody: 1_024)
}

@Suite struct EngineTests {
  @Test func loopbackIsRefusedUnlessAllowed() throws {
    let engine = try Engine()
    defer { engine.close() }
    let server = SilentServer()
    let outcome = Outcome()
    engine.submit(try request("127.0.0.1", port: server.port, allowed: false)) { outcome.take($0) }
    let error = try #require(outcome.wait())
    #expect(error.code == .hostRefused)
    #expect(error.message.contains("allow_host"))
  }

  @Test func nothingListeningIsUnreachable() throws {
    let engine = try Engine()
    defer { engine.close() }
    let port: UInt16
    do {
      let server = SilentServer()
      port = server.port
    }
    let outcome = Outcome()
    engine.submit(try request("127.0.0.1", port: port, allowed: true)) { outcome.take($0) }
    #expect(outcome.wait()?.code == .unreachable)
  }

  @Test func deadlineEndsASilentServer() throws {
    let engine = try Engine()
    defer { engine.close() }
    let server = SilentServer()
    let outcome = Outcome()
    engine.submit(try request("127.0.0.1", port: server.port, allowed: true, timeout: 100)) { outcome.take($0) }
    #expect(outcome.wait()?.code == .timedOut)
  }

  @Test func cancelEndsARequestOnce() throws {
    let engine = try Engine()
    defer { engine.close() }
    let server = SilentServer()
    let outcome = Outcome()
    let ticket = engine.submit(try request("127.0.0.1", port: server.port, allowed: true)) { outcome.take($0) }
    usleep(20_000)
    engine.cancel(ticket)
    engine.cancel(ticket)
    #expect(outcome.wait()?.code == .cancelled)
    #expect(outcome.count == 1)
  }

  @Test func aPauseEndsInItsTimeOrEarly() throws {
    let engine = try Engine()
    let order = Locked<[String]>([])
    func pause(_ name: String, milliseconds: Int64) -> Engine.Ticket {
      engine.pause(until: Deadline(milliseconds: milliseconds)) { result in
        let end =
          switch result {
          case .success: "over"
          case .failure(let error): "\(error.code)"
          }
        order.withLock { $0.append("\(name) \(end)") }
      }
    }
    func wait(for count: Int) {
      for _ in 0..<5_000 where order.withLock({ $0.count }) < count { usleep(2_000) }
    }
    let began = Deadline.now
    _ = pause("late", milliseconds: 120)
    _ = pause("early", milliseconds: 20)
    let cancelled = pause("cancelled", milliseconds: 60_000)
    _ = pause("past", milliseconds: -5)
    wait(for: 2)
    engine.cancel(cancelled)
    wait(for: 4)
    #expect(order.withLock { $0.prefix(2) } == ["past over", "early over"])
    #expect(order.withLock { $0.suffix(2).sorted() } == ["cancelled cancelled", "late over"])
    #expect(Deadline.now - began >= 120_000_000)
    _ = pause("closed", milliseconds: 60_000)
    engine.close()
    #expect(order.withLock { $0.last } == "closed closed")
    _ = pause("after", milliseconds: 0)
    #expect(order.withLock { $0.last } == "after closed")
  }

  @Test func closeEndsWhatRunsAndRefusesWhatComes() throws {
    let engine = try Engine()
    let server = SilentServer()
    let outcomes = (0..<20).map { _ in Outcome() }
    for outcome in outcomes {
      engine.submit(try request("127.0.0.1", port: server.port, allowed: true)) { outcome.take($0) }
    }
    engine.close()
    engine.close()
    // close() joins: every completion has run.
    #expect(outcomes.allSatisfy { $0.count == 1 })
    #expect(outcomes.allSatisfy { $0.wait()?.code == .closed })
    let late = Outcome()
    engine.submit(try request("127.0.0.1", port: server.port, allowed: true)) { late.take($0) }
    #expect(late.wait()?.code == .closed)
  }

  @Test func headerLinesCannotBeInjected() throws {
    let engine = try Engine()
    defer { engine.close() }
    var bad = try request("127.0.0.1", port: 1, allowed: true)
    bad.headers.append("X-Test: a\r\nX-Second: b")
    let outcome = Outcome()
    engine.submit(bad) { outcome.take($0) }
    #expect(outcome.wait()?.code == .invalidArgument)
  }
}
