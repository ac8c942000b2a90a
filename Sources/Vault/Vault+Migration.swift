// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

extension Vault {
  /// Brings a vault of format 1 to the format of today: everything is opened and sealed anew, in one transaction.
  static func migrate(
    _ store: SQLiteStore, _ sources: [any KeySource], _ summarise: (SecretBytes) throws(S4Error) -> [UInt8]
  ) throws(S4Error) {
    guard try store.format == 1 else { return }
    try store.migrateFromFormatOne { (content) throws(S4Error) in
      try Migration(content, sources, title: store.title).changes(summarise)
    }
  }
}

/// What a vault of format 1 becomes.
private struct Migration {
  /// The constant that format 1 sealed to know its key by.
  private static let keyCheck = "askel-s4 vault key check"
  private static let setVersion: Int64 = 1

  private let content: FormatOneContent
  private let key: SecretBytes
  private let provider: any KeyProvider
  private let parameters: [UInt8]
  private let indexKey: SecretBytes
  private let title: String

  /// - Throws: `.vaultKeyRefused` where no source is the key of this vault.
  init(_ content: FormatOneContent, _ sources: [any KeySource], title: String) throws(S4Error) {
    for source in sources {
      // Format 1 knew keys in this process alone.
      guard source.kindName == "file" || source.kindName == "bytes" else { continue }
      let (provider, parameters) = try source.makeProvider()
      guard let key = provider.localKey else { continue }
      let check = try? AEAD.open(content.keyCheck, key: key, associatedData: Self.place(.keyCheck, content))
      let index = try? AEAD.open(content.indexKey, key: key, associatedData: Self.place(.indexKey, content))
      guard check != nil || index != nil else { continue }
      guard let check, let index, check == SecretBytes(copying: Array(Self.keyCheck.utf8)),
        index.count == AEAD.keyCount
      else {
        throw S4Error(
          .vaultCorrupt,
          "the keys kept in \(title) do not prove genuine: it was damaged or tampered with; restore it from a copy")
      }
      self.content = content
      self.key = key
      self.provider = provider
      self.parameters = parameters
      self.title = title
      indexKey = index
      return
    }
    throw S4Error(.vaultKeyRefused, "the key does not open \(title): give the key that it was made with")
  }

  func changes(_ summarise: (SecretBytes) throws(S4Error) -> [UInt8]) throws(S4Error) -> [StoreChange] {
    let set = try KeySet(version: Self.setVersion, Random.key(KeySet.size))
    let header = VaultHeader(
      vaultID: content.vaultID, createdAt: .now, currentKey: content.keyVersion,
      keys: [
        VaultHeader.KeyVersion(
          version: content.keyVersion, parameters: parameters,
          check: try Vault.check(provider, content.keyVersion, content.vaultID),
          sets: [try Vault.wrap(set, provider, content.keyVersion, content.vaultID)])
      ], currentSet: set.version, generationFloor: content.generationFloor)
    var changes = [StoreChange.put(key: VaultHeader.key, value: try header.encoded(directoryKey: set.directory))]
    var events = [AuditEvent(.migrated)]
    for connection in content.connections {
      let (id, entry) = try migrated(connection, set, summarise)
      changes.append(.put(key: Vault.recordKey(entry.lookup), value: entry.encoded()))
      events.append(AuditEvent(.migrated, connection: id, generation: connection.generation))
    }
    let trail = AuditTrail(vaultID: content.vaultID, keySet: set.version) { (_) throws(S4Error) in set.audit }
    return changes + (try trail.append(events, raisesGeneration: true, in: NoRecords()))
  }

  private func migrated(
    _ old: FormatOneContent.Connection, _ set: KeySet, _ summarise: (SecretBytes) throws(S4Error) -> [UInt8]
  ) throws(S4Error) -> (id: String, entry: ConnectionEntry) {
    let record: SecretBytes
    let id: String
    do throws(S4Error) {
      let dataKey = try AEAD.open(old.dataKey, key: key, associatedData: Self.place(.dataKey, content, old))
      record = try AEAD.open(
        old.credential.text, key: dataKey, associatedData: Self.place(.credential, content, old))
      let name = try AEAD.open(old.name.text, key: dataKey, associatedData: Self.place(.name, content, old))
      guard old.credential.generation == old.generation, old.name.generation == old.generation,
        let text = name.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }),
        try HMACSHA256.code(for: text, key: indexKey) == old.lookup
      else { throw S4Error(.vaultCorrupt, "") }
      id = text
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw S4Error(
        .vaultCorrupt,
        "a connection (row id \(Display.hex(old.rowID))) in \(title) does not prove genuine, so that the vault was left "
          + "in its earlier format: restore it from a copy")
    }
    let dataKey = try Random.key()
    var entry = ConnectionEntry(
      rowID: old.rowID, lookup: try Vault.lookup(id, set), keyVersion: content.keyVersion, setVersion: set.version,
      dataKeyVersion: min(old.dataKeyVersion, .max - 2) + 1, wrappedDataKey: [])
    entry.wrappedDataKey = try provider.wrap(
      dataKey, associatedData: entry.place(.dataKey, vaultID: content.vaultID).associatedData)
    entry.live = try Vault.seal(record, old.generation, entry, dataKey, content.vaultID)
    let live = CredentialStatus(
      generation: old.generation, state: old.state, since: old.since, lastProof: old.lastProof,
      lastErrorCode: old.lastErrorCode, isRejected: old.rejectedGeneration == old.generation,
      summary: try summarise(record))
    try entry.seal(
      Card(status: ConnectionStatus(id: id, live: live), highestGeneration: old.generation), set,
      vaultID: content.vaultID)
    return (id, entry)
  }

  private static func place(
    _ kind: SealedPlace.Kind, _ content: FormatOneContent, _ connection: FormatOneContent.Connection? = nil
  ) -> [UInt8] {
    let isUnderDataKey = kind == .credential || kind == .name
    return SealedPlace(
      format: 1, vaultID: content.vaultID, kind: kind, keyVersion: isUnderDataKey ? 0 : content.keyVersion,
      rowID: connection?.rowID ?? [], lookup: connection?.lookup ?? [],
      dataKeyVersion: connection?.dataKeyVersion ?? 0, generation: connection?.generation ?? 0
    ).associatedData
  }

  /// The trail begins.
  private struct NoRecords: StoreView {
    func get(_ key: String) -> StoredRecord? { nil }
    func list(prefix: String, after: String?, limit: Int) -> [StoredRecord] { [] }
  }
}
