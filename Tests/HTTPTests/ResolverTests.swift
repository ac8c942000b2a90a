// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Testing

@testable import HTTP

/// Lookups that a test holds and lets go.
private final class Names: Sendable {
  private struct State {
    var held: Set<String> = []
    var codes: [String: Int32] = [:]
    var asked: [String] = []
    var underWay = 0
    var most = 0
  }

  private let state = Locked(State())

  func hold(_ hosts: [String]) { state.withLock { $0.held.formUnion(hosts) } }
  func letGo() { state.withLock { $0.held = [] } }
  func fail(_ host: String, _ code: Int32) { state.withLock { $0.codes[host] = code } }
  var asked: [String] { state.withLock { $0.asked } }
  var most: Int { state.withLock { $0.most } }

  func look(up host: String) -> Resolver.Found {
    state.withLock { state in
      state.asked.append(host)
      state.underWay += 1
      state.most = max(state.most, state.underWay)
    }
    while state.withLock({ $0.held.contains(host) }) { usleep(1_000) }
    let code = state.withLock { state -> Int32 in
      state.underWay -= 1
      return state.codes[host] ?? 0
    }
    return (code, code == 0 ? .loopback : nil)
  }
}

@Suite struct ResolverTests {
  private let names = Names()
  private let resolver: Resolver
  private let loop: EngineLoop

  init() throws {
    _ = try CurlRuntime.start()
    resolver = Resolver { [names] in names.look(up: $0) }
    loop = try EngineLoop()
  }

  private func ask(_ host: String) -> Resolver.Finding {
    resolver.find(host, by: Deadline(milliseconds: 20_000), for: loop)
  }

  /// Asks until there is more than "pending".
  private func wait(_ host: String) -> Resolver.Finding {
    for _ in 0..<5_000 {
      if case .pending = ask(host) { usleep(1_000) } else { break }
    }
    return ask(host)
  }

  private func isFound(_ finding: Resolver.Finding) -> Bool {
    if case .found = finding { true } else { false }
  }

  @Test func slowZoneHoldsUpNoOther() {
    let slow = (0..<20).map { "h\($0).slow.test" }
    names.hold(slow)
    for host in slow { _ = ask(host) }
    for host in ["a.test", "b.fast.test", "c.fast.test", "single"] { #expect(isFound(wait(host))) }
    #expect(names.asked.filter { $0.hasSuffix(".slow.test") }.count == 2)
    names.letGo()
    for host in slow { #expect(isFound(wait(host))) }
    #expect(names.asked.count == 24)
  }

  @Test func threeThreadsAreAllThereAre() {
    let hosts = (0..<40).map { "h.z\($0).test" }
    names.hold(hosts)
    for host in hosts + hosts { _ = ask(host) }
    for _ in 0..<5_000 where names.asked.count < 3 { usleep(1_000) }
    usleep(20_000)
    #expect(names.asked.count == 3)
    names.letGo()
    for host in hosts { #expect(isFound(wait(host))) }
    #expect(names.most == 3 && names.asked.count == 40)
  }

  @Test func addressesAndThisMachineAreNotLookedUp() {
    for host in ["localhost", "t1.tenants.localhost", "192.0.2.7", "2001:db8::1"] { #expect(isFound(ask(host))) }
    #expect(names.asked.isEmpty)
  }

  @Test func failureIsToldToAllWhoWait() {
    names.fail("none.test", EAI_NONAME)
    for _ in 0..<3 {
      guard case .failed(EAI_NONAME) = wait("none.test") else {
        Issue.record("it was found")
        return
      }
    }
    #expect(names.asked == ["none.test"])
  }

  @Test func whatNobodyWaitsForAnyMoreIsNotLookedUp() {
    names.hold(["a.slow.test", "b.slow.test"])
    for host in ["a.slow.test", "b.slow.test"] { _ = ask(host) }
    for _ in 0..<5_000 where names.asked.count < 2 { usleep(1_000) }
    _ = resolver.find("late.slow.test", by: Deadline(milliseconds: 0), for: loop)
    _ = ask("wanted.slow.test")
    names.letGo()
    #expect(isFound(wait("wanted.slow.test")))
    #expect(!names.asked.contains("late.slow.test"))
  }

  @Test func addressThatNobodyConfirmsIsForgotten() {
    let resolver = Resolver(lives: Resolver.Lives(fresh: 10_000_000, stale: 200_000_000)) { [names] in
      names.look(up: $0)
    }
    func ask() -> Resolver.Finding { resolver.find("moved.test", by: Deadline(milliseconds: 20_000), for: loop) }
    for _ in 0..<5_000 where !isFound(ask()) { usleep(1_000) }
    names.fail("moved.test", EAI_AGAIN)
    var hadOld = false
    for _ in 0..<5_000 {
      switch ask() {
      case .failed:
        // It was gone on with for a while, and for a while alone.
        #expect(hadOld && names.asked.count > 3)
        return
      case .found, .pending(old: .some): hadOld = true
      case .pending: break
      }
      usleep(1_000)
    }
    Issue.record("it is still \(ask())")
  }
}
