// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The vault's first record: which keys there are, wrapped. Its bytes prove genuine under the directory key.
struct VaultHeader: Equatable, Sendable {
  /// One version of the key-encryption key.
  struct KeyVersion: Equatable, Sendable {
    var version: Int64
    /// See `KeySource`.
    var parameters: [UInt8]
    /// Of a key in this process: a code that tells a wrong key from a damaged vault; empty for a service's.
    var check: [UInt8]
    /// The key sets, wrapped under this version; newest last.
    var sets: [KeySetVersion]

    /// Whether the same key goes by this version in another header. Where a copy was put back and rotated from there, it
    /// need not.
    func isSameKey(as other: KeyVersion) -> Bool {
      version == other.version && parameters == other.parameters && check == other.check
    }
  }

  struct KeySetVersion: Equatable, Sendable {
    var version: Int64
    var wrapped: [UInt8]
  }

  static let key = "vault"

  /// 16 random bytes.
  var vaultID: [UInt8]
  var createdAt: Timestamp
  /// Version of the key-encryption key that is wrapped under.
  var currentKey: Int64
  /// The current one, and the former one while a rotation is under way.
  var keys: [KeyVersion]
  /// Version of the key set in use. Earlier ones are kept for the audit trail.
  var currentSet: Int64
  /// Set that connections are being moved from by a rekey; 0: none.
  var formerSet: Int64 = 0
  /// The former key-encryption key under the new one, while a rotation of keys in this process is under way.
  var formerKey: [UInt8] = []
  /// Highest generation of all deleted connections: none is used twice.
  var generationFloor: Int64 = 0

  /// Version of the key-encryption key that is rotated away from; nil: no rotation is under way.
  var formerKeyVersion: Int64? { keys.first { $0.version != currentKey }?.version }

  func key(_ version: Int64) -> KeyVersion? { keys.first { $0.version == version } }

  /// Whether a key set is the one that goes by this version in another header: wrapped once, it stands in both.
  func hasSameSet(_ version: Int64, as other: VaultHeader) -> Bool {
    keys.contains { key in
      key.sets.contains { $0.version == version && other.key(key.version)?.sets.contains($0) == true }
    }
  }

  private enum Tag: UInt8 {
    case format = 1, vaultID, createdAt, currentKey, key, currentSet, formerSet, formerKey, generationFloor, seal
  }

  private enum KeyTag: UInt8 { case version = 1, parameters, check, set }
  private enum SetTag: UInt8 { case version = 1, wrapped }

  /// - Parameter directoryKey: of the current key set.
  func encoded(directoryKey: SecretBytes) throws(S4Error) -> [UInt8] {
    var writer = fields()
    let seal = try AEAD.seal(
      UnsafeRawBufferPointer(start: nil, count: 0), key: directoryKey, associatedData: sealPlace.associatedData)
    writer.append(Tag.seal.rawValue, seal)
    return writer.bytes
  }

  /// - Throws: `.vaultCorrupt`.
  func proveGenuine(_ seal: [UInt8], directoryKey: SecretBytes) throws(S4Error) {
    _ = try AEAD.open(seal, key: directoryKey, associatedData: sealPlace.associatedData)
  }

  private var sealPlace: SealedPlace {
    SealedPlace(vaultID: vaultID, kind: .header, dataKeyVersion: currentSet, context: fields().bytes)
  }

  private func fields() -> FieldWriter {
    var writer = FieldWriter(capacity: 1_024)
    writer.append(Tag.format.rawValue, SealedPlace.currentFormat)
    writer.append(Tag.vaultID.rawValue, vaultID)
    writer.append(Tag.createdAt.rawValue, createdAt.milliseconds)
    writer.append(Tag.currentKey.rawValue, currentKey)
    for key in keys {
      var part = FieldWriter()
      part.append(KeyTag.version.rawValue, key.version)
      part.append(KeyTag.parameters.rawValue, key.parameters)
      part.append(KeyTag.check.rawValue, key.check)
      for set in key.sets {
        var wrapped = FieldWriter()
        wrapped.append(SetTag.version.rawValue, set.version)
        wrapped.append(SetTag.wrapped.rawValue, set.wrapped)
        part.append(KeyTag.set.rawValue, wrapped.bytes)
      }
      writer.append(Tag.key.rawValue, part.bytes)
    }
    writer.append(Tag.currentSet.rawValue, currentSet)
    writer.append(Tag.formerSet.rawValue, formerSet)
    writer.append(Tag.formerKey.rawValue, formerKey)
    writer.append(Tag.generationFloor.rawValue, generationFloor)
    return writer
  }

