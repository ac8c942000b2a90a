// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// Keys that a key management service has unwrapped, kept for a while in locked memory, so that opening a connection
/// again asks nothing; and those that it is unwrapping now, so that many threads that open one connection ask once.
final class ServiceKeyCache: Sendable {
  /// Entries at most; the oldest goes when another comes.
  static let most = 1_024
  /// Milliseconds that a thread waits for another one's answer before it asks for itself: the other one may be waiting
  /// for something of the product's that this thread holds.
  static let patience: Int64 = 10_000

  /// What an unwrapped key stands for: it comes with these bytes and no others.
  private struct Place: Hashable, Sendable {
    let wrapped: [UInt8]
    let associatedData: [UInt8]
  }

  private struct Entry: Sendable {
    let key: SecretBytes
    /// Nanoseconds on the clock.
    let end: UInt64
  }

  private struct State {
    var entries: [Place: Entry] = [:]
    /// The entries' places, the oldest first, which ends first: all are kept for the same time.
    var order: [Place] = []
    var flights: [Place: ServiceKeyFlight] = [:]
    var isClosed = false
  }

  private enum Find {
    case key(SecretBytes)
    case flight(ServiceKeyFlight)
    case ours(ServiceKeyFlight)
    case alone
  }

  private let state = Locked(State())
  private let nanoseconds: UInt64
  private let clock: @Sendable () -> UInt64
  private let patience: Int64

  /// - Parameters:
  ///   - keptFor: milliseconds, not negative; no more than ten years are taken.
  ///   - clock: nanoseconds on a clock that does not jump.
  init(
    keptFor: Int64, clock: @escaping @Sendable () -> UInt64, patience: Int64 = ServiceKeyCache.patience
  ) {
    nanoseconds = UInt64(min(max(keptFor, 0), 315_360_000_000)) &* 1_000_000
    self.clock = clock
    self.patience = patience
  }

  /// Gives a key that is kept, or the one that another thread is being given, or asks.
  /// - Parameter ask: runs with no lock held.
  func key(
    of wrapped: [UInt8], _ associatedData: [UInt8], otherwise ask: () throws(S4Error) -> SecretBytes
  ) throws(S4Error) -> SecretBytes {
    let place = Place(wrapped: wrapped, associatedData: associatedData)
    switch find(place) {
    case .key(let key): return key
    case .alone: return try ask()
    case .flight(let flight):
      // Outside of the gate: a fork must not wait for the service. Where the other one was refused, this one asks for
      // itself: what ended that call (a stop of the program, say) need not end this one.
      if let key = ForkGate.outside({ flight.wait(milliseconds: patience) }) { return key }
      return try ask()
    case .ours(let flight):
      do throws(S4Error) {
        let key = try ask()
        land(flight, place, key)
        return key
      } catch {
        land(flight, place, nil)
        throw error
      }
    }
  }

  /// Lets go of what has been kept long enough: it is wiped when nobody uses it any more.
  func dropExpired() {
    let now = clock()
    state.withLock { Self.dropExpired(&$0, now) }
  }

  func close() {
    state.withLock { $0 = State(isClosed: true) }
  }

  /// Entries kept.
  var count: Int { state.withLock { $0.entries.count } }

  private func find(_ place: Place) -> Find {
    let now = clock()
    return state.withLock { state in
      Self.dropExpired(&state, now)
      if let entry = state.entries[place] { return .key(entry.key) }
      // A callback that needs the very key that it is asked for would wait for itself.
      if let flight = state.flights[place] { return flight.isOfThisThread ? .alone : .flight(flight) }
      let flight = ServiceKeyFlight()
      state.flights[place] = flight
      return .ours(flight)
    }
  }

  private func land(_ flight: ServiceKeyFlight, _ place: Place, _ key: SecretBytes?) {
    // After the service has answered: its time begins now.
    let (end, isOver) = clock().addingReportingOverflow(nanoseconds)
    state.withLock { state in
      state.flights[place] = nil
      guard let key, !state.isClosed, !isOver else { return }
      if state.entries.count >= Self.most, let oldest = state.order.first {
        state.order.removeFirst()
        state.entries[oldest] = nil
      }
      if state.entries.updateValue(Entry(key: key, end: end), forKey: place) == nil { state.order.append(place) }
    }
    flight.land(key)
  }

  private static func dropExpired(_ state: inout State, _ now: UInt64) {
    let ended = state.order.prefix { place in state.entries[place].map { $0.end <= now } ?? true }.count
    guard ended > 0 else { return }
    for place in state.order.prefix(ended) { state.entries[place] = nil }
    state.order.removeFirst(ended)
  }
}
