// SPDX-License-Identifier: Apache-2.0

/// Where a sealed text stands. It is sealed together with its place, and opens in no other: not as another field, not
/// for another connection or generation, not in another vault.
struct SealedPlace: Sendable {
  /// What the sealed text is. The raw values are part of the file's format.
  enum Kind: String, Sendable {
    /// A constant under the key-encryption key: tells a wrong key from damage.
    case keyCheck = "key-check"
    /// The key of the lookup codes, under the key-encryption key.
    case indexKey = "index-key"
    /// A connection's data key, under the key-encryption key.
    case dataKey = "data-key"
    /// A connection's credential, under its data key.
    case credential
    /// A connection's id, under its data key.
    case name
  }

  /// Version of the file's format: `user_version` of the database.
  static let formatVersion: Int64 = 1

  let vaultID: [UInt8]
  var kind: Kind
  /// Version of the key-encryption key; 0 for what is sealed under a data key, so that a new one leaves it alone.
  var keyVersion: Int64 = 0
  /// Random id of the connection's row; empty for the vault's own keys.
  var rowID: [UInt8] = []
  /// The connection's lookup code, which stands for its id; empty for the vault's own keys.
  var lookup: [UInt8] = []
  /// Version of the connection's data key; 0 for the vault's own keys.
  var dataKeyVersion: Int64 = 0
  /// Generation of the credential; 0 for the vault's own keys.
  var generation: Int64 = 0

  /// Each part with its length in front (4 bytes, big-endian), numbers as 8 bytes, big-endian: no two places give the
  /// same bytes.
  var associatedData: [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(160)
    Self.append(Array("askel-s4 vault".utf8), to: &data)
    Self.append(Self.formatVersion, to: &data)
    Self.append(vaultID, to: &data)
    Self.append(rowID, to: &data)
    Self.append(lookup, to: &data)
    Self.append(Array(kind.rawValue.utf8), to: &data)
    Self.append(keyVersion, to: &data)
    Self.append(dataKeyVersion, to: &data)
    Self.append(generation, to: &data)
    return data
  }

  private static func append(_ part: [UInt8], to data: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.count).bigEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: part)
  }

  private static func append(_ number: Int64, to data: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(8).bigEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: number.bigEndian) { data.append(contentsOf: $0) }
  }
}
