// SPDX-License-Identifier: Apache-2.0

import Basics
import CSQLite
import Secrets
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Sealed records in a SQLite file: for each connection its credential and its id, under a data key of its own, which
/// is wrapped under the key-encryption key. There is no form without encryption.
///
/// Several threads, objects and processes may use one file. No row is cached: what is read is what the file holds.
///
/// What it does not stop: who can write the file can put back an older copy of the whole file or of one connection's
/// rows, and can change the states, which are not sealed.
package final class Vault: Sendable {
  /// Version of the key-encryption key that this vault's data keys are wrapped under.
  static let keyVersion: Int64 = 1

  /// 32 hexadecimal digits: the random id that the vault got when it was made.
  package let id: String
  let vaultID: [UInt8]
  let path: String
  let key: KeyEncryptionKey
  /// Key of the lookup codes.
  private let indexKey: SecretBytes
  let database: Locked<Database?>
  private let process = getpid()
  private let isClosed = Atomic<Bool>(false)

  /// Opens the vault at this path, or makes a new one there.
  /// - Throws: `.vaultUnavailable` (file, directory, permissions), `.vaultKeyRefused` (another vault's key),
  ///   `.vaultCorrupt`, `.invalidArgument`, `.hostUnfit`.
  package init(path: String, key: KeyEncryptionKey) throws(S4Error) {
    guard sqlite3_threadsafe() != 0, sqlite3_libversion_number() >= 3_037_000 else {
      throw S4Error(
        .hostUnfit, "SQLite \(String(cString: sqlite3_libversion())) will not do: 3.37 or newer with threads is wanted")
    }
    let file = try VaultFile(path: path)
    if try !file.exists() {
      let isNew = try file.create { (draft) throws(S4Error) in try Self.build(draft, key) }
      // Somebody else's vault came first: it is judged like any other.
      if !isNew { _ = try file.exists() }
    }
    let opened = try Self.open(file.path, key)
    self.path = file.path
    self.key = key
    vaultID = opened.vaultID
    id = Display.hex(opened.vaultID)
    indexKey = opened.indexKey
    database = Locked(opened.database)
    ForkWatch.shared.add(self)
  }

  /// Ends the use of the file. What is asked of the vault later answers `.closed`. May be called twice.
  package func close() {
    guard !isForeign else { return }
    isClosed.store(true, ordering: .releasing)
    database.withLock { $0 = nil }
  }

  /// Closes the file until its next use: a fork is about to happen. Where a thread is still inside after all, it stays.
  func suspend() {
    database.withLockIfAvailable { $0 = nil }
  }

  /// Whether this object was made in another process.
  private var isForeign: Bool { getpid() != process }

  private func checkProcess() throws(S4Error) {
    guard !isForeign else { throw .forked }
  }

  /// Runs a body with the database, one thread at a time.
  func withDatabase<Result: Sendable>(
    _ body: (Database) throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    try checkProcess()
    return try database.withLock { (database: inout Database?) throws(S4Error) -> Result in
      guard !isClosed.load(ordering: .acquiring) else { throw .closed }
      if let database { return try body(database) }
      // A fork closed it.
      let reopened = try Database(path: path)
      database = reopened
      return try body(reopened)
    }
  }

  /// Runs a body with the database for a thread that many wait for: others, in this process or another, are given
  /// `Database.briefTimeout` to finish.
  /// - Throws: also `.vaultUnavailable` where they do not.
  func withDatabaseBriefly<Result: Sendable>(
    _ body: (Database) throws(S4Error) -> Result
  ) throws(S4Error) -> Result {
    try checkProcess()
    guard database.acquire(milliseconds: Int64(Database.briefTimeout)) else {
      throw Database.fault(SQLITE_BUSY, path: path)
    }
    defer { database.release() }
    return try database.whileAcquired { (database: inout Database?) throws(S4Error) -> Result in
      guard !isClosed.load(ordering: .acquiring) else { throw .closed }
      let opened = if let database { database } else { try Database(path: path) }
      database = opened
      return try opened.waitingBriefly { () throws(S4Error) in try body(opened) }
    }
  }

  /// The code that a connection's row is found by. The file holds it in place of the id, which names a customer.
  func lookup(_ connection: String) throws(S4Error) -> [UInt8] {
    // Before OpenSSL, whose locks another thread may have held at the fork.
    try checkProcess()
    return try HMACSHA256.code(for: connection, key: indexKey)
  }

  /// Fills a new file.
  private static func build(_ path: String, _ key: KeyEncryptionKey) throws(S4Error) {
    let vaultID = try Random.bytes(16)
    let check = SealedPlace(vaultID: vaultID, kind: .keyCheck, keyVersion: keyVersion)
    let index = SealedPlace(vaultID: vaultID, kind: .indexKey, keyVersion: keyVersion)
    let database = try Database(path: path)
    let sealedCheck = try AEAD.seal(keyCheck, key: key.secret, associatedData: check.associatedData)
    let sealedIndex = try AEAD.seal(Random.key(), key: key.secret, associatedData: index.associatedData)
    try database.transaction { () throws(S4Error) in
      try database.execute(Schema.sql)
      try database.run(.insertVault, [.blob(vaultID), .integer(keyVersion)])
      for (kind, sealed) in [(check.kind, sealedCheck), (index.kind, sealedIndex)] {
        try database.run(.insertVaultKey, [.integer(keyVersion), .text(kind.rawValue), .blob(sealed)])
      }
    }
    try database.execute("PRAGMA journal_mode = WAL")
  }

  /// Opens a file and proves that it is a vault, and the key its own.
  private static func open(
    _ path: String, _ key: KeyEncryptionKey
  ) throws(S4Error) -> (database: Database, vaultID: [UInt8], indexKey: SecretBytes) {
    let database = try Database(path: path)
    let application = try database.first(.applicationID) { (row) throws(S4Error) in try row.integer(0) }
    guard application == Schema.applicationID else { throw Database.fault(SQLITE_NOTADB, path: path) }
    let version = try database.first(.userVersion) { (row) throws(S4Error) in try row.integer(0) } ?? 0
    guard version <= SealedPlace.formatVersion else {
      throw S4Error(
        .vaultUnavailable,
        "the vault \(Display.quoted(path)) has format \(version), this library knows format "
          + "\(SealedPlace.formatVersion): use a newer library")
    }
    guard version == SealedPlace.formatVersion else { throw Database.fault(SQLITE_CORRUPT, path: path) }
    if try database.first(.journalMode, [], { (row) throws(S4Error) in try row.text(0) }) != "wal" {
      try database.execute("PRAGMA journal_mode = WAL")
    }

    let header = try database.first(.vault) { (row) throws(S4Error) in
      (vaultID: try row.blob(0, 16...16), keyVersion: try row.integer(1))
    }
    guard let header else { throw Database.fault(SQLITE_CORRUPT, path: path) }
    guard header.keyVersion == keyVersion else { throw Database.fault(SQLITE_CORRUPT, path: path) }
    let check = try openKey(.keyCheck, key, header.vaultID, database)
    let index = try openKey(.indexKey, key, header.vaultID, database)
    // A wrong key opens neither; one that opens alone tells of damage.
    guard check != nil || index != nil else {
      throw S4Error(
        .vaultKeyRefused,
        "the key does not open the vault \(Display.quoted(path)): give the key that the vault was made with")
    }
    guard let check, let index, check == keyCheck, index.count == AEAD.keyCount else {
      throw S4Error(
        .vaultCorrupt,
        "the keys kept in the vault \(Display.quoted(path)) do not prove genuine: the file was damaged or tampered "
          + "with; restore it from a copy")
    }
    return (database, header.vaultID, index)
  }

  /// Opens one of the vault's own keys; nil where it does not prove genuine.
  private static func openKey(
    _ kind: SealedPlace.Kind, _ key: KeyEncryptionKey, _ vaultID: [UInt8], _ database: Database
  ) throws(S4Error) -> SecretBytes? {
    let sealed = try database.first(.vaultKey, [.integer(keyVersion), .text(kind.rawValue)]) { (row) throws(S4Error) in
      try row.blob(0, 1...1_024)
    }
    guard let sealed else { throw Database.fault(SQLITE_CORRUPT, path: database.path) }
    let place = SealedPlace(vaultID: vaultID, kind: kind, keyVersion: keyVersion)
    do {
      return try AEAD.open(sealed, key: key.secret, associatedData: place.associatedData)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      return nil
    }
  }

  /// The constant of the key check.
  // Made anew each time: what lies in the arena is zero in the child of a fork.
  private static var keyCheck: SecretBytes { SecretBytes(copying: Array("askel-s4 vault key check".utf8)) }
}
