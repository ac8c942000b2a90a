// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

@testable import Secrets

/// The first byte says what the rest is: a text, or what is inside of one of three kinds of blocks.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPrivateKey(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = UnsafeRawBufferPointer(start: start, count: count)
  guard let first = bytes.first else { return 0 }
  // Read where the sanitizer watches, which secret memory is not.
  let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
  do throws(S4Error) {
    switch first {
    case UInt8(ascii: "8"): EVP_PKEY_free(try PrivateKey.makePair(.pkcs8, rest))
    case UInt8(ascii: "1"): EVP_PKEY_free(try PrivateKey.makePair(.pkcs1, rest))
    case UInt8(ascii: "5"): EVP_PKEY_free(try PrivateKey.makePair(.sec1, rest))
    default:
      let key = try PEMKey(rest)
      require(key.der.count <= rest.count / 4 * 3, "what was decoded is smaller than its text")
      EVP_PKEY_free(try key.der.withUnsafeBytes { (der) throws(S4Error) in try PrivateKey.makePair(key.form, der) })
    }
  } catch {
    require(error.code == .invalidArgument && error.target == "client_key", "what is no key is the argument's fault")
    require(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a message is one line")
  }
  ERR_clear_error()
  return 0
}
