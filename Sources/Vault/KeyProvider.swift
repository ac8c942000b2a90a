// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A key-encryption key (KEK) as the vault uses it: what wraps the vault's own keys and the data keys of its
/// connections. The key itself may be in this process (file, bytes, passphrase) or in a key management service.
package protocol KeyProvider: Sendable {
  /// The key itself where it is in this process: a rotation seals the old one under the new one until it has ended.
  var localKey: SecretBytes? { get }

  /// Wraps keys. Asked on the caller's thread only, with no lock held: it may talk to a service.
  /// - Parameters:
  ///   - keys: at most 1 KiB.
  ///   - associatedData: what the wrapped keys belong to; they unwrap with exactly this.
  /// - Returns: at most `KeyLimit.wrapped` bytes.
  /// - Throws: `.vaultKeyRefused` (the service refuses), `.vaultUnavailable` (it does not answer), `.hostUnfit`.
  func wrap(_ keys: SecretBytes, associatedData: [UInt8]) throws(S4Error) -> [UInt8]

  /// Unwraps what `wrap` made. Asked on the caller's thread only, with no lock held.
  /// - Throws: `.vaultCorrupt` where it does not prove genuine under this key, else as `wrap`.
  func unwrap(_ wrapped: [UInt8], associatedData: [UInt8]) throws(S4Error) -> SecretBytes
}

package enum KeyLimit {
  /// Bytes of the largest keys to wrap.
  package static let keys = 1 << 10
  /// Bytes of the largest wrapped key: services add names and certificates of their own.
  package static let wrapped = 16 << 10
  /// Bytes of what a wrapped key is bound to: services take no more.
  package static let associatedData = 512
  /// Bytes of the largest parameters.
  package static let parameters = 1 << 10

  static func wrongCount(_ count: Int) -> S4Error {
    S4Error(.internalDefect, "\(count) bytes of keys were to be wrapped, where 1 to \(keys) are: please report this")
  }
}

/// What the product gave for a key-encryption key: it becomes a provider together with the parameters that the vault
/// keeps for that version of the key (salt and costs of a passphrase; none for a key; a name for a service).
package protocol KeySource: Sendable {
  /// For the vault's status: "file", "bytes", "passphrase" or "service".
  var kindName: String { get }

  /// Makes the provider of a new version of the key, and the parameters to keep.
  func makeProvider() throws(S4Error) -> (provider: any KeyProvider, parameters: [UInt8])

  /// Makes the provider of a version that the vault has.
  /// - Parameter parameters: as the vault keeps them: not trusted.
  /// - Returns: nil where the parameters are of another kind of source.
  /// - Throws: `.vaultCorrupt` for parameters out of bounds, `.hostUnfit`.
  func provider(parameters: [UInt8]) throws(S4Error) -> (any KeyProvider)?

  /// Lets go of keys, and of what the product gave, whoever still holds the source or its providers: asked later, they
  /// answer `.closed`, except for local keys. May be called twice.
  func close()

  /// Lets go of unwrapped keys whose time is over. Runs nothing of the product's: any thread may ask, now and then.
  func dropExpired()
}

extension KeySource {
  package func dropExpired() {}
}
