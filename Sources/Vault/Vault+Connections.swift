// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

extension Vault {
  /// Bytes of the largest record: a credential with a file of certificate authorities.
  package static let largestRecord = 1 << 20
  /// Bytes of the longest connection id.
  package static let longestID = 128

  /// Stores a connection's record, or replaces it; durable when it returns. The state becomes `new`.
  ///
  /// Each put has a data key of its own: an older wrapped key, left in a copy of the file or in its log, does not open
  /// the new record, and no key ever seals two texts of a kind, so that nonces cannot meet.
  /// - Parameters:
  ///   - id: 1 to 128 bytes without control characters.
  ///   - record: at most 1 MiB.
  /// - Returns: the generation: 1 for the first connection, then rising; never one that this id had before.
  /// - Throws: `.invalidArgument`, `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  package func put(connection id: String, record: SecretBytes) throws(S4Error) -> Int64 {
    guard 1...Self.longestID ~= id.utf8.count, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw S4Error.invalidArgument(
        "id", "\(Display.quoted(id)) will not do: give 1 to \(Self.longestID) bytes without control characters")
    }
    guard record.count <= Self.largestRecord else {
      throw S4Error.invalidArgument(
        "ca_file", "the connection has \(record.count) bytes with its certificates: at most \(Self.largestRecord) fit")
    }
    let lookup = try lookup(id)
    let name = SecretBytes(copying: Array(id.utf8))
    let dataKey = try Random.key()
    let newRowID = try Random.bytes(16)
    let now = Timestamp.now.milliseconds
    return try withDatabase { (database) throws(S4Error) in
      try database.transaction { () throws(S4Error) in
        let old = try database.first(.rowForPut, [.blob(lookup)]) { (row) throws(S4Error) in
          (
            id: try row.integer(0), rowID: try row.blob(1, 16...16),
            dataKeyVersion: try row.integer(2, in: 1...(.max - 1)), generation: try row.integer(3, in: 1...(.max - 1))
          )
        }
        let floor = try database.first(.vault) { (row) throws(S4Error) in try row.integer(2, in: 0...(.max - 1)) }
        let place = SealedPlace(
          vaultID: vaultID, kind: .dataKey, keyVersion: Self.keyVersion, rowID: old?.rowID ?? newRowID, lookup: lookup,
          dataKeyVersion: (old?.dataKeyVersion ?? 0) + 1, generation: (old?.generation ?? floor ?? 0) + 1)
        let row = try store(place, dataKey: dataKey, over: old?.id, at: now, in: database)
        for (kind, text) in [(SealedPlace.Kind.credential, record), (.name, name)] {
          var place = place
          (place.kind, place.keyVersion) = (kind, 0)
          let sealed = try AEAD.seal(text, key: dataKey, associatedData: place.associatedData)
          try database.run(
            .replaceRecord,
            [.integer(row), .text(kind.rawValue), .integer(place.generation), .blob(sealed)])
        }
        return place.generation
      }
    }
  }

  /// Opens a connection's record.
  /// - Throws: `.notFound`, `.vaultCorrupt` when the record does not prove genuine, `.vaultUnavailable`, `.closed`,
  ///   `.forked`.
  package func open(connection id: String) throws(S4Error) -> (record: SecretBytes, status: ConnectionStatus) {
    let lookup = try lookup(id)
    let found = try withDatabase { (database) throws(S4Error) in
      let found = try database.first(.credential, [.blob(lookup)]) { (row) throws(S4Error) in
        (
          status: try ConnectionStatus(row),
          record: try SealedRecord(row, .credential, lookup: lookup, first: 6, generation: 0, record: 10)
        )
      }
      if let found { return found }
      throw try missing(id, in: database)
    }
    return (try found.record.open(in: self, name: id), found.status)
  }

  /// Lists the ids of all connections, ordered by their bytes.
  /// - Throws: `.vaultCorrupt` when one does not prove genuine, `.vaultUnavailable`, `.closed`, `.forked`.
  package func list() throws(S4Error) -> [String] {
    let records = try withDatabase { (database) throws(S4Error) in
      // A damaged file could lose rows in silence.
      try database.proveSound()
      var records: [SealedRecord] = []
      try database.forEach(.names, []) { (row) throws(S4Error) in
        let lookup = try row.blob(0, HMACSHA256.codeCount...HMACSHA256.codeCount)
        records.append(try SealedRecord(row, .name, lookup: lookup, first: 1, generation: 5, record: 6))
      }
      return records
    }
    var ids: [String] = []
    for record in records {
      let name = try record.open(in: self, name: nil).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
      ids.append(name ?? "")
    }
    return ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Counts the connections.
  package func count() throws(S4Error) -> Int {
    try withDatabase { (database) throws(S4Error) in
      Int(try database.first(.count) { (row) throws(S4Error) in try row.integer(0) } ?? 0)
    }
  }

  /// Deletes a connection with its record and its data key; durable when it returns.
  /// - Throws: `.notFound`, `.vaultUnavailable`, `.vaultCorrupt`, `.closed`, `.forked`.
  package func delete(connection id: String) throws(S4Error) {
    let lookup = try lookup(id)
    try withDatabase { (database) throws(S4Error) in
      let isDone = try database.transaction { () throws(S4Error) in
        let row = try database.first(.rowForPut, [.blob(lookup)]) { (row) throws(S4Error) in
          (id: try row.integer(0), generation: try row.integer(3))
        }
        guard let row else { return false }
        // A new connection of this id must not take over what is still under way for this one.
        try database.run(.raiseGenerationFloor, [.integer(row.generation)])
        try database.run(.deleteRecords, [.integer(row.id)])
        try database.run(.deleteConnection, [.integer(row.id)])
        return true
      }
      guard isDone else { throw try missing(id, in: database) }
      // The log still holds the sealed record. Where a reader is in the way, a later checkpoint clears it.
      _ = try? database.run(.truncateLog)
    }
  }

  /// Says that there is no such connection, once it is sure that damage does not merely hide it.
  func missing(_ id: String, in database: Database) throws(S4Error) -> S4Error {
    try database.proveSound()
    return S4Error(.notFound, "there is no connection \(Display.quoted(id)) in the vault", target: id)
  }

  /// Writes a connection's row.
  /// - Parameter row: the row to replace; nil for a new one.
  /// - Returns: the row's number.
  private func store(
    _ place: SealedPlace, dataKey: SecretBytes, over row: Int64?, at now: Int64, in database: Database
  ) throws(S4Error) -> Int64 {
    let wrapped = try AEAD.seal(dataKey, key: key.secret, associatedData: place.associatedData)
    let values: [Database.Value] = [
      .integer(place.keyVersion), .integer(place.dataKeyVersion), .blob(wrapped), .integer(place.generation),
      .text(ConnectionState.new.rawValue), .integer(now),
    ]
    if let row {
      try database.run(.replaceConnection, [.integer(row)] + values)
      return row
    }
    let new = try database.first(.insertConnection, [.blob(place.rowID), .blob(place.lookup)] + values) {
      (row) throws(S4Error) in try row.integer(0)
    }
    guard let new else { throw S4Error(.internalDefect, "a new row got no number: please report this") }
    return new
  }
}
