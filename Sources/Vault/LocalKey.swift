// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A key-encryption key that is in this process: 32 bytes that came from a file, from memory, or from a passphrase.
struct LocalKey: KeyProvider {
  private let secret: SecretBytes

  /// - Parameter secret: 32 bytes.
  init(_ secret: SecretBytes) {
    self.secret = secret
  }

  var localKey: SecretBytes? { secret }

  func wrap(_ keys: SecretBytes, associatedData: [UInt8]) throws(S4Error) -> [UInt8] {
    guard 1...KeyLimit.keys ~= keys.count else { throw KeyLimit.wrongCount(keys.count) }
    return try AEAD.seal(keys, key: secret, associatedData: associatedData)
  }

  func unwrap(_ wrapped: [UInt8], associatedData: [UInt8]) throws(S4Error) -> SecretBytes {
    guard 1...KeyLimit.keys + AEAD.overhead ~= wrapped.count else {
      throw S4Error(
        .vaultCorrupt,
        "a wrapped key of \(wrapped.count) bytes is none: the vault was damaged or tampered with; restore it from a "
          + "copy")
    }
    return try AEAD.open(wrapped, key: secret, associatedData: associatedData)
  }
}
