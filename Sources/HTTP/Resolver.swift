// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics

/// Looks up hosts for all engines of the process, on three threads at most: getaddrinfo blocks, and nothing ends it.
/// libcurl's own resolver would start a thread for each lookup.
///
/// A host is looked up once however many ask for it. A zone whose servers do not answer holds up nobody else: of the
/// names below one parent two are looked up at a time, and who had an address before goes on with it. The threads start
/// at need, end when the queue is empty and are nobody's to join: a close or an exit waits for no lookup.
final class Resolver: Sendable {
  /// What came of a lookup: getaddrinfo's code, and the addresses where it is 0.
  typealias Found = (code: Int32, addresses: Addresses?)

  static let shared = Resolver { look(up: $0, 0) }

  enum Finding {
    case found(Addresses)
    /// getaddrinfo's code.
    case failed(Int32)
    /// The engine is woken when there is more to be said.
    /// - Parameter old: what was found before.
    case pending(old: Addresses?)
  }

  static let mostThreads = 3
  static let mostOfZone = 2
  private static let mostHosts = 4_096
  private static let second: UInt64 = 1_000_000_000

  /// For how many nanoseconds an address counts.
  struct Lives {
    var fresh = 60 * second
    /// Source: RFC 8767 section 5 allows days; a tenant that moved is to be found again.
    var stale = 3_600 * second
  }

  private struct Entry {
    var addresses: Addresses?
    /// When they were found.
    var at: UInt64 = 0
    /// Since when they count as new: later than `at` where nobody could say newer ones.
    var freshSince: UInt64 = 0
    var failure: Int32 = 0
    var failedAt: UInt64 = 0
    var isAsked = false
    /// Behind that moment nobody waits for it.
    var wantedUntil: UInt64 = 0
  }

  private struct State {
    /// After a fork the threads are gone.
    let guardian = ForkGuard()
    var entries = TextMap<Entry>()
    var count = 0
    var queue: [String] = []
    var zones: [String] = []
    var threads = 0
    var engines: [ObjectIdentifier: EngineLoop] = [:]
  }

  private let state = Locked(State())
  private let lives: Lives
  private let look: @Sendable (String) -> Found

  /// - Parameter look: blocks as long as it takes.
  init(lives: Lives = Lives(), look: @escaping @Sendable (String) -> Found) {
    self.lives = lives
    self.look = look
  }

  /// Says what is known of a host, and has it looked up where that is too little.
  /// - Parameter engine: woken at the end of lookups, until it is removed.
  func find(_ host: String, by deadline: Deadline, for engine: EngineLoop) -> Finding {
    if host == "localhost" || host.hasSuffix(".localhost") { return .found(.loopback) }
    let now = Deadline.now
    let (finding, mustStart) = within { state -> (Finding, Bool) in
      var entry = state.entries[host] ?? Entry()
      if let found = entry.addresses, now &- entry.freshSince < lives.fresh { return (.found(found), false) }
      if entry.failedAt > 0, now &- entry.failedAt < Self.second { return (.failed(entry.failure), false) }
      entry.wantedUntil = max(entry.wantedUntil, deadline.nanoseconds)
      state.engines[ObjectIdentifier(engine)] = engine
      var mustStart = false
      if !entry.isAsked {
        if let numeric = Self.look(up: host, AI_NUMERICHOST).addresses { return (.found(numeric), false) }
        if state.entries[host] == nil {
          // More than a product has at once: what is known is forgotten, and what is under way is asked again.
          if state.count >= Self.mostHosts { (state.entries, state.count, state.queue) = (TextMap(), 0, []) }
          state.count += 1
        }
        entry.isAsked = true
        state.queue.append(host)
        mustStart = state.threads < Self.mostThreads && Self.next(state) != nil
        if mustStart { state.threads += 1 }
      }
      state.entries[host] = entry
      return (.pending(old: now &- entry.at < lives.stale ? entry.addresses : nil), mustStart)
    }
    if mustStart { start() }
    return finding
  }

  /// The engine is about to go, and is not to be woken any more.
  func remove(_ engine: EngineLoop) {
    within { $0.engines[ObjectIdentifier(engine)] = nil }
  }

  private func within<Result>(_ body: (inout State) -> Result) -> Result {
    state.withLock { state in
      if state.guardian.isForked { state = State() }
      return body(&state)
    }
  }

  /// The place in the queue of the host that is looked up next.
  private static func next(_ state: State) -> Int? {
    state.queue.firstIndex { host in
      let zone = zone(of: host)
      return state.zones.lazy.filter { $0 == zone }.count < mostOfZone
    }
  }

  /// The name without its first label: those who answer for it answer for its neighbours.
  private static func zone(of host: String) -> String {
    String(decoding: host.utf8.drop { $0 != UInt8(ascii: ".") }, as: UTF8.self)
  }

  private func start() {
    let me = Unmanaged.passRetained(self)
    let thread = QuietThread.start(me.toOpaque()) { pointer in
      if let pointer { Unmanaged<Resolver>.fromOpaque(pointer).takeRetainedValue().work() }
      return nil
    }
    if let thread {
      pthread_detach(thread)
    } else {
      me.release()
      within { state in
        state.threads -= 1
        // With no thread at all nobody would ever answer.
        guard state.threads == 0 else { return }
        for host in state.queue { enter(host, Self.shortOfThreads, nil, &state) }
        state.queue = []
      }
    }
  }

  private static let shortOfThreads = Found(code: EAI_MEMORY, addresses: nil)

  private func work() {
    while let host = ForkGate.within({ take() }) {
      let found = look(host)
      ForkGate.within {
        // The process leaves, and its tables with it.
        guard !ExitWatch.shared.isExiting else { return }
        within { enter(host, found, Self.zone(of: host), &$0) }
      }
    }
  }

  private func take() -> String? {
    within { state in
      while !ExitWatch.shared.isExiting, let place = Self.next(state) {
        let host = state.queue.remove(at: place)
        if let entry = state.entries[host], entry.wantedUntil > Deadline.now {
          state.zones.append(Self.zone(of: host))
          return host
        }
        state.entries[host]?.isAsked = false
      }
      state.threads -= 1
      return nil
    }
  }

  private static func look(up host: String, _ flags: Int32) -> Found {
    var hints = addrinfo()
    hints.ai_flags = flags
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    return (code, code == 0 ? Addresses(found) : nil)
  }

  /// Writes down what came of a lookup, and wakes who waits.
  private func enter(
    _ host: String, _ found: Found, _ zone: String?, _ state: inout State
  ) {
    if let index = state.zones.firstIndex(where: { $0 == zone }) { state.zones.remove(at: index) }
    let now = Deadline.now
    var entry = state.entries[host] ?? Entry()
    entry.isAsked = false
    if let addresses = found.addresses {
      (entry.addresses, entry.at, entry.freshSince, entry.failedAt) = (addresses, now, now, 0)
    } else if found.code == EAI_AGAIN, entry.addresses != nil, now &- entry.at < lives.stale {
      // Nobody could say: what was true before is so for a while, and somebody asks again soon.
      entry.freshSince = now &- lives.fresh &+ min(Self.second, lives.fresh)
    } else {
      (entry.addresses, entry.failure, entry.failedAt) = (nil, found.code, now)
    }
    if state.entries[host] != nil { state.entries[host] = entry }
    for engine in state.engines.values { engine.wake() }
  }
}
