// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// OpenSSL as this process has it, made ready before its first use here.
package enum OpenSSLRuntime {
  /// Leaves OpenSSL's exit handler out: it takes the tables away from under every thread that is still at work when
  /// the process exits, ours and the host's (seen: a crash in HMAC on a thread that asked for its next page). Where the
  /// host has used OpenSSL before us, its choice stands.
  package static func start() {
    _ = isStarted
  }

  private static let isStarted = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
}
