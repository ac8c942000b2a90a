// SPDX-License-Identifier: Apache-2.0

/// Where a sealed text stands. It is sealed together with its place, and opens in no other: not as another field, not
/// for another connection or generation, not in another vault.
struct SealedPlace: Sendable {
  /// What the sealed text is. The raw values are part of the format.
  enum Kind: String, Sendable {
    /// The vault's own keys, under the key-encryption key.
    case keySet = "key-set"
    /// The former key-encryption key, under the new one, while a rotation is under way.
    case formerKey = "former-key"
    /// A connection's data key, under the key-encryption key.
    case dataKey = "data-key"
    /// A credential, under its connection's data key.
    case credential
    /// A connection's card, under the directory key.
    case card
    /// The vault's header: nothing is sealed, its bytes are made to prove genuine.
    case header

    // Format 1 alone.
    case keyCheck = "key-check"
    case indexKey = "index-key"
    case name
  }

  /// Version of the format that is written.
  static let currentFormat: Int64 = 2

  var format = SealedPlace.currentFormat
  let vaultID: [UInt8]
  var kind: Kind
  /// Version of the key-encryption key; 0 for what is sealed under another key, so that a new one leaves it alone.
  var keyVersion: Int64 = 0
  /// Random id of the connection; empty for the vault's own records.
  var rowID: [UInt8] = []
  /// The connection's lookup code, which stands for its id; empty for the vault's own records.
  var lookup: [UInt8] = []
  /// Version of the connection's data key, or of the key set; 0 where neither has a part in it.
  var dataKeyVersion: Int64 = 0
  /// Generation of the credential; 0 for what belongs to no single one.
  var generation: Int64 = 0
  /// More that must be as it was: of a card the wrapped data key, of the header all of it.
  var context: [UInt8] = []

  /// Each part with its length in front (4 bytes, big-endian), numbers as 8 bytes, big-endian: no two places give the
  /// same bytes.
  var associatedData: [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(192 + context.count)
    Self.append(Self.domain, to: &data)
    Self.append(format, to: &data)
    Self.append(vaultID, to: &data)
    Self.append(rowID, to: &data)
    Self.append(lookup, to: &data)
    Self.append(Array(kind.rawValue.utf8), to: &data)
    Self.append(keyVersion, to: &data)
    Self.append(dataKeyVersion, to: &data)
    Self.append(generation, to: &data)
    if format > 1 { Self.append(context, to: &data) }
    return data
  }

  private static let domain = Array("askel-s4 vault".utf8)

  private static func append(_ part: [UInt8], to data: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: part.count).bigEndian) { data.append(contentsOf: $0) }
    data.append(contentsOf: part)
  }

  private static func append(_ number: Int64, to data: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(8).bigEndian) { data.append(contentsOf: $0) }
    withUnsafeBytes(of: number.bigEndian) { data.append(contentsOf: $0) }
  }
}
