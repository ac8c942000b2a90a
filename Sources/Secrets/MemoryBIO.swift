// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// OpenSSL's view of memory as a file.
struct MemoryBIO: ~Copyable {
  let bio: OpaquePointer

  /// Lends bytes to OpenSSL without copying them: they outlive this object.
  init(reading bytes: UnsafeRawBufferPointer) throws(S4Error) {
    guard let count = Int32(exactly: bytes.count), let bio = BIO_new_mem_buf(bytes.baseAddress, count) else {
      throw Self.shortOfMemory
    }
    self.bio = bio
  }

  /// Makes an empty one to write to.
  init() throws(S4Error) {
    guard let bio = BIO_new(BIO_s_mem()) else { throw Self.shortOfMemory }
    self.bio = bio
  }

  deinit {
    BIO_free(bio)
  }

  /// What was written, up to `limit` bytes.
  func text(limit: Int) -> String {
    var data: UnsafeMutablePointer<CChar>?
    let count = askel_bio_memory(bio, &data)
    guard let data, count > 0 else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: data, count: min(count, limit)), as: UTF8.self)
  }

  private static let shortOfMemory = S4Error(.hostUnfit, "the process is short of memory: the certificate was not read")
}
