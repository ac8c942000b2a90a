// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What the memory of this process's secrets is like.
package enum SecretMemory {
  /// Whether all secrets are in memory that is never swapped out. False where the limit on locked memory
  /// (`RLIMIT_MEMLOCK`) has no room: secrets are then still wiped and left out of core dumps, but may reach the swap.
  package static var isLocked: Bool {
    // The first secret of a process decides whether there is room at all.
    _ = SecretBlock(capacity: 1)
    return SecretArena.current.isLocked
  }

  /// Overwrites what calls that have returned left below the caller on its stack: OpenSSL's arithmetic leaves digits of
  /// a private key there. 32 KiB: more than it uses, less than the smallest stack of a thread that the host may have.
  @inline(never)
  package static func wipeStack() {
    askel_wipe_stack()
  }

  /// Overwrites memory that held a secret elsewhere: libcurl's buffers, an answer's body. Never optimised away.
  package static func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    OPENSSL_cleanse(bytes.baseAddress, bytes.count)
  }
}
