// SPDX-License-Identifier: Apache-2.0

/// How the audit trail puts values together for sealing and authenticating: numbers as 8 bytes, big-endian.
enum AuditBytes {
  static func append(_ number: Int64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  static func append(_ number: UInt16, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// With its length in front (8 bytes): no two lists of parts give the same bytes.
  static func append(part: some Collection<UInt8>, to bytes: inout [UInt8]) {
    append(Int64(part.count), to: &bytes)
    bytes.append(contentsOf: part)
  }

  /// Takes values from bytes that are not trusted.
  struct Reader {
    private var rest: Slice<UnsafeRawBufferPointer>

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    /// - Returns: nil where fewer are left.
    mutating func bytes(_ count: Int) -> [UInt8]? {
      guard rest.count >= count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }

    mutating func number() -> Int64? {
      guard let bytes = bytes(8) else { return nil }
      return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Takes text with its length in front (2 bytes).
    mutating func text(atMost limit: Int) -> String? {
      guard let high = byte(), let low = byte() else { return nil }
      let count = Int(high) << 8 | Int(low)
      guard count <= limit, let bytes = bytes(count) else { return nil }
      return String(validating: bytes, as: UTF8.self)
    }
  }
}
