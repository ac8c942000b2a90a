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
  ///
  /// Written straight into one array: with a growing one this took an eighth of the time to open a credential.
  var associatedData: [UInt8] {
    let name = kind.rawValue.utf8
    let numbers = 4 * (4 + 8)
    let texts = 5 * 4 + Self.domain.count + vaultID.count + rowID.count + lookup.count + name.count
    let count = numbers + texts + (format > 1 ? 4 + context.count : 0)
    var data = [UInt8](repeating: 0, count: count)
    data.withUnsafeMutableBytes { bytes in
      var writer = Writer(rest: bytes)
      writer.append(Self.domain)
      writer.append(format)
      writer.append(vaultID)
      writer.append(rowID)
      writer.append(lookup)
      writer.append(name)
      writer.append(keyVersion)
      writer.append(dataKeyVersion)
      writer.append(generation)
      if format > 1 { writer.append(context) }
    }
    return data
  }

  private static let domain = Array("askel-s4 vault".utf8)

  /// Fills a buffer that has been measured: what does not fit is a defect, and left out rather than written beyond it.
  private struct Writer {
    var rest: UnsafeMutableRawBufferPointer

    mutating func append(_ part: [UInt8]) {
      part.span.withUnsafeBytes { append($0) }
    }

    mutating func append(_ text: String.UTF8View) {
      guard text.withContiguousStorageIfAvailable({ append(UnsafeRawBufferPointer($0)) }) == nil else { return }
      append(Array(text))
    }

    mutating func append(_ number: Int64) {
      withUnsafeBytes(of: number.bigEndian) { append($0) }
    }

    private mutating func append(_ part: UnsafeRawBufferPointer) {
      let end = 4 + part.count
      guard end <= rest.count else { return }
      rest.storeBytes(of: UInt32(truncatingIfNeeded: part.count).bigEndian, as: UInt32.self)
      UnsafeMutableRawBufferPointer(rebasing: rest[4..<end]).copyMemory(from: part)
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[end...])
    }
  }
}
