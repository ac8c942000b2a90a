// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl

/// Requests that wait for their host's addresses. For the I/O thread alone.
struct Lookups {
  enum Admission {
    case go
    case wait
    case refused(S4Error)
  }

  /// Milliseconds that a lookup may take, as a connection may.
  private static let patience: Int64 = 20_000
  /// Milliseconds until older addresses count. Source: RFC 8767 section 5 (1.8 seconds there).
  private static let patienceWithOld: Int64 = 1_000

  private struct Waiting {
    let transfer: Transfer
    let until: Deadline
  }

  private var waiting: [Waiting] = []

  /// Lets a transfer pass that has its addresses, or keeps it.
  mutating func admit(_ transfer: Transfer, for engine: EngineLoop) -> Admission {
    guard transfer.addresses == nil else { return .go }
    let deadline = min(transfer.request.deadline, Deadline(milliseconds: Self.patience))
    return admit(Waiting(transfer: transfer, until: deadline), isFirst: true, for: engine)
  }

  private mutating func admit(_ one: Waiting, isFirst: Bool, for engine: EngineLoop) -> Admission {
    let transfer = one.transfer
    let host = transfer.request.origin.host
    switch Resolver.shared.find(host, by: one.until, for: engine) {
    case .found(let addresses): return transfer.take(addresses)
    case .failed(let code): return .refused(Self.unresolved(host, code))
    case .pending(let old):
      if let old, !isFirst, one.until.hasPassed { return transfer.take(old) }
      guard !one.until.hasPassed else {
        return .refused(transfer.timedOut("its name was still being looked up"))
      }
      let until = old == nil ? one.until : min(one.until, Deadline(milliseconds: Self.patienceWithOld))
      waiting.append(Waiting(transfer: transfer, until: isFirst ? until : one.until))
      return .wait
    }
  }

  /// Goes through those that wait: gives what came of those that wait no longer.
  mutating func takeDone(for engine: EngineLoop) -> [(Transfer, Admission)] {
    guard !waiting.isEmpty else { return [] }
    let all = waiting
    waiting = []
    return all.compactMap { one in
      switch admit(one, isFirst: false, for: engine) {
      case .wait: nil
      case let end: (one.transfer, end)
      }
    }
  }

  mutating func takeAll() -> [Transfer] {
    defer { waiting = [] }
    return waiting.map(\.transfer)
  }

  mutating func remove(_ id: UInt64) -> Transfer? {
    waiting.firstIndex { $0.transfer.id == id }.map { waiting.remove(at: $0).transfer }
  }

  /// Milliseconds until the first of those that wait does so no longer; nil where nobody waits.
  var patience: Int64? { waiting.map(\.until).min()?.remainingMilliseconds }

  private static func unresolved(_ host: String, _ code: Int32) -> S4Error {
    if code == EAI_MEMORY {
      return S4Error(.hostUnfit, "the process is short of memory or threads: \(host) was not looked up")
    }
    return CurlFault.error(CURLE_COULDNT_RESOLVE_HOST, host: host, hadAnswer: false)
  }
}
