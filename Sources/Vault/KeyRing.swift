// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// The keys of a vault as far as this process can use them: what its header says, unlocked. Nothing of it changes after
/// it was made.
///
/// A class, since every find hands it on: the copies of its parts took a twentieth of the time to open a credential.
final class KeyRing: Sendable {
  let header: VaultHeader
  /// The header as it is kept: another process may have changed it since. Not the version of its record, since where a
  /// copy was put back the same numbers stand for others; each sealing has a nonce of its own.
  let headerValue: [UInt8]
  /// By version of the key-encryption key; at least one.
  nonisolated(unsafe) private(set) var providers: [Int64: any KeyProvider] = [:]
  /// Of those, the source that each came from; nil for the former key that was found in the header.
  nonisolated(unsafe) private(set) var kinds: [Int64: String] = [:]
  /// By version: the current one, and the former one while a rekey is under way.
  nonisolated(unsafe) private(set) var sets: [Int64: KeySet] = [:]
  /// A key of the header stayed closed, and a key service may open it yet: it was not asked, or did not answer.
  nonisolated(unsafe) private(set) var isPartial = false

  /// - Throws: `.vaultCorrupt` for a set that is not at hand.
  func set(_ version: Int64) throws(S4Error) -> KeySet {
    guard let set = sets[version] else { throw S4Error(.vaultCorrupt, "") }
    return set
  }

  /// The set in use, and the one that connections are being moved from.
  nonisolated(unsafe) private(set) var lookupSets: [KeySet] = []

  /// All keys that are in use are in this process: nothing has to be asked.
  var isLocal: Bool { header.keys.allSatisfy { providers[$0.version]?.localKey != nil } }

  var vaultID: [UInt8] { header.vaultID }

  /// Unlocks a header.
  /// - Parameters:
  ///   - sources: what the product gave.
  ///   - known: an earlier ring of this vault: what it has unlocked is not asked for again.
  ///   - mayAsk: whether key services may be asked: not on the I/O thread.
  ///   - title: of the store, for messages.
  /// - Throws: `.vaultKeyRefused` where no source opens it, `.vaultCorrupt`, `.vaultUnavailable`.
  init(
    _ record: StoredRecord, sources: [any KeySource], known: KeyRing?, mayAsk: Bool = true, title: String
  ) throws(S4Error) {
    let asksServices = sources.contains { $0.kindName == "service" }
    let sources = mayAsk ? sources : sources.filter { $0.kindName != "service" }
    let (header, seal) = try Self.decode(record, title: title)
    guard known.map({ $0.vaultID == header.vaultID }) ?? true else {
      throw S4Error(
        .vaultUnavailable,
        "\(title) was replaced by another vault: put back its own, or open the instance again to use the other")
    }
    self.header = header
    headerValue = record.value
    var refusal: S4Error?
    // The current key first: where a source opens it, the former one may need none.
    for key in header.keys.sorted(by: { $0.version > $1.version }) {
      if let known, let provider = known.providers[key.version],
        known.header.key(key.version)?.isSameKey(as: key) == true
      {
        (providers[key.version], kinds[key.version]) = (provider, known.kinds[key.version])
        continue
      }
      for source in sources where providers[key.version] == nil {
        do throws(S4Error) { try unlock(key, source, title) } catch {
          // The instance is being closed: not that the key were the wrong one.
          if error.code == .closed { throw error }
          // A damaged vault, or a service that does not answer, says more than a key that is not the one.
          if refusal == nil || error.code != .vaultKeyRefused { refusal = error }
        }
      }
    }
    if let known { sets.merge(known.sets.filter { header.hasSameSet($0.key, as: known.header) }) { new, _ in new } }
    for key in header.keys where asksServices && providers[key.version] == nil { isPartial = true }
    if mayAsk || providers[header.currentKey]?.localKey != nil { try findFormerKey() }
    guard !providers.isEmpty else { throw refusal ?? Self.wrongKey(title) }
    for version in [header.currentSet, header.formerSet] where version > 0 && sets[version] == nil {
      sets[version] = try openSet(version, mayAsk: mayAsk, title)
    }
    do throws(S4Error) {
      try header.proveGenuine(seal, directoryKey: try set(header.currentSet).directory)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      throw Self.damaged(title)
    }
    lookupSets = [header.currentSet, header.formerSet].compactMap { sets[$0] }
  }

  /// Whether the header has this key set.
  func knows(_ set: Int64) -> Bool { header.keys.contains { $0.sets.contains { $0.version == set } } }

