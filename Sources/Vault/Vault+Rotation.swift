// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

extension Vault {
  /// Told now and then how many connections are done; false ends the work with `.cancelled`.
  package typealias Progress = (_ done: UInt64, _ total: UInt64) -> Bool

  /// Connections of one durable write: enough to make the write cheap, few enough not to hold up others.
  static let rotationBatch = 64

  /// Replaces the key-encryption key: wraps every data key under the new one, while others go on reading and writing.
  /// Goes on where an earlier call with the same key ended.
  ///
  /// The header names both versions until the last connection is wrapped anew; then the former one opens nothing more.
  /// - Throws: `.conflict` where a rotation to another key, or a rekey, has not ended; `.cancelled`; as `put`.
  package func rotateKey(
    to source: any KeySource, actor: String? = nil, progress: Progress = { _, _ in true }
  ) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    try checkWritable()
    try add(source)
    let target = try rotationTarget(source, actor)
    // One that is over may have been followed by another, to another key: that one is not ours to end.
    let isOurs = { (header: VaultHeader) in header.formerKeyVersion != nil && header.currentKey == target }
    guard isOurs(ring.header) else { return }
    try moveAll(progress, while: isOurs, isDone: { $0.keyVersion == $1.header.currentKey }) {
      (found) throws(S4Error) in
      let dataKey = try self.dataKey(found)
      var entry = found.entry
      entry.keyVersion = found.ring.header.currentKey
      entry.wrappedDataKey = try self.wrap(dataKey, entry, found.ring)
      try entry.seal(found.card, found.ring.set(entry.setVersion), vaultID: found.ring.vaultID)
      return entry
    }
    try editHeader(AuditEvent(.rotateEnded, actor: actor)) { (header, _) throws(S4Error) in
      guard isOurs(header) else { return false }
      header.keys.removeAll { $0.version != header.currentKey }
      header.formerKey = []
      return true
    }
    // The log still holds what was wrapped under the former key.
    store.tidy()
  }

  /// Replaces every key below the key-encryption key, and seals all anew. Goes on where an earlier call ended.
  /// - Throws: `.conflict` where a rotation has not ended; `.cancelled`; as `put`.
  package func rekey(actor: String? = nil, progress: Progress = { _, _ in true }) throws(S4Error) {
    try AuditEntry.checkActor(actor)
    try checkWritable()
    let target = try beginRekey(actor)
    let isOurs = { (header: VaultHeader) in header.formerSet != 0 && header.currentSet == target }
    try moveAll(progress, while: isOurs, isDone: { $0.setVersion == $1.header.currentSet }) {
      (found) throws(S4Error) in try self.rekeyed(found)
    }
    try editHeader(AuditEvent(.rekeyEnded, actor: actor)) { (header, _) throws(S4Error) in
      guard isOurs(header) else { return false }
      header.formerSet = 0
      return true
    }
    store.tidy()
  }

  private func checkWritable() throws(S4Error) {
    try checkUsable()
    if let reason = store.readOnlyReason {
      throw S4Error(.vaultUnavailable, "\(store.title) is open for reading alone: \(reason)")
    }
  }

  /// Finds, or begins, the rotation to this source's key.
  /// - Returns: the version that its key has.
  private func rotationTarget(_ source: any KeySource, _ actor: String?) throws(S4Error) -> Int64 {
    let deadline = Deadline(milliseconds: Self.patience)
    while true {
      let ring = try refreshed(ring).ring
      let header = ring.header
      guard header.formerSet == 0 else {
        throw S4Error(.conflict, "a rekey of \(store.title) has not ended: call askel_s4_vault_rekey until it has")
      }
      if let opens = try opensCurrent(source, of: ring) {
        if opens { return header.currentKey }
        guard header.formerKeyVersion == nil else {
          throw S4Error(
            .conflict,
            "a rotation of \(store.title) to another key has not ended: rotate to that key first, then to this one")
        }
        try lookOver(ring, opensCredentials: false)
        if let version = try beginRotation(to: source, over: header, actor) { return version }
      }
      // Another rotation has just begun or ended: it may be one to this very key.
      guard !deadline.hasPassed else { throw contended }
    }
  }

  /// Before anything begins: a record that cannot be moved would hold it up half-way, where neither a rotation nor a rekey
  /// can begin. A card that proves genuine proves the wrapped data key.
  /// - Parameter opensCredentials: they are to be sealed anew; only where no key service is asked for that.
  private func lookOver(_ ring: KeyRing, opensCredentials: Bool) throws(S4Error) {
    try forEachEntry { (record, entry) throws(S4Error) in
      guard let set = ring.sets[entry.setVersion] else { throw damaged("card", nil, record) }
      let card = try openListed(record, entry, set, ring.vaultID)
      guard opensCredentials, ring.isLocal else { return }
      let found = Found(ring: ring, record: record, entry: entry, card: card)
      let dataKey = try dataKey(found)
      _ = try open(entry.live, card.status.live.generation, found, dataKey)
      if let beside = card.status.beside, let sealed = entry.beside {
        _ = try open(sealed, beside.generation, found, dataKey)
      }
    }
  }

  /// Whether this source, and not merely another one that was given, opens the version in use.
  /// - Returns: nil where the header is another one by now.
  private func opensCurrent(_ source: any KeySource, of ring: KeyRing) throws(S4Error) -> Bool? {
    guard let record = try store.get(VaultHeader.key), record.holds(ring.headerValue) else { return nil }
    do throws(S4Error) {
      let alone = try KeyRing(record, sources: [source], known: nil, title: store.title)
      return alone.kinds[alone.header.currentKey] != nil
    } catch {
      guard error.code == .vaultKeyRefused else { throw error }
      return false
    }
  }

  /// - Returns: the version of the new key; nil where other keys count by now than those that were looked at.
  private func beginRotation(
    to source: any KeySource, over seen: VaultHeader, _ actor: String?
  ) throws(S4Error) -> Int64? {
    let (provider, parameters) = try source.makeProvider()
    let begun = Begun()
    try editHeader(AuditEvent(.rotateStarted, actor: actor)) { (header, ring) throws(S4Error) in
      begun.version = nil
      guard header.formerKeyVersion == nil, header.formerSet == 0, header.currentKey == seen.currentKey else {
        return false
      }
      let former = header.currentKey
      let version = former + 1
      var sets: [VaultHeader.KeySetVersion] = []
      for set in header.key(former)?.sets ?? [] {
        let keys = try ring.openSet(set.version, self.store.title)
        sets.append(try Self.wrap(keys, provider, version, ring.vaultID))
      }
      header.keys.append(
        VaultHeader.KeyVersion(
          version: version, parameters: parameters, check: try Self.check(provider, version, ring.vaultID), sets: sets))
      header.currentKey = version
      header.formerKey = []
      if let local = ring.providers[former]?.localKey {
        let place = SealedPlace(vaultID: ring.vaultID, kind: .formerKey, keyVersion: former)
        header.formerKey = try provider.wrap(local, associatedData: place.associatedData)
      }
      begun.version = version
      return true
    }
    return begun.version
  }

  /// Set inside a closure that runs on this thread.
  private final class Begun { var version: Int64? }

  /// - Returns: the version of the key set that all is sealed under from now on.
  private func beginRekey(_ actor: String?) throws(S4Error) -> Int64 {
    let begun = Begun()
    let ring = try refreshed(ring).ring
    // One that was interrupted goes on.
    if ring.header.formerSet == 0, ring.header.formerKeyVersion == nil { try lookOver(ring, opensCredentials: true) }
    try editHeader(AuditEvent(.rekeyStarted, actor: actor)) { (header, ring) throws(S4Error) in
      guard header.formerKeyVersion == nil else {
        throw S4Error(.conflict, "a rotation of \(self.store.title) has not ended: end it first, then rekey")
      }
      begun.version = header.currentSet
      guard header.formerSet == 0 else { return false }
      let set = try KeySet(version: header.currentSet + 1, Random.key(KeySet.size))
      let provider = try ring.currentProvider(self.store.title)
      let wrapped = try Self.wrap(set, provider, header.currentKey, ring.vaultID)
      for index in header.keys.indices { header.keys[index].sets.append(wrapped) }
      (header.formerSet, header.currentSet) = (header.currentSet, set.version)
      begun.version = set.version
      return true
    }
    guard let version = begun.version else { throw contended }
    return version
  }

  private func rekeyed(_ found: Found) throws(S4Error) -> ConnectionEntry {
    let ring = found.ring
    let status = found.card.status
    let set = try ring.set(ring.header.currentSet)
    let old = try dataKey(found)
    let new = try Random.key()
    var entry = ConnectionEntry(
      rowID: found.entry.rowID, lookup: try Self.lookup(status.id, set), keyVersion: ring.header.currentKey,
      setVersion: set.version, dataKeyVersion: found.entry.dataKeyVersion + 1, wrappedDataKey: [])
    entry.wrappedDataKey = try wrap(new, entry, ring)
    let live = try open(found.entry.live, status.live.generation, found, old)
    entry.live = try Self.seal(live, status.live.generation, entry, new, ring.vaultID)
    if let credential = status.beside, let sealed = found.entry.beside {
      let beside = try open(sealed, credential.generation, found, old)
      entry.beside = try Self.seal(beside, credential.generation, entry, new, ring.vaultID)
    }
    try entry.seal(found.card, set, vaultID: ring.vaultID)
    return entry
  }

  /// Moves every connection, in batches, until a look at all of them finds none that is left, or the header says that
  /// another process has ended the work.
  private func moveAll(
    _ progress: Progress, while isOurs: (VaultHeader) -> Bool, isDone: (ConnectionEntry, KeyRing) -> Bool,
    _ move: (Found) throws(S4Error) -> ConnectionEntry
  ) throws(S4Error) {
    while true {
      var ring = try refreshed(ring).ring
      guard isOurs(ring.header) else { return }
      var left: [String] = []
      var total: UInt64 = 0
      try forEachEntry { (record, entry) throws(S4Error) in
        total += 1
        if !isDone(entry, ring) { left.append(record.key) }
      }
      let before = total - UInt64(left.count)
      try tell(progress, before, total)
      guard !left.isEmpty else { return }
      for start in stride(from: 0, to: left.count, by: Self.rotationBatch) {
        ring = try refreshed(ring).ring
        guard isOurs(ring.header) else { return }
        try moveBatch(left[start..<min(start + Self.rotationBatch, left.count)], ring, isDone, move)
        let done = min(start + Self.rotationBatch, left.count)
        try tell(progress, before + UInt64(done), total)
      }
    }
  }

  private func tell(_ progress: Progress, _ done: UInt64, _ total: UInt64) throws(S4Error) {
    let goesOn = progress(done, total)
    // The call-back may have forked: in the child the keys are zero.
    try checkUsable()
    guard goesOn else {
      throw S4Error(.cancelled, "the progress call-back ended the work: call again to go on", target: "progress")
    }
  }

  private func moveBatch(
    _ keys: ArraySlice<String>, _ ring: KeyRing, _ isDone: (ConnectionEntry, KeyRing) -> Bool,
    _ move: (Found) throws(S4Error) -> ConnectionEntry
  ) throws(S4Error) {
    var moved: [(from: StoredRecord, to: ConnectionEntry)] = []
    for key in keys {
      // Deleted or moved by another process meanwhile.
      guard let record = try store.get(key) else { continue }
      let entry: ConnectionEntry
      do throws(S4Error) { entry = try Self.decode(record) } catch { throw damaged("record", nil, record) }
      guard !isDone(entry, ring) else { continue }
      guard let set = ring.sets[entry.setVersion] else { throw damaged("card", nil, record) }
      let card = try openListed(record, entry, set, ring.vaultID)
      moved.append((record, try move(Found(ring: ring, record: record, entry: entry, card: card))))
    }
    guard !moved.isEmpty else { return }
    try store.change(by: Deadline(milliseconds: Self.patience)) { (view) throws(S4Error) in
      // Who was changed meanwhile is met again in the next round; a new header needs new work for all.
      guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
      var changes: [StoreChange] = []
      for (record, entry) in moved where try view.get(record.key) == record {
        let key = Self.recordKey(entry.lookup)
        if key != record.key { changes.append(.delete(key: record.key)) }
        changes.append(.put(key: key, value: entry.encoded()))
      }
      return changes
    }
  }

  /// Changes the header, with an entry in the audit trail.
  /// - Parameter edit: false: nothing is to be changed. May ask a key service; may run more than once.
  private func editHeader(
    _ entry: AuditEvent, _ edit: (inout VaultHeader, KeyRing) throws(S4Error) -> Bool
  ) throws(S4Error) {
    let deadline = Deadline(milliseconds: Self.patience)
    while true {
      let ring = try refreshed(ring).ring
      var header = ring.header
      guard try edit(&header, ring) else { return }
      // The set in use proves the header genuine: at the beginning of a rekey the new one, which only the header has.
      let set = try setInUse(header, ring)
      let value = try header.encoded(directoryKey: set.directory)
      let formerSet = header.currentSet == ring.header.currentSet ? nil : ring.header.currentSet
      let trail = AuditTrail(vaultID: ring.vaultID, keySet: set.version) {
        [title = store.title] (version) throws(S4Error) in
        try (version == set.version ? set : ring.openSet(version, title)).audit
      }
      let isDone = Flag()
      try store.change(by: deadline) { (view) throws(S4Error) in
        isDone.isSet = false
        guard try view.get(VaultHeader.key)?.holds(ring.headerValue) == true else { return [] }
        isDone.isSet = true
        return [.put(key: VaultHeader.key, value: value)]
          + (try trail.append([entry], raisesGeneration: true, formerKeySet: formerSet, in: view))
      }
      if isDone.isSet {
        _ = try refreshed(ring)
        return
      }
      guard !deadline.hasPassed else { throw contended }
    }
  }

  private func setInUse(_ header: VaultHeader, _ ring: KeyRing) throws(S4Error) -> KeySet {
    if let set = ring.sets[header.currentSet] { return set }
    let provider = try ring.currentProvider(store.title)
    guard let wrapped = header.key(header.currentKey)?.sets.first(where: { $0.version == header.currentSet }) else {
      throw S4Error(.internalDefect, "a new key set has got lost: please report this")
    }
    let place = KeyRing.place(wrapped.version, header.currentKey, header.vaultID)
    let keys = try provider.unwrap(wrapped.wrapped, associatedData: place.associatedData)
    return try KeySet(version: wrapped.version, keys)
  }
}
