// SPDX-License-Identifier: Apache-2.0

import Basics

/// The first private key of a PEM text, out of its Base64. OpenSSL's own reader frees its buffers without wiping them.
/// Source: RFC 7468 sections 2, 10 and 11, RFC 5915 section 4, RFC 1421 section 4.6.1.1 (Proc-Type).
struct PEMKey {
  enum Form { case pkcs1, sec1, pkcs8 }

  let form: Form
  let der: SecretBytes

  /// - Throws: `.invalidArgument` that names `client_key` and says what to do.
  init(_ text: UnsafeRawBufferPointer) throws(S4Error) {
    var rest = text[...]
    while let line = Self.nextLine(&rest) {
      guard let label = Self.label(line, after: "-----BEGIN ") else { continue }
      switch true {
      case label.elementsEqual("PRIVATE KEY".utf8): form = .pkcs8
      case label.elementsEqual("RSA PRIVATE KEY".utf8): form = .pkcs1
      case label.elementsEqual("EC PRIVATE KEY".utf8): form = .sec1
      case label.elementsEqual("ENCRYPTED PRIVATE KEY".utf8): throw Self.isEncrypted
      case label.suffix(11).elementsEqual("PRIVATE KEY".utf8): throw PrivateKey.isOfAnotherKind
      default: continue
      }
      der = try Self.decode(Self.body(&rest, label))
      return
    }
    throw PrivateKey.refusal("holds no private key in PEM form: give the text from -----BEGIN PRIVATE KEY----- on")
  }

  private typealias Bytes = Slice<UnsafeRawBufferPointer>

  private static let isEncrypted = PrivateKey.refusal(
    "is encrypted: give it without its passphrase (openssl pkey -in FILE); the vault seals it")

  /// - Returns: the next line without what is blank at its end; nil at the end.
  private static func nextLine(_ rest: inout Bytes) -> Bytes? {
    guard !rest.isEmpty else { return nil }
    var line = rest.prefix { $0 != UInt8(ascii: "\n") }
    rest = rest.dropFirst(line.count + 1)
    while let last = line.last, last <= 0x20 { line = line.dropLast() }
    return line
  }

  private static func label(_ line: Bytes, after mark: String) -> Bytes? {
    let label = line.dropFirst(mark.utf8.count)
    guard line.starts(with: mark.utf8), label.suffix(5).elementsEqual("-----".utf8) else { return nil }
    return label.dropLast(5)
  }

  /// Reads up to the line that ends the block.
  private static func body(_ rest: inout Bytes, _ label: Bytes) throws(S4Error) -> Bytes {
    let start = rest
    var count = 0
    while let line = nextLine(&rest) {
      if let end = Self.label(line, after: "-----END ") {
        guard end.elementsEqual(label) else { break }
        return start.prefix(count)
      }
      if line.starts(with: "Proc-Type:".utf8) { throw isEncrypted }
      count = start.count - rest.count
    }
    throw PrivateKey.isDamaged
  }

  private static func decode(_ body: Bytes) throws(S4Error) -> SecretBytes {
    var digits = 0
    var padding = 0
    for byte in body where byte > 0x20 {
      if byte == UInt8(ascii: "=") {
        padding += 1
      } else {
        guard sextet(byte) != nil, padding == 0 else { throw PrivateKey.isDamaged }
        digits += 1
      }
    }
    guard padding < 3, (digits + padding) % 4 == 0 else { throw PrivateKey.isDamaged }
    return try SecretBytes(count: digits * 3 / 4) { (output) throws(S4Error) in
      var word: UInt32 = 0
      var bits: UInt32 = 0
      var at = 0
      for byte in body {
        guard let value = sextet(byte) else { continue }
        word = word << 6 | value
        bits += 6
        guard bits >= 8, at < output.count else { continue }
        bits -= 8
        output[at] = UInt8(truncatingIfNeeded: word >> bits)
        at += 1
      }
    }
  }

  /// Without a table: a table's cache lines would tell which digits were used.
  private static func sextet(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte &- UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte &- UInt8(ascii: "a")) &+ 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte &- UInt8(ascii: "0")) &+ 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
