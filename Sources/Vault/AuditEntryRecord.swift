// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// An entry of the audit trail as the store keeps it: version of the key set (8 bytes) ‖ chain value (32) ‖ sealed event.
///
/// The event is sealed (AES-256-GCM) together with its place: vault, key set, number, chain value of the entry before.
/// The chain value is the HMAC-SHA256 of that chain value, the key set's version, the number and the sealed event. So an
/// entry proves genuine at one place only, and all before it with it.
struct AuditEntryRecord {
  static let prefix = "audit/e/"
  /// Bytes of a chain value.
  static let chainCount = HMACSHA256.codeCount
  /// What stands for the chain value before the first entry.
  static let beginning = [UInt8](repeating: 0, count: chainCount)
  /// Bytes of the largest value: four times what the longest texts need.
  private static let largest = 4 << 10
  private static let headCount = 8 + chainCount

  /// Version of the key set that it was made under. Not proven before `open` has been through.
  let keySet: Int64
  let chain: [UInt8]
  private let sealed: [UInt8]

  /// Key of an entry's record: sixteen digits, so that the order of the keys is that of the numbers.
  static func key(_ number: Int64) -> String {
    let digits = String(UInt64(bitPattern: number), radix: 16)
    return prefix + String(repeating: "0", count: max(0, 16 - digits.utf8.count)) + digits
  }

  /// The number in a key; nil for a key that `key` does not give.
  static func number(ofKey key: String) -> Int64? {
    guard key.utf8.starts(with: prefix.utf8), key.utf8.count == prefix.utf8.count + 16,
      let number = Int64(String(decoding: key.utf8.suffix(16), as: UTF8.self), radix: 16),
      Self.key(number) == key
    else { return nil }
    return number
  }

  /// Seals a new entry.
  /// - Parameter previous: chain value of the entry before.
  init(_ entry: AuditEntry, after previous: [UInt8], keySet: Int64, keys: AuditKeys, vaultID: [UInt8]) throws(S4Error) {
    let place = Self.place(entry.number, after: previous, keySet: keySet, vaultID: vaultID)
    sealed = try entry.event.encoded.span.withUnsafeBytes { (bytes) throws(S4Error) in
      try AEAD.seal(bytes, key: keys.seal, associatedData: place)
    }
    chain = try HMACSHA256.code(
      for: Self.link(entry.number, after: previous, keySet: keySet, sealed: sealed), key: keys.chain)
    self.keySet = keySet
  }

  /// - Parameter value: not trusted.
  /// - Returns: nil for a value of another form.
  init?(value: [UInt8]) {
    guard Self.headCount + AEAD.overhead...Self.largest ~= value.count else { return nil }
    let head = value.prefix(Self.headCount)
    keySet = head.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
    guard keySet >= 1 else { return nil }
    chain = Array(head.dropFirst(8))
    sealed = Array(value.dropFirst(Self.headCount))
  }

  var value: [UInt8] {
    var value: [UInt8] = []
    value.reserveCapacity(Self.headCount + sealed.count)
    AuditBytes.append(keySet, to: &value)
    value += chain
    value += sealed
    return value
  }

  /// Proves and opens the entry.
  /// - Parameter previous: chain value of the entry before.
  /// - Returns: nil where it is not this vault's entry of this number behind that one.
  /// - Throws: `.vaultUnavailable` for a genuine entry of a newer library; what OpenSSL ends with.
  func open(_ number: Int64, after previous: [UInt8], keys: AuditKeys, vaultID: [UInt8]) throws(S4Error) -> AuditEntry?
  {
    let link = Self.link(number, after: previous, keySet: keySet, sealed: sealed)
    guard try HMACSHA256.isCode(chain, of: link, key: keys.chain) else { return nil }
    let place = Self.place(number, after: previous, keySet: keySet, vaultID: vaultID)
    let opened: SecretBytes
    do throws(S4Error) {
      opened = try AEAD.open(sealed, key: keys.seal, associatedData: place)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      return nil
    }
    do throws(AuditEvent.Fault) {
      let event = try opened.withUnsafeBytes { (bytes) throws(AuditEvent.Fault) in try AuditEvent.decode(bytes) }
      return AuditEntry(number: number, event: event)
    } catch {
      guard error == .newer else { return nil }
      throw S4Error(
        .vaultUnavailable, "entry \(number) of the audit trail was written by a newer library: read the trail with that"
      )
    }
  }

  private static func link(_ number: Int64, after previous: [UInt8], keySet: Int64, sealed: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64 + sealed.count)
    AuditBytes.append(part: previous, to: &bytes)
    AuditBytes.append(keySet, to: &bytes)
    AuditBytes.append(number, to: &bytes)
    bytes += sealed
    return bytes
  }

  private static func place(
    _ number: Int64, after previous: [UInt8], keySet: Int64, vaultID: [UInt8]
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(128)
    AuditBytes.append(part: "askel-s4 audit entry".utf8, to: &bytes)
    AuditBytes.append(part: vaultID, to: &bytes)
    AuditBytes.append(part: previous, to: &bytes)
    AuditBytes.append(keySet, to: &bytes)
    AuditBytes.append(number, to: &bytes)
    return bytes
  }
}
