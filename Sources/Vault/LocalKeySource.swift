// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A key-encryption key of 32 bytes that the product keeps outside of the vault.
package final class LocalKeySource: KeySource {
  package let kindName: String
  /// nil after `close`.
  private let secret: Locked<SecretBytes?>

  /// Takes the key itself. The caller wipes its own copy.
  /// - Parameter raw: exactly 32 random bytes.
  /// - Throws: `.vaultKeyRefused`.
  package init(raw: UnsafeRawBufferPointer) throws(S4Error) {
    guard raw.count == AEAD.keyCount else {
      throw S4Error(
        .vaultKeyRefused, "the key has \(raw.count) bytes: give exactly 32 random bytes, the same at each opening")
    }
    kindName = "bytes"
    secret = Locked(SecretBytes(copying: raw))
  }

  /// Reads the key from a file of 32 raw bytes or 64 hexadecimal digits.
  /// - Parameter allowsShared: admits a file that others may read, or that is a symbolic link.
  /// - Throws: `.vaultKeyRefused`: what is wrong with the file, and what to do.
  package init(file path: String, allowsShared: Bool = false) throws(S4Error) {
    kindName = "file"
    secret = Locked(try KeyFile.read(path, allowsShared: allowsShared))
  }

  package func makeProvider() throws(S4Error) -> (provider: any KeyProvider, parameters: [UInt8]) {
    (try key(), KeyParameters.local.bytes)
  }

  package func provider(parameters: [UInt8]) throws(S4Error) -> (any KeyProvider)? {
    guard try KeyParameters(parameters) == .local else { return nil }
    return try key()
  }

  package func close() {
    secret.withLock { $0 = nil }
  }

  private func key() throws(S4Error) -> LocalKey {
    guard let secret = secret.withLock({ $0 }) else { throw .closed }
    return LocalKey(secret)
  }
}
