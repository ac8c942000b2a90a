// SPDX-License-Identifier: Apache-2.0

/// How long a token lives in this process: the header's `ASKEL_S4_MINT_…`.
package enum MintPolicy: Int32, Sendable {
  /// Minted for one request, sent once, wiped.
  case perRequest = 0
  /// Shared by the requests of one cursor or other call, while its endpoint says that it is valid.
  case perCall = 1
}
