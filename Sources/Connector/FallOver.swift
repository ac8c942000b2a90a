// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

/// The step from a live credential that the tenant rejected to the proven one that stands beside it.
struct FallOver: Equatable, Sendable {
  typealias Verdict = FallOverVerdict

  /// Makes the step in the vault: live has generation `from`, and the one beside it is staged, proven, not rejected and
  /// has generation `to`. The flag: on the I/O thread, where others are waited for only briefly.
  /// - Throws: `.vaultUnavailable` and the like; the step then stands in this process and is offered again.
  typealias Keep = @Sendable (FallOver, _ briefly: Bool) throws(S4Error) -> Verdict

  let connection: String
  let from: Int64
  let to: Int64
  /// What the tenant said: "invalid_client", "401".
  let code: String
  let at: Timestamp
}
