// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// Finds the next links of expanded collections: a collection that has one is not all there.
enum NestedNextLinks {
  /// Counts the members named `__next` in a checked JSON value, without reading it again.
  ///
  /// In checked JSON the bytes `"__next"` are a whole string: a quote inside one would have a backslash before it. The
  /// colon tells a member's name from a value.
  static func count(in value: UnsafeRawBufferPointer) -> Int {
    let wanted: StaticString = "\"__next\""
    let name = UnsafeRawBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount)
    var position = 0
    var count = 0
    while let base = value.baseAddress,
      let underscore = memchr(base + position, Int32(UInt8(ascii: "_")), value.count &- position)
    {
      let found = UnsafeRawPointer(underscore) - base
      position = found &+ 1
      guard found > 0, value[(found &- 1)...].starts(with: name) else { continue }
      position = found &- 1 &+ name.count
      let next = value[position...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
      if next == UInt8(ascii: ":") { count &+= 1 }
    }
    return count
  }
}
