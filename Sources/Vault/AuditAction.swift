// SPDX-License-Identifier: Apache-2.0

/// What an entry of the audit trail is about. The raw values stand in the trail and in the product's JSON.
package enum AuditAction: String, CaseIterable, Sendable {
  /// The vault was made: the first entry of its trail.
  case vaultCreated = "vault_created"
  case put
  case stage
  case promote
  case retire
  case delete
  /// A record that belongs to no connection of the vault was taken away; the result is its key.
  case discard
  /// A person asked for a proof of a credential.
  case check
  /// The tenant rejected a credential: it is not sent again by itself.
  case rejected
  /// A credential that was rejected works again.
  case recovered
  /// The library itself went over to the proven credential that stood beside a rejected one.
  case fallOver = "fall_over"
  case rotateStarted = "rotate_started"
  case rotateEnded = "rotate_ended"
  case rekeyStarted = "rekey_started"
  case rekeyEnded = "rekey_ended"
  /// A vault of an earlier format was taken over: the first entry of its trail, without a connection; then one for each
  /// connection that it held.
  case migrated

  /// Whether a trail may begin with it.
  var beginsTrail: Bool { self == .vaultCreated || self == .migrated }
}
