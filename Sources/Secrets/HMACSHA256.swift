// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// Message authentication code HMAC-SHA256. Source: RFC 2104, FIPS 198-1.
///
/// Over OpenSSL's SHA-256, looked up once. Not `HMAC()`, which searches the providers for MAC and digest each time: 3.2
/// of the 15 microseconds that opening a credential took (measured). Not a keyed `EVP_MAC_CTX` kept for the next time:
/// it would be a copy of the key outside of the locked memory.
package enum HMACSHA256 {
  /// Bytes of a code.
  package static let codeCount = 32
  /// Bytes of SHA-256's blocks.
  private static let blockCount = 64

  /// Never changed and never freed.
  nonisolated(unsafe) private static let digest = {
    OpenSSLRuntime.start()
    return EVP_MD_fetch(nil, "SHA256", nil)
  }()

  /// Computes the code of a message.
  /// - Parameter key: any length; 32 bytes are enough.
  /// - Returns: 32 bytes.
  package static func code(for message: UnsafeRawBufferPointer, key: SecretBytes) throws(S4Error) -> [UInt8] {
    guard let digest, let context = EVP_MD_CTX_new() else { throw refused }
    defer { EVP_MD_CTX_free(context) }
    var code = [UInt8](repeating: 0, count: codeCount)
    let isDone = withUnsafeTemporaryAllocation(byteCount: blockCount, alignment: 16) { block in
      defer { OPENSSL_cleanse(block.baseAddress, block.count) }
      block.initializeMemory(as: UInt8.self, repeating: 0)
      return withUnsafeTemporaryAllocation(byteCount: codeCount, alignment: 16) { inner in
        let hash = { (parts: (UnsafeRawBufferPointer, UnsafeRawBufferPointer), out: UnsafeMutableRawPointer?) in
          EVP_DigestInit_ex2(context, digest, nil) == 1
            && EVP_DigestUpdate(context, parts.0.baseAddress, parts.0.count) == 1
            && EVP_DigestUpdate(context, parts.1.baseAddress, parts.1.count) == 1
            && EVP_DigestFinal_ex(context, out?.assumingMemoryBound(to: UInt8.self), nil) == 1
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let isKeyed = key.withUnsafeBytes { key in
          guard key.count > blockCount else {
            block.copyMemory(from: key)
            return true
          }
          return hash((key, nothing), block.baseAddress)
        }
        guard isKeyed else { return false }
        for index in block.indices { block[index] ^= 0x36 }
        guard hash((UnsafeRawBufferPointer(block), message), inner.baseAddress) else { return false }
        for index in block.indices { block[index] ^= 0x36 ^ 0x5C }
        return code.withUnsafeMutableBytes {
          hash((UnsafeRawBufferPointer(block), UnsafeRawBufferPointer(inner)), $0.baseAddress)
        }
      }
    }
    guard isDone else { throw refused }
    return code
  }

  /// Computes the code of a text's UTF-8 bytes; see `code(for:key:)`.
  package static func code(for text: String, key: SecretBytes) throws(S4Error) -> [UInt8] {
    let message = Array(text.utf8)
    return try message.span.withUnsafeBytes { (bytes) throws(S4Error) in try code(for: bytes, key: key) }
  }

  /// OpenSSL's error queue belongs to the thread, and so to the host: it is left empty.
  private static var refused: S4Error {
    ERR_clear_error()
    return S4Error(
      .hostUnfit, "OpenSSL refused HMAC-SHA256: look at the host's memory and its OpenSSL configuration")
  }
}
