// SPDX-License-Identifier: Apache-2.0

import Basics

/// A few names, found again among a row's members without making text of each.
struct MemberNames {
  private let bytes: [UInt8]
  /// Where each name ends in `bytes`.
  private let ends: [Int]
  /// A bit for each length that a name has: most members are told apart by this alone.
  private let lengths: UInt64

  init(_ names: [String]) {
    bytes = names.flatMap { Array($0.utf8) }
    var ends: [Int] = []
    var end = 0
    for name in names {
      end &+= name.utf8.count
      ends.append(end)
    }
    self.ends = ends
    lengths = names.reduce(0) { $0 | 1 << UInt64($1.utf8.count & 63) }
  }

  /// Finds a member's name.
  /// - Returns: its index, or nil where it is none of them.
  func index(of name: JSONString, in reader: borrowing JSONReader) -> Int? {
    if name.hasEscapes { return index(ofText: Array(reader.text(name).utf8)) }
    guard lengths >> UInt64(name.range.count & 63) & 1 == 1 else { return nil }
    return index(ofText: UnsafeRawBufferPointer(rebasing: reader.bytes[name.range]))
  }

  private func index(ofText text: some RandomAccessCollection<UInt8>) -> Int? {
    var start = 0
    for (index, end) in ends.enumerated() {
      if end &- start == text.count, bytes[start..<end].elementsEqual(text) { return index }
      start = end
    }
    return nil
  }
}
