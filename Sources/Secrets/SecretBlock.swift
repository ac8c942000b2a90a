// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// One piece of secret memory with one owner; zero at first, wiped at the end.
struct SecretBlock: ~Copyable, Sendable {
  /// Not for sharing by itself: `SecretBuilder` writes as the only owner, `SecretBytes` only reads.
  nonisolated(unsafe) let base: UnsafeMutableRawPointer
  /// Bytes that may be used; at least what was asked for.
  let capacity: Int
  private let origin: SecretArena.Origin
  private let arena: SecretArena

  /// - Parameter capacity: bytes.
  init(capacity: Int) {
    arena = SecretArena.current
    (base, self.capacity, origin) = arena.allocate(capacity)
  }

  deinit {
    OPENSSL_cleanse(base, capacity)
    arena.release(base, capacity: capacity, origin: origin)
  }
}
