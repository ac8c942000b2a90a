// SPDX-License-Identifier: Apache-2.0

import Basics

/// Generations of a connection's credentials.
package struct AuditedCredentials: Equatable, Sendable {
  package var live: Int64
  /// Of the credential that stands beside the live one, staged or former; nil where there is none.
  package var beside: Int64?

  package init(live: Int64, beside: Int64? = nil) {
    self.live = live
    self.beside = beside
  }
}

/// How the connections are now, to be held against what the audit trail says of them.
package struct AuditedConnections {
  /// Ids of all connections.
  let all: () throws(S4Error) -> [String]
  /// A connection's generations; nil where there is no such connection. `.vaultCorrupt` becomes a finding.
  let credentials: (String) throws(S4Error) -> AuditedCredentials?

  package init(
    all: @escaping () throws(S4Error) -> [String],
    credentials: @escaping (String) throws(S4Error) -> AuditedCredentials?
  ) {
    self.all = all
    self.credentials = credentials
  }
}
