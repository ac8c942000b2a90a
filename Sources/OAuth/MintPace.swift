// SPDX-License-Identifier: Apache-2.0

import Basics

/// Spreads the token requests of an instance: so many in any second for each token endpoint, and none where the endpoint
/// asked to wait. XSUAA answers 60 a second and queues, then refuses, more.
/// Source: SAP-docs btp-cloud-platform, "Rate Limiting".
package final class MintPace: Sendable {
  /// Requests in a second where the product says nothing: below the limit that SAP documents.
  package static let usual = 50
  package static let most = 10_000

  /// For one endpoint, the moments of its latest requests, as a ring.
  private struct Latest {
    var moments: [UInt64]
    var oldest = 0
    var heldUntil: UInt64 = 0
  }

  private static let second: UInt64 = 1_000_000_000
  private static let longestHold: UInt64 = 60 * second
  /// Endpoints that are remembered; more than a product has. Beyond that the table begins anew.
  private static let mostEndpoints = 10_000

  private let perSecond: Int
  private let latest = Locked<[Origin: Latest]>([:])

  /// - Parameter perSecond: 1 to `most`; 0: as many as are asked for.
  package init(perSecond: Int) {
    self.perSecond = min(max(perSecond, 0), Self.most)
  }

  /// Takes the next free moment for a request to the endpoint.
  /// - Parameter deadline: nothing is taken behind it.
  /// - Returns: the moment, which may have passed; nil where there is none before the deadline.
  package func reserve(_ endpoint: Origin, by deadline: Deadline, now: UInt64 = Deadline.now) -> Deadline? {
    guard perSecond > 0 else { return Deadline(nanoseconds: now) }
    return latest.withLock { latest in
      if latest.count >= Self.mostEndpoints, latest[endpoint] == nil { latest.removeAll() }
      var ring = latest[endpoint] ?? Latest(moments: [])
      var moment = max(now, ring.heldUntil)
      if ring.moments.count == perSecond { moment = max(moment, ring.moments[ring.oldest] &+ Self.second) }
      guard moment == now || moment < deadline.nanoseconds else { return nil }
      if ring.moments.count < perSecond {
        ring.moments.append(moment)
      } else {
        ring.moments[ring.oldest] = moment
        ring.oldest = (ring.oldest + 1) % perSecond
      }
      latest[endpoint] = ring
      return Deadline(nanoseconds: moment)
    }
  }

  /// The endpoint asked to wait: nobody asks it before, though once a minute somebody does.
  package func hold(_ endpoint: Origin, until moment: Deadline, now: UInt64 = Deadline.now) {
    guard perSecond > 0 else { return }
    let end = min(moment.nanoseconds, now &+ Self.longestHold)
    latest.withLock { latest in
      var ring = latest[endpoint] ?? Latest(moments: [])
      ring.heldUntil = max(ring.heldUntil, end)
      latest[endpoint] = ring
    }
  }
}