  /// Opens a set that only the audit trail still needs.
  func openSet(_ version: Int64, mayAsk: Bool = true, _ title: String) throws(S4Error) -> KeySet {
    if let set = sets[version] { return set }
    for key in header.keys {
      guard let provider = providers[key.version], let wrapped = key.sets.first(where: { $0.version == version })
      else { continue }
      guard mayAsk || provider.localKey != nil else {
        throw S4Error(
          .vaultUnavailable, "\(title) was rekeyed: its new keys are fetched with the next call", isRetryable: true)
      }
      return try Self.unwrap(wrapped, of: key, provider, header, title)
    }
    throw Self.damaged(title)
  }

  /// The version of the key-encryption key that new data keys are wrapped under.
  /// - Throws: `.vaultKeyRefused` where another process has gone over to a key that this one was not given.
  func currentProvider(_ title: String) throws(S4Error) -> any KeyProvider {
    try provider(header.currentKey, title)
  }

  func provider(_ version: Int64, _ title: String) throws(S4Error) -> any KeyProvider {
    if let provider = providers[version] { return provider }
    throw S4Error(
      .vaultKeyRefused,
      "\(title) went over to another key (version \(version)) that this instance was not given: open it with the new key, "
        + "or give a running instance both before a rotation")
  }

  // MARK: - Unlocking

  private static func decode(
    _ record: StoredRecord, title: String
  ) throws(S4Error) -> (header: VaultHeader, seal: [UInt8]) {
    let decoded: (header: VaultHeader, format: Int64, seal: [UInt8])
    do throws(FieldReader.Damage) {
      decoded = try record.value.span.withUnsafeBytes { (bytes) throws(FieldReader.Damage) in
        try VaultHeader.decode(bytes)
      }
    } catch {
      throw damaged(title)
    }
    guard decoded.format == SealedPlace.currentFormat else {
      throw S4Error(
        .vaultUnavailable,
        "\(title) has format \(decoded.format), this library knows format \(SealedPlace.currentFormat): use a newer one"
      )
    }
    return (decoded.header, decoded.seal)
  }

  /// Tries a source on one version of the key.
  private func unlock(
    _ key: VaultHeader.KeyVersion, _ source: any KeySource, _ title: String
  ) throws(S4Error) {
    guard let wrapped = key.sets.first(where: { $0.version == header.currentSet }) else { throw Self.damaged(title) }
    guard let provider = try source.provider(parameters: key.parameters) else { throw Self.wrongKey(title) }
    let set = try Self.unwrap(wrapped, of: key, provider, header, title)
    providers[key.version] = provider
    kinds[key.version] = source.kindName
    sets[set.version] = set
  }

  private static func unwrap(
    _ wrapped: VaultHeader.KeySetVersion, of key: VaultHeader.KeyVersion, _ provider: any KeyProvider,
    _ header: VaultHeader, _ title: String
  ) throws(S4Error) -> KeySet {
    do throws(S4Error) {
      let keys = try provider.unwrap(
        wrapped.wrapped, associatedData: place(wrapped.version, key.version, header.vaultID).associatedData)
      return try KeySet(version: wrapped.version, keys)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      // The right key, and still it does not open: then it is the vault.
      if let local = provider.localKey, try check(local, key.version, header.vaultID) == key.check {
        throw damaged(title)
      }
      throw wrongKey(title)
    }
  }

  /// While a rotation is under way, who has the new key finds the former one in the header.
  private func findFormerKey() throws(S4Error) {
    guard let former = header.formerKeyVersion, providers[former] == nil, !header.formerKey.isEmpty,
      let current = providers[header.currentKey]
    else { return }
    let place = SealedPlace(vaultID: header.vaultID, kind: .formerKey, keyVersion: former)
    let key = try current.unwrap(header.formerKey, associatedData: place.associatedData)
    providers[former] = LocalKey(key)
  }

  static func place(_ set: Int64, _ key: Int64, _ vaultID: [UInt8]) -> SealedPlace {
    SealedPlace(vaultID: vaultID, kind: .keySet, keyVersion: key, dataKeyVersion: set)
  }

  /// The code by which a key in this process is known again.
  static func check(_ key: SecretBytes, _ version: Int64, _ vaultID: [UInt8]) throws(S4Error) -> [UInt8] {
    var message = FieldWriter()
    message.append(0, "askel-s4 key check")
    message.append(1, vaultID)
    message.append(2, version)
    return try message.bytes.span.withUnsafeBytes { (bytes) throws(S4Error) in
      try HMACSHA256.code(for: bytes, key: key)
    }
  }

  private static func wrongKey(_ title: String) -> S4Error {
    S4Error(
      .vaultKeyRefused, "the key does not open \(title): give the key that it was made with, or last rotated to")
  }

  private static func damaged(_ title: String) -> S4Error {
    S4Error(
      .vaultCorrupt,
      "the keys kept in \(title) do not prove genuine: it was damaged or tampered with; restore it from a copy")
  }
}
