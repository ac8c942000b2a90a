// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Synchronization

/// Sealed records in a store: for each connection its credentials under a data key of its own, which is wrapped under the
/// key-encryption key, and a card with its name and states. There is no form without encryption.
///
/// Several threads, objects and processes may use one store. No row is cached: what is read is what the store holds.
/// Nothing is locked while a key service or a store of the product's is asked.
package final class Vault: Sendable {
  /// Version of the format that vaults are kept in.
  package static let format = SealedPlace.currentFormat
  /// Bytes of the largest record: a credential with a file of certificate authorities.
  package static let largestRecord = 1 << 20
  /// Bytes of the longest connection id.
  package static let longestID = 128
  /// Milliseconds to wait for other writers.
  static let patience: Int64 = 10_000
  /// The same for a thread that many wait for.
  static let briefPatience: Int64 = 50

  /// 32 hexadecimal digits: the random id that the vault got when it was made.
  package let id: String
  package let store: any Store
  private let keys: KeyKeeper
  private let auditTrail: AuditTrail
  private let guardian = ForkGuard()
  private let isClosed = Atomic<Bool>(false)

  /// Opens the vault in a store, or makes a new one there.
  /// - Parameters:
  ///   - key: the key-encryption key; a new vault is sealed under it.
  ///   - other: a second one that may open it, before or during a rotation.
  ///   - summarise: makes of a record what may be shown of it, for a vault of format 1, which kept none.
  /// - Throws: `.vaultUnavailable`, `.vaultKeyRefused` (another vault's key), `.vaultCorrupt`, `.hostUnfit`.
  package init(
    store: any Store, key: any KeySource, other: (any KeySource)? = nil,
    summarise: (SecretBytes) throws(S4Error) -> [UInt8] = { _ in [] }
  ) throws(S4Error) {
    let sources = [key] + (other.map { [$0] } ?? [])
    if let file = store as? SQLiteStore { try Self.migrate(file, sources, summarise) }
    let record: StoredRecord
    if let found = try store.get(VaultHeader.key) {
      record = found
    } else {
      record = try Self.make(in: store, key)
    }
    let ring = try KeyRing(record, sources: sources, known: nil, title: store.title)
    self.store = store
    let keys = KeyKeeper(store, sources, ring)
    self.keys = keys
    auditTrail = AuditTrail(vaultID: ring.vaultID, keySet: ring.header.currentSet) { (version) throws(S4Error) in
      try keys.auditKey(version)
    }
    id = Display.hex(ring.vaultID)
  }

  /// Ends the use of the store. What is asked of the vault later answers `.closed`. May be called twice.
  package func close() {
    guard !isForeign else { return }
    isClosed.store(true, ordering: .releasing)
    store.close()
    // Operations that are still under way hold this vault: what the product gave for a key service ends here.
    keys.close()
  }

  /// Whether this object was made in another process.
  private var isForeign: Bool { guardian.isForked }

  /// Before anything else: OpenSSL's locks, and the store's, another thread may have held at a fork.
  func checkUsable() throws(S4Error) {
    guard !isForeign else { throw .forked }
    guard !isClosed.load(ordering: .acquiring) else { throw .closed }
  }

  // MARK: - Keys

  var ring: KeyRing { keys.ring }

  /// Takes over what another process did to the header.
  /// - Parameter mayAsk: whether key services may be asked: not on the I/O thread.
  /// - Returns: the ring now, and whether it is another than the given one.
  func refreshed(_ old: KeyRing, mayAsk: Bool = true) throws(S4Error) -> (ring: KeyRing, isNew: Bool) {
    try keys.refreshed(old, mayAsk: mayAsk)
  }

  /// Adds a key that may open the vault from now on.
  package func add(_ source: any KeySource) throws(S4Error) {
    try checkUsable()
    try keys.add(source)
  }

  /// Puts the header of a new vault. Where another process comes first, its vault is taken.
  private static func make(in store: any Store, _ source: any KeySource) throws(S4Error) -> StoredRecord {
    if let reason = store.readOnlyReason {
      throw S4Error(.vaultUnavailable, "\(store.title) holds no vault, and none can be made: \(reason)")
    }
    let (provider, parameters) = try source.makeProvider()
    let vaultID = try Random.bytes(16)
    let set = try KeySet(version: 1, Random.key(KeySet.size))
    let header = VaultHeader(
      vaultID: vaultID, createdAt: .now, currentKey: 1,
      keys: [
        VaultHeader.KeyVersion(
          version: 1, parameters: parameters, check: try check(provider, 1, vaultID),
          sets: [try wrap(set, provider, 1, vaultID)])
      ], currentSet: 1)
    let value = try header.encoded(directoryKey: set.directory)
    let trail = AuditTrail(vaultID: vaultID, keySet: set.version, keys: { (_) throws(S4Error) in set.audit })
    try store.change(by: Deadline(milliseconds: patience)) { (view) throws(S4Error) in
      guard try view.get(VaultHeader.key) == nil else { return [] }
      // Not over the connections of a vault that lost its header.
      guard try view.list(prefix: "", after: nil, limit: 1).isEmpty else {
        throw S4Error(.vaultCorrupt, "\(store.title) has lost its first record: restore it from a copy")
      }
      let entry = AuditEvent(.vaultCreated)
      return [.put(key: VaultHeader.key, value: value)]
        + (try trail.append([entry], raisesGeneration: true, in: view))
    }
    guard let record = try store.get(VaultHeader.key) else {
      throw S4Error(.vaultUnavailable, "\(store.title) does not give back what was written: look at the store")
    }
    return record
  }

  /// The audit trail under the keys of a ring.
  func trail(_ ring: KeyRing) -> AuditTrail {
    var trail = auditTrail
    trail.keySet = ring.header.currentSet
    return trail
  }

  static func wrap(
    _ set: KeySet, _ provider: any KeyProvider, _ keyVersion: Int64, _ vaultID: [UInt8]
  ) throws(S4Error) -> VaultHeader.KeySetVersion {
    let place = KeyRing.place(set.version, keyVersion, vaultID)
    return VaultHeader.KeySetVersion(
      version: set.version, wrapped: try provider.wrap(set.joined, associatedData: place.associatedData))
  }

  static func check(
    _ provider: any KeyProvider, _ version: Int64, _ vaultID: [UInt8]
  ) throws(S4Error) -> [UInt8] {
    guard let local = provider.localKey else { return [] }
    return try KeyRing.check(local, version, vaultID)
  }
}
