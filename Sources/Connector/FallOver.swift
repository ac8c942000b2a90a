// SPDX-License-Identifier: Apache-2.0

import Basics

/// The step from a live credential that the tenant rejected to the proven one that stands beside it.
struct FallOver: Equatable, Sendable {
  /// What the vault says to it.
  enum Verdict: Sendable {
    /// The standby is the live credential now.
    case taken
    /// It was already: another process was faster.
    case standing
    /// The two do not stand there like that any more: another credential was put, or the standby was taken away.
    case refused
  }

  /// Makes the step in the vault: live has generation `from`, and the one beside it is staged, proven, not rejected and
  /// has generation `to`. On the I/O thread too: others are waited for only briefly.
  /// - Throws: `.vaultUnavailable` and the like; the step then stands in this process and is offered again.
  typealias Keep = @Sendable (FallOver) throws(S4Error) -> Verdict

  let connection: String
  let from: Int64
  let to: Int64
  /// What the tenant said: "invalid_client", "401".
  let code: String
  let at: Timestamp
}
