// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// Message authentication code HMAC-SHA256. Source: RFC 2104, FIPS 198-1.
package enum HMACSHA256 {
  /// Bytes of a code.
  package static let codeCount = 32

  /// Computes the code of a message.
  /// - Parameter key: any length; 32 bytes are enough.
  /// - Returns: 32 bytes.
  package static func code(for message: UnsafeRawBufferPointer, key: SecretBytes) throws(S4Error) -> [UInt8] {
    OpenSSLRuntime.start()
    var code = [UInt8](repeating: 0, count: codeCount)
    var count: UInt32 = 0
    // HMAC() takes a NULL key for "the key of before", which would not be this one.
    let isDone =
      Int32(exactly: key.count) != nil
      && key.withUnsafeBytes { key in
        HMAC(
          EVP_sha256(), key.baseAddress, Int32(truncatingIfNeeded: key.count),
          message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count, &code, &count) != nil
      }
    guard isDone, count == codeCount else {
      ERR_clear_error()
      throw S4Error(.hostUnfit, "OpenSSL refused HMAC-SHA256: look at the host's memory and its OpenSSL configuration")
    }
    return code
  }

  /// Computes the code of a text's UTF-8 bytes; see `code(for:key:)`.
  package static func code(for text: String, key: SecretBytes) throws(S4Error) -> [UInt8] {
    let message = Array(text.utf8)
    return try message.span.withUnsafeBytes { (bytes) throws(S4Error) in try code(for: bytes, key: key) }
  }
}
