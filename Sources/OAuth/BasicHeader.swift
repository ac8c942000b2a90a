// SPDX-License-Identifier: Apache-2.0

import Secrets

/// The Authorization header of HTTP Basic. Source: RFC 7617; RFC 6749 section 2.3.1 for OAuth clients.
package enum BasicHeader {
  /// - Parameter isFormEncoded: id and secret are form-encoded before they are joined, as OAuth demands of clients and
  ///   Basic does not know.
  /// - Returns: the whole header line, ending with a NUL byte.
  package static func make(user: String, secret: SecretBytes, isFormEncoded: Bool) -> SecretBytes {
    var pair = SecretBuilder()
    if isFormEncoded {
      pair.appendFormEncoded(public: user)
      pair.append(":")
      pair.appendFormEncoded(secret)
    } else {
      pair.append(public: user)
      pair.append(":")
      pair.append(secret)
    }
    var line = SecretBuilder()
    line.append("Authorization: Basic ")
    line.appendBase64(pair.finish())
    line.append(0 as UInt8)
    return line.finish()
  }
}
