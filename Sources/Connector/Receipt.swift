// SPDX-License-Identifier: Apache-2.0

/// What was proven about the rows of a read. The header's `askel_s4_receipt`, member by member.
package struct Receipt: Sendable {
  package enum Verdict: Int32, Sendable {
    case reading = 0, completeCounted = 1, chainUnbroken = 2, failed = 3
  }

  package var verdict = Verdict.reading
  package var pages: UInt32 = 0
  package var rows: UInt64 = 0
  package var requests: UInt64 = 0
  package var mints: UInt64 = 0
  package var mintsUnused: UInt64 = 0
  package var retries: UInt64 = 0
  package var bytesWire: UInt64 = 0
  package var bytes: UInt64 = 0
  /// The server's own count; nil where it was not asked or could not say.
  package var serverCount: Int64?
  package var duplicates: UInt64 = 0
  package var duplicateWindow: UInt64 = 0
  package var elapsedMilliseconds: Int64 = 0
  package var firstKey = ""
  package var lastKey = ""
  package var text = "Pages may still come: what came so far is no complete set."
}
