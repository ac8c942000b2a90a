// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// Writes tagged fields: for each its tag (1 byte), its length (4 bytes, big-endian) and its bytes. Numbers are 8 bytes,
/// big-endian. The form of everything that a vault keeps.
struct FieldWriter {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  mutating func append(_ tag: UInt8, _ value: [UInt8]) {
    head(tag, value.count)
    bytes.append(contentsOf: value)
  }

  mutating func append(_ tag: UInt8, _ value: Int64) {
    head(tag, 8)
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ tag: UInt8, _ value: String) {
    head(tag, value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  private mutating func head(_ tag: UInt8, _ count: Int) {
    bytes.append(tag)
    // What the vault keeps is bounded far below 4 GiB.
    withUnsafeBytes(of: UInt32(clamping: count).bigEndian) { bytes.append(contentsOf: $0) }
  }
}

/// Reads what `FieldWriter` wrote, out of bytes that are not trusted.
struct FieldReader {
  /// One field; its bytes are borrowed.
  struct Field {
    let tag: UInt8
    let value: UnsafeRawBufferPointer

    /// - Throws: `Damage` unless it has 8 bytes and lies in the range.
    func integer(in range: ClosedRange<Int64> = .min ... .max) throws(Damage) -> Int64 {
      guard value.count == 8 else { throw Damage() }
      let number = Int64(bigEndian: value.loadUnaligned(as: Int64.self))
      guard range.contains(number) else { throw Damage() }
      return number
    }

    func array(_ range: ClosedRange<Int>) throws(Damage) -> [UInt8] {
      guard range.contains(value.count) else { throw Damage() }
      return Array(value)
    }

    func text(limit: Int) throws(Damage) -> String {
      guard value.count <= limit, let text = String(validating: value, as: UTF8.self) else { throw Damage() }
      return text
    }
  }

  /// The bytes are not what they should be.
  struct Damage: Error {}

  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) {
    rest = bytes
  }

  /// Gives the next field; nil at the end.
  mutating func next() throws(Damage) -> Field? {
    guard !rest.isEmpty else { return nil }
    guard rest.count >= 5 else { throw Damage() }
    let count = Int(UInt32(bigEndian: rest.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    guard count <= rest.count - 5 else { throw Damage() }
    let field = Field(tag: rest[0], value: UnsafeRawBufferPointer(rebasing: rest[5..<(5 + count)]))
    rest = UnsafeRawBufferPointer(rebasing: rest[(5 + count)...])
    return field
  }
}
