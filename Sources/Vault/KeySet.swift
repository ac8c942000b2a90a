// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The vault's own keys: random, and wrapped together under the key-encryption key, so that a service is asked once.
struct KeySet: Sendable {
  let version: Int64
  /// Makes the lookup codes.
  let index: SecretBytes
  /// Seals the cards, and makes the header prove genuine.
  let directory: SecretBytes
  /// Seals and chains the audit trail.
  let audit: SecretBytes

  /// Bytes of a set.
  static let size = 3 * AEAD.keyCount

  /// - Throws: `.vaultCorrupt` for other than `size` bytes.
  init(version: Int64, _ keys: SecretBytes) throws(S4Error) {
    guard keys.count == Self.size else { throw S4Error(.vaultCorrupt, "") }
    self.version = version
    let part = { (index: Int) in
      keys.withUnsafeBytes { bytes in
        SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[(index * AEAD.keyCount)...].prefix(AEAD.keyCount)))
      }
    }
    (index, directory, audit) = (part(0), part(1), part(2))
  }

  /// The keys as they are wrapped.
  var joined: SecretBytes {
    var keys = SecretBuilder(capacity: Self.size)
    for key in [index, directory, audit] { keys.append(key) }
    return keys.finish()
  }
}
