// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The keys of the audit trail, one for each purpose, derived from the audit key of one key set.
struct AuditKeys: Sendable {
  let seal: SecretBytes
  let chain: SecretBytes
  let head: SecretBytes

  init(from key: SecretBytes) throws(S4Error) {
    seal = try HMACSHA256.key(for: "seal", from: key)
    chain = try HMACSHA256.key(for: "chain", from: key)
    head = try HMACSHA256.key(for: "head", from: key)
  }
}

/// Keeps derived keys: deriving them costs as much as the rest of an append.
final class AuditKeyCache: Sendable {
  private let keys = Locked<[Int64: AuditKeys]>([:])

  /// - Parameter make: runs without the lock, since a key service may be behind it.
  func keys(of keySet: Int64, _ make: () throws(S4Error) -> AuditKeys) throws(S4Error) -> AuditKeys {
    if let known = keys.withLock({ $0[keySet] }) { return known }
    let made = try make()
    keys.withLock { $0[keySet] = made }
    return made
  }
}
