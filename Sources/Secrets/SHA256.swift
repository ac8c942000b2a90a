// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// Source: FIPS 180-4.
package enum SHA256 {
  /// - Returns: 64 hex digits in lower case.
  package static func hex(_ bytes: UnsafeRawBufferPointer) -> String {
    var hash = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes.baseAddress, bytes.count, &hash, nil, EVP_sha256(), nil)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
