// SPDX-License-Identifier: Apache-2.0

/// Why a document is no XML that this library reads.
struct XMLFault: Error, Equatable {
  var line: UInt
  var reason: String
}
