// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

extension HMACSHA256 {
  /// Derives a key for one purpose alone: the code of the purpose's name. Source: NIST SP 800-108 section 4.
  /// - Returns: 32 bytes.
  package static func key(for purpose: String, from key: SecretBytes) throws(S4Error) -> SecretBytes {
    var code = try code(for: purpose, key: key)
    defer { code.withUnsafeMutableBytes { SecretMemory.wipe($0) } }
    return SecretBytes(copying: code)
  }

  /// Says whether a code is that of a message, in the same time wherever the two differ.
  package static func isCode(_ code: [UInt8], of message: [UInt8], key: SecretBytes) throws(S4Error) -> Bool {
    let genuine = try self.code(for: message, key: key)
    return code.count == genuine.count && CRYPTO_memcmp(code, genuine, genuine.count) == 0
  }

  /// Computes the code of a message; see `code(for:key:)`.
  package static func code(for message: [UInt8], key: SecretBytes) throws(S4Error) -> [UInt8] {
    try message.span.withUnsafeBytes { (bytes) throws(S4Error) in try code(for: bytes, key: key) }
  }
}
