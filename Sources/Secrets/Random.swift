// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// Random bytes from OpenSSL's generators, which reseed themselves, also after `fork`.
package enum Random {
  /// Fills with bytes that may become public: nonces, ids.
  package static func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(S4Error) {
    try check(generate(bytes, RAND_bytes))
  }

  /// Gives bytes that may become public: nonces, ids.
  /// - Parameter count: bytes; negative counts as 0.
  package static func bytes(_ count: Int) throws(S4Error) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(count, 0))
    let isDone = bytes.withUnsafeMutableBytes { generate($0, RAND_bytes) }
    try check(isDone)
    return bytes
  }

  /// Makes a key, from the generator whose output is never shown to anyone.
  /// - Parameter count: bytes; 32 for AES-256 and HMAC-SHA256.
  package static func key(_ count: Int = 32) throws(S4Error) -> SecretBytes {
    try SecretBytes(count: count) { (bytes) throws(S4Error) in try check(generate(bytes, RAND_priv_bytes)) }
  }

  private static func generate(
    _ bytes: UnsafeMutableRawBufferPointer, _ generator: (UnsafeMutablePointer<UInt8>?, Int32) -> Int32
  ) -> Bool {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return true }
    guard let count = Int32(exactly: bytes.count) else { return false }
    OpenSSLRuntime.start()
    return generator(base.assumingMemoryBound(to: UInt8.self), count) == 1
  }

  private static func check(_ isDone: Bool) throws(S4Error) {
    guard isDone else {
      // OpenSSL's error queue belongs to the thread, and so to the host: what was put there is taken away again.
      ERR_clear_error()
      throw S4Error(
        .hostUnfit,
        "OpenSSL gives no random bytes: look at the host's entropy source (getrandom, /dev/urandom) and its OpenSSL "
          + "configuration")
    }
  }
}
