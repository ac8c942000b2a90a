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

/// Repeats a run exactly: SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The error of a body; nil where it succeeds.
func fault(_ body: () throws -> Void) -> S4Error? {
  do {
    try body()
    return nil
  } catch {
    return error as? S4Error
  }
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

/// Runs a body on threads of their own and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
  var threads: [pthread_t] = []
  for index in 0..<count {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work { body(index) })
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, work.toOpaque())
    if code == 0 { threads.append(thread) } else { work.release() }
  }
  for thread in threads { pthread_join(thread, nil) }
}
