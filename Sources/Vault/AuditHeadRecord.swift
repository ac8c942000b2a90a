// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The head of the audit trail as the store keeps it: version of the key set, count of entries, generation (8 bytes
/// each) ‖ chain value of the last entry (32) ‖ HMAC-SHA256 of all that and of the vault's id (32).
struct AuditHeadRecord {
  static let key = "audit/head"
  private static let count = 24 + AuditEntryRecord.chainCount + HMACSHA256.codeCount

  /// Version of the key set that it, and the last entry, was made under. Not proven before `isGenuine` has said so.
  let keySet: Int64
  /// Entries, which is the number of the last one; at least 1.
  let entries: Int64
  /// Rises with each change of credentials or keys; at least 0.
  let generation: Int64
  let chain: [UInt8]

  init(keySet: Int64, entries: Int64, generation: Int64, chain: [UInt8]) {
    self.keySet = keySet
    self.entries = entries
    self.generation = generation
    self.chain = chain
  }

  /// - Parameter value: not trusted.
  /// - Returns: nil for a value of another form; its code is left out.
  init?(value: [UInt8]) {
    guard value.count == Self.count else { return nil }
    let read = value.withUnsafeBytes { bytes -> (Int64, Int64, Int64, [UInt8])? in
      var reader = AuditBytes.Reader(bytes)
      guard let keySet = reader.number(), let entries = reader.number(), let generation = reader.number(),
        let chain = reader.bytes(AuditEntryRecord.chainCount)
      else { return nil }
      return (keySet, entries, generation, chain)
    }
    guard let read, read.0 >= 1, read.1 >= 1, read.2 >= 0 else { return nil }
    (keySet, entries, generation, chain) = read
  }

  /// Reads a value that proves genuine.
  /// - Returns: nil for another.
  static func genuine(_ value: [UInt8], keys: AuditKeys, vaultID: [UInt8]) throws(S4Error) -> AuditHeadRecord? {
    guard let head = AuditHeadRecord(value: value) else { return nil }
    let code = Array(value.suffix(HMACSHA256.codeCount))
    return try HMACSHA256.isCode(code, of: head.authenticated(vaultID), key: keys.head) ? head : nil
  }

  func value(keys: AuditKeys, vaultID: [UInt8]) throws(S4Error) -> [UInt8] {
    plain + (try HMACSHA256.code(for: authenticated(vaultID), key: keys.head))
  }

  private var plain: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.count)
    AuditBytes.append(keySet, to: &bytes)
    AuditBytes.append(entries, to: &bytes)
    AuditBytes.append(generation, to: &bytes)
    bytes += chain
    return bytes
  }

  private func authenticated(_ vaultID: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(128)
    AuditBytes.append(part: "askel-s4 audit head".utf8, to: &bytes)
    AuditBytes.append(part: vaultID, to: &bytes)
    bytes += plain
    return bytes
  }
}
