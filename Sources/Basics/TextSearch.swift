// SPDX-License-Identifier: Apache-2.0

extension String {
  /// Says whether an ASCII character stands in this text: by bytes, and so also where a mark follows that a reader of
  /// characters would take together with it.
  package func holds(_ letter: Unicode.Scalar) -> Bool {
    guard let sought = UInt8(exactly: letter.value) else { return false }
    return utf8.withContiguousStorageIfAvailable { $0.contains(sought) } ?? utf8.contains(sought)
  }

  /// Says whether `part` stands anywhere in this text, byte for byte. The standard library's own `contains` for texts
  /// would link its regular expressions.
  package func holds(_ part: String) -> Bool {
    let whole = Array(utf8)
    let sought = Array(part.utf8)
    guard let last = whole.indices.last.map({ $0 - sought.count + 1 }), last >= 0 else { return sought.isEmpty }
    return (0...last).contains { whole[$0...].starts(with: sought) }
  }
}
