// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A key-encryption key in this process.
struct LocalKey: KeyProvider {
  let secret: SecretBytes

  var localKey: SecretBytes? { secret }

  func wrap(_ keys: SecretBytes, associatedData: [UInt8]) throws(S4Error) -> [UInt8] {
    try AEAD.seal(keys, key: secret, associatedData: associatedData)
  }

  func unwrap(_ wrapped: [UInt8], associatedData: [UInt8]) throws(S4Error) -> SecretBytes {
    try AEAD.open(wrapped, key: secret, associatedData: associatedData)
  }
}
