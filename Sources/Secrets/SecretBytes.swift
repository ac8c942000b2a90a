// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// Bytes that nobody may find: immutable, shareable between threads, wiped when the last owner lets go.
///
/// They have no description, are never text, and compare in constant time.
package final class SecretBytes: Sendable {
  package let count: Int
  private let block: SecretBlock

  /// Takes over a block whose first `count` bytes are the secret.
  init(block: consuming SecretBlock, count: Int) {
    self.count = min(max(count, 0), block.capacity)
    self.block = block
  }

  /// Copies. The caller wipes its own copy.
  package convenience init(copying bytes: UnsafeRawBufferPointer) {
    let block = SecretBlock(capacity: bytes.count)
    if let base = bytes.baseAddress { block.base.copyMemory(from: base, byteCount: bytes.count) }
    self.init(block: block, count: bytes.count)
  }

  /// Copies bytes that need no wiping at the caller's: constants of the program, test vectors.
  package convenience init(copying bytes: [UInt8]) {
    let block = SecretBlock(capacity: bytes.count)
    bytes.span.withUnsafeBytes { source in
      if let base = source.baseAddress { block.base.copyMemory(from: base, byteCount: source.count) }
    }
    self.init(block: block, count: bytes.count)
  }

  /// Makes a secret in place, so that no other copy comes to be.
  /// - Parameters:
  ///   - count: bytes; negative counts as 0.
  ///   - fill: gets exactly `count` bytes, all zero, and writes the secret. When it throws, they are wiped.
  package convenience init(
    count: Int, fill: (UnsafeMutableRawBufferPointer) throws(S4Error) -> Void
  ) throws(S4Error) {
    let size = max(count, 0)
    let block = SecretBlock(capacity: size)
    try fill(UnsafeMutableRawBufferPointer(start: block.base, count: size))
    self.init(block: block, count: size)
  }

  /// Lends the bytes for the length of the call. What is copied out of them is the caller's to wipe.
  package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: block.base, count: count))
  }
}

extension SecretBytes: Equatable {
  /// Takes the same time wherever the two differ; only a different count is told at once.
  package static func == (left: SecretBytes, right: SecretBytes) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left.block.base, right.block.base, left.count) == 0
  }
}
