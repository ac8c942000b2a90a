// SPDX-License-Identifier: Apache-2.0

import Basics

/// How far the audit trail has come: kept outside of the vault, it later shows what was put back or cut off.
package struct AuditHead: Equatable, Sendable {
  /// 16 bytes.
  package let vaultID: [UInt8]
  /// Entries so far; at least 1.
  package let count: Int64
  /// Chain value of the last entry, which covers all before it: 32 bytes.
  package let hash: [UInt8]
  /// Rises with each change of credentials or keys; at least 0.
  package let generation: Int64

  init(vaultID: [UInt8], count: Int64, hash: [UInt8], generation: Int64) {
    self.vaultID = vaultID
    self.count = count
    self.hash = hash
    self.generation = generation
  }

  /// The shape is in the header.
  package var json: String {
    var writer = JSONWriter()
    writer.object { head in
      head.member("vault_id", Display.hex(vaultID))
      head.member("count", count)
      head.member("hash", Display.hex(hash))
      head.member("generation", generation)
    }
    return writer.text
  }

  /// Reads what `json` gave, at some time, from wherever it was kept: not trusted. Members that are not known are left
  /// out.
  /// - Throws: `invalidArgument`, named `head`.
  package init(json text: String) throws(S4Error) {
    let bytes = Array(text.utf8.prefix(Self.longest + 1))
    guard bytes.count <= Self.longest else {
      throw Self.refused("has over \(Self.longest) bytes")
    }
    let parsed: Members
    do throws(JSONFault) {
      parsed = try bytes.span.withUnsafeBytes { (bytes) throws(JSONFault) in try Members(JSONReader(bytes)) }
    } catch {
      throw Self.refused("is no head's JSON: \(error.reason), at byte \(error.offset)")
    }
    guard let vaultID = parsed.vaultID.flatMap(Self.bytes), vaultID.count == 16 else {
      throw Self.refused("has no vault_id of 32 hexadecimal digits")
    }
    guard let count = parsed.count.flatMap({ Int64($0) }), count >= 1 else {
      throw Self.refused("has no count of 1 or more")
    }
    guard let hash = parsed.hash.flatMap(Self.bytes), hash.count == AuditEntryRecord.chainCount else {
      throw Self.refused("has no hash of 64 hexadecimal digits")
    }
    guard let generation = parsed.generation.flatMap({ Int64($0) }), generation >= 0 else {
      throw Self.refused("has no generation of 0 or more")
    }
    self.init(vaultID: vaultID, count: count, hash: hash, generation: generation)
  }

  /// Bytes of the longest text, white space and unknown members included.
  private static let longest = 4_096

  private static func refused(_ reason: String) -> S4Error {
    .invalidArgument("head", reason + ": give what askel_s4_vault_audit_head gave")
  }

  private static func bytes(_ digits: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits.utf8 {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit &- UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit &- UInt8(ascii: "a") &+ 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit &- UInt8(ascii: "A") &+ 10
      default: return nil
      }
      if let upper = high {
        bytes.append(upper << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? bytes : nil
  }

  /// The members as they stand in the text.
  private struct Members {
    var vaultID: String?
    var count: String?
    var hash: String?
    var generation: String?

    init(_ given: JSONReader) throws(JSONFault) {
      var reader = given
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if reader.isText(name, "vault_id") {
          vaultID = reader.text(try reader.readString())
        } else if reader.isText(name, "hash") {
          hash = reader.text(try reader.readString())
        } else if reader.isText(name, "count") {
          count = Self.text(try reader.readNumber(), reader)
        } else if reader.isText(name, "generation") {
          generation = Self.text(try reader.readNumber(), reader)
        } else {
          try reader.skipValue()
        }
      }
      try reader.finish()
    }

    private static func text(_ range: Range<Int>, _ reader: JSONReader) -> String {
      String(decoding: UnsafeRawBufferPointer(rebasing: reader.bytes[range]), as: UTF8.self)
    }
  }
}
