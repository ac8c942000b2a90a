// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A connection's record as the store keeps it: its data key, wrapped, and what is sealed.
struct ConnectionEntry: Equatable, Sendable {
  /// 16 random bytes: sealed texts are bound to them.
  var rowID: [UInt8]
  /// HMAC-SHA256 of the connection's id under the index key: what the record is found by.
  var lookup: [UInt8]
  /// Version of the key-encryption key that the data key is wrapped under.
  var keyVersion: Int64
  /// Version of the key set that the card is sealed under, and that the record's key was made with.
  var setVersion: Int64
  /// Rises with each new data key.
  var dataKeyVersion: Int64
  var wrappedDataKey: [UInt8]
  /// The `Card`.
  var card: [UInt8]
  var live: [UInt8]
  var beside: [UInt8]?

  private enum Tag: UInt8 {
    case rowID = 1, lookup, keyVersion, setVersion, dataKeyVersion, dataKey, card, live, beside
  }

  func encoded() -> [UInt8] {
    let sealed = card.count + live.count + (beside?.count ?? 0)
    var writer = FieldWriter(capacity: 128 + wrappedDataKey.count + sealed)
    writer.append(Tag.rowID.rawValue, rowID)
    writer.append(Tag.lookup.rawValue, lookup)
    writer.append(Tag.keyVersion.rawValue, keyVersion)
    writer.append(Tag.setVersion.rawValue, setVersion)
    writer.append(Tag.dataKeyVersion.rawValue, dataKeyVersion)
    writer.append(Tag.dataKey.rawValue, wrappedDataKey)
    writer.append(Tag.card.rawValue, card)
    writer.append(Tag.live.rawValue, live)
    if let beside { writer.append(Tag.beside.rawValue, beside) }
    return writer.bytes
  }

  init(
    rowID: [UInt8], lookup: [UInt8], keyVersion: Int64, setVersion: Int64, dataKeyVersion: Int64,
    wrappedDataKey: [UInt8], card: [UInt8] = [], live: [UInt8] = [], beside: [UInt8]? = nil
  ) {
    self.rowID = rowID
    self.lookup = lookup
    self.keyVersion = keyVersion
    self.setVersion = setVersion
    self.dataKeyVersion = dataKeyVersion
    self.wrappedDataKey = wrappedDataKey
    self.card = card
    self.live = live
    self.beside = beside
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(FieldReader.Damage) {
    var reader = FieldReader(bytes)
    self.init(
      rowID: [], lookup: [], keyVersion: 0, setVersion: 0, dataKeyVersion: 0, wrappedDataKey: [])
    let sealed = AEAD.overhead...(Vault.largestRecord + AEAD.overhead)
    while let field = try reader.next() {
      switch Tag(rawValue: field.tag) {
      case .rowID: rowID = try field.array(16...16)
      case .lookup: lookup = try field.array(HMACSHA256.codeCount...HMACSHA256.codeCount)
      case .keyVersion: keyVersion = try field.integer(in: 1 ... .max)
      case .setVersion: setVersion = try field.integer(in: 1 ... .max)
      case .dataKeyVersion: dataKeyVersion = try field.integer(in: 1...(.max - 1))
      case .dataKey: wrappedDataKey = try field.array(1...KeyLimit.wrapped)
      case .card: card = try field.array(AEAD.overhead...(Card.largest + AEAD.overhead))
      case .live: live = try field.array(sealed)
      case .beside: beside = try field.array(sealed)
      case nil: continue
      }
    }
    guard !rowID.isEmpty, !lookup.isEmpty, keyVersion > 0, setVersion > 0, dataKeyVersion > 0,
      !wrappedDataKey.isEmpty, !card.isEmpty, !live.isEmpty
    else { throw FieldReader.Damage() }
  }
}

extension ConnectionEntry {
  /// Where one of its sealed texts stands.
  /// - Parameter generation: of a credential; 0 for the others.
  func place(_ kind: SealedPlace.Kind, vaultID: [UInt8], generation: Int64 = 0) -> SealedPlace {
    var place = SealedPlace(
      vaultID: vaultID, kind: kind, keyVersion: kind == .dataKey ? keyVersion : 0, rowID: rowID, lookup: lookup,
      dataKeyVersion: dataKeyVersion, generation: generation)
    if kind == .card {
      // A card is bound to the data key as it is wrapped beside it.
      var context = FieldWriter(capacity: wrappedDataKey.count + 18)
      context.append(0, keyVersion)
      context.append(1, wrappedDataKey)
      place.context = context.bytes
    }
    return place
  }

  /// Seals a card into the entry; after all else that the entry has is in place.
  mutating func seal(_ new: Card, _ set: KeySet, vaultID: [UInt8]) throws(S4Error) {
    let plain = new.encoded()
    guard plain.count <= Card.largest else {
      throw S4Error.invalidArgument("id", "what is to be shown of the connection has \(plain.count) bytes: shorten it")
    }
    let data = place(.card, vaultID: vaultID).associatedData
    card = try plain.span.withUnsafeBytes { (bytes) throws(S4Error) in
      try AEAD.seal(bytes, key: set.directory, associatedData: data)
    }
  }
}
