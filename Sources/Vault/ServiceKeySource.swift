// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A key-encryption key in a key management service (KMS), which never leaves it.
package final class ServiceKeySource: KeySource {
  /// Asks the service to wrap or to unwrap. Runs on the caller's thread with no lock held, at several threads at once.
  /// - Throws: `.vaultKeyRefused` where the service refuses, or gives nothing.
  package typealias Operation =
    @Sendable (_ input: UnsafeRawBufferPointer, _ associatedData: [UInt8]) throws(S4Error) -> SecretBytes

  private let key: ServiceKey

  package var kindName: String { "service" }

  /// - Parameters:
  ///   - name: what the key is called there, 1 to 512 bytes; tells keys apart.
  ///   - keptFor: milliseconds that an unwrapped key is kept in locked memory; negative: not at all.
  ///   - clock: nanoseconds on a clock that does not jump.
  /// - Throws: `.vaultKeyRefused` for a name of another length.
  package init(
    name: String, keptFor: Int64, clock: @escaping @Sendable () -> UInt64 = { Deadline.now },
    wrap: @escaping Operation, unwrap: @escaping Operation
  ) throws(S4Error) {
    guard KeyParameters.nameRange ~= name.utf8.count else {
      throw S4Error(
        .vaultKeyRefused,
        "the name of the service's key has \(name.utf8.count) bytes: give 1 to \(KeyParameters.nameRange.upperBound)")
    }
    key = ServiceKey(
      name: name, operations: ServiceKey.Operations(wrap: wrap, unwrap: unwrap),
      cache: keptFor < 0 ? nil : ServiceKeyCache(keptFor: keptFor, clock: clock))
  }

  package func makeProvider() throws(S4Error) -> (provider: any KeyProvider, parameters: [UInt8]) {
    (key, KeyParameters.service(name: key.name).bytes)
  }

  /// - Returns: nil also where the parameters are those of another key of a service.
  package func provider(parameters: [UInt8]) throws(S4Error) -> (any KeyProvider)? {
    try KeyParameters(parameters) == .service(name: key.name) ? key : nil
  }

  package func close() {
    key.close()
  }

  package func dropExpired() {
    key.dropExpired()
  }
}