  /// Reads a header; it is still to be proven genuine with the seal that comes along.
  static func decode(
    _ bytes: UnsafeRawBufferPointer
  ) throws(FieldReader.Damage) -> (header: VaultHeader, format: Int64, seal: [UInt8]) {
    var reader = FieldReader(bytes)
    var header = VaultHeader(
      vaultID: [], createdAt: Timestamp(milliseconds: 0), currentKey: 0, keys: [], currentSet: 0)
    var format: Int64 = 0
    var seal: [UInt8] = []
    while let field = try reader.next() {
      switch Tag(rawValue: field.tag) {
      case .format: format = try field.integer(in: 1 ... .max)
      case .vaultID: header.vaultID = try field.array(16...16)
      case .createdAt: header.createdAt = Timestamp(milliseconds: try field.integer())
      case .currentKey: header.currentKey = try field.integer(in: 1...(.max - 1))
      case .key: header.keys.append(try decodeKey(field.value))
      case .currentSet: header.currentSet = try field.integer(in: 1...(.max - 1))
      case .formerSet: header.formerSet = try field.integer(in: 0 ... .max)
      case .formerKey: header.formerKey = try field.array(0...KeyLimit.wrapped)
      case .generationFloor: header.generationFloor = try field.integer(in: 0...(.max - 1))
      case .seal: seal = try field.array(AEAD.overhead...AEAD.overhead)
      // Another format, then: the caller looks at it.
      case nil: continue
      }
    }
    guard format > 0 else { throw FieldReader.Damage() }
    guard format == SealedPlace.currentFormat else { return (header, format, seal) }
    let current = header.key(header.currentKey)
    guard !header.vaultID.isEmpty, 1...2 ~= header.keys.count, !seal.isEmpty,
      current?.sets.contains(where: { $0.version == header.currentSet }) ?? false
    else { throw FieldReader.Damage() }
    return (header, format, seal)
  }

  private static func decodeKey(_ bytes: UnsafeRawBufferPointer) throws(FieldReader.Damage) -> KeyVersion {
    var reader = FieldReader(bytes)
    var key = KeyVersion(version: 0, parameters: [], check: [], sets: [])
    while let field = try reader.next() {
      switch KeyTag(rawValue: field.tag) {
      case .version: key.version = try field.integer(in: 1 ... .max)
      case .parameters: key.parameters = try field.array(1...KeyLimit.parameters)
      case .check: key.check = try field.array(0...64)
      case .set:
        guard key.sets.count < 10_000 else { throw FieldReader.Damage() }
        key.sets.append(try decodeSet(field.value))
      case nil: continue
      }
    }
    guard key.version > 0, !key.parameters.isEmpty, !key.sets.isEmpty else { throw FieldReader.Damage() }
    return key
  }

  private static func decodeSet(_ bytes: UnsafeRawBufferPointer) throws(FieldReader.Damage) -> KeySetVersion {
    var reader = FieldReader(bytes)
    var set = KeySetVersion(version: 0, wrapped: [])
    while let field = try reader.next() {
      switch SetTag(rawValue: field.tag) {
      case .version: set.version = try field.integer(in: 1 ... .max)
      case .wrapped: set.wrapped = try field.array(1...KeyLimit.wrapped)
      case nil: continue
      }
    }
    guard set.version > 0, !set.wrapped.isEmpty else { throw FieldReader.Damage() }
    return set
  }
}
