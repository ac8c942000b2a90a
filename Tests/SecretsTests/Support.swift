// SPDX-License-Identifier: Apache-2.0

import Basics

@testable import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// Bytes from hexadecimal digits.
func hex(_ text: String) -> [UInt8] {
  let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

extension SecretBytes {
  /// A copy that nobody wipes: for tests alone.
  var copy: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// Whether the bytes stand anywhere in the slabs of this process.
func arenaContains(_ pattern: [UInt8]) -> Bool {
  SecretArena.current.containsSlab { slab in
    var position = 0
    while let start = slab.baseAddress, slab.count - position >= pattern.count,
      let found = memchr(start + position, Int32(pattern[0]), slab.count - position)
    {
      position = UnsafeRawPointer(found) - start
      guard slab.count - position >= pattern.count else { return false }
      if memcmp(found, pattern, pattern.count) == 0 { return true }
      position += 1
    }
    return false
  }
}
