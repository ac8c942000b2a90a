// SPDX-License-Identifier: Apache-2.0

import Basics

/// When a credential ends, as far as it is declared: the day that a person named, or a certificate's own end.
/// It never stops a credential from being sent: only the tenant's rejection does.
package struct Expiry: Equatable, Sendable {
  /// nil: not known.
  package var end: Timestamp?
  /// Days before the end from which on the credential is `expiring`; 0 to `maximumDays`.
  package var days: Int64

  package static let defaultDays: Int64 = 14
  package static let maximumDays: Int64 = 3_650
  package static let unknown = Expiry(end: nil, days: defaultDays)

  package init(end: Timestamp?, days: Int64) {
    self.end = end
    self.days = min(max(days, 0), Self.maximumDays)
  }

  /// The end is near, or past.
  package func isNear(at now: Timestamp) -> Bool {
    guard let end else { return false }
    let (start, overflow) = end.milliseconds.subtractingReportingOverflow(days &* 86_400_000)
    return overflow || now.milliseconds >= start
  }

  /// What a credential that works is.
  package func workingState(at now: Timestamp) -> ConnectionState {
    isNear(at: now) ? .expiring : .active
  }

  /// What a stored state is now: `active` and `expiring` are a matter of the date, the others are not.
  package func state(_ stored: ConnectionState, at now: Timestamp) -> ConnectionState {
    stored.works ? workingState(at: now) : stored
  }
}

extension ConnectionState {
  /// The tenant took the credential, and has not refused anything since.
  package var works: Bool { self == .active || self == .expiring }

  /// Something is amiss at the tenant or with the credential: when it works again, that is news.
  package var isFailure: Bool {
    switch self {
    case .expired, .unauthorised, .unreachable: true
    case .new, .active, .expiring: false
    }
  }
}
