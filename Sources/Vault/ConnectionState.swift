// SPDX-License-Identifier: Apache-2.0

/// What is known of a connection's credential. The raw values stand in the vault's file and in the product's JSON.
package enum ConnectionState: String, CaseIterable, Sendable {
  /// Put, and not proven yet.
  case new
  /// Proven.
  case active
  /// Proven, and it ends soon.
  case expiring
  /// Rejected by the tenant, or past its end.
  case expired
  /// The credential is good, the service is not open to it.
  case unauthorised
  /// No usable answer came.
  case unreachable
}
