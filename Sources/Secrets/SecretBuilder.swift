// SPDX-License-Identifier: Apache-2.0

/// Assembles a secret from parts (a header, a form body, a record) and leaves no copy behind: when it grows, what it
/// leaves is wiped.
package struct SecretBuilder: ~Copyable {
  private var block: SecretBlock
  /// Bytes so far.
  package private(set) var count = 0

  /// - Parameter capacity: bytes to make room for; more are taken as needed.
  package init(capacity: Int = 256) {
    block = SecretBlock(capacity: capacity)
  }

  package mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    (block.base + count).copyMemory(from: source, byteCount: bytes.count)
    count += bytes.count
  }

  package mutating func append(_ byte: UInt8) {
    reserve(1)
    block.base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  package mutating func append(_ secret: SecretBytes) {
    secret.withUnsafeBytes { append($0) }
  }

  /// Appends a constant of the program: "Authorization: Basic ".
  package mutating func append(_ text: StaticString) {
    guard text.hasPointerRepresentation else { return append(public: "\(text)") }
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends text that is no secret. Text that is one must never have become a `String`, which nobody can wipe.
  package mutating func append(public text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Gives what was assembled.
  package consuming func finish() -> SecretBytes {
    SecretBytes(block: block, count: count)
  }

  /// Makes room for further bytes. Their number is that of bytes in memory, times three at most: it cannot overflow.
  mutating func reserve(_ additional: Int) {
    let needed = count + additional
    guard needed > block.capacity else { return }
    let bigger = SecretBlock(capacity: max(needed, block.capacity * 2))
    bigger.base.copyMemory(from: block.base, byteCount: count)
    block = bigger
  }
}
