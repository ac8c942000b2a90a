// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The key that the data keys of a vault are wrapped under: 32 bytes that the product keeps outside of the vault.
package final class KeyEncryptionKey: Sendable {
  let secret: SecretBytes

  /// Takes the key itself. The caller wipes its own copy.
  /// - Parameter raw: exactly 32 random bytes.
  /// - Throws: `.vaultKeyRefused`.
  package init(raw: UnsafeRawBufferPointer) throws(S4Error) {
    guard raw.count == AEAD.keyCount else {
      throw S4Error(
        .vaultKeyRefused, "the key has \(raw.count) bytes: give exactly 32 random bytes, the same at each opening")
    }
    secret = SecretBytes(copying: raw)
  }

  /// Reads the key from a file of 32 raw bytes or 64 hexadecimal digits that nobody else may read.
  /// - Throws: `.vaultKeyRefused`: what is wrong with the file, and what to do.
  package init(file path: String) throws(S4Error) {
    secret = try KeyFile.read(path)
  }

  /// Makes a new key file of 32 random bytes with mode 0600; durable when it returns.
  /// - Throws: `.vaultUnavailable` where the file exists or cannot be made.
  package static func createFile(at path: String) throws(S4Error) {
    try KeyFile.create(path)
  }
}
