// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// One sealed record as the file holds it, with all that it was sealed with; opened outside of the vault's lock.
struct SealedRecord: Sendable {
  let kind: SealedPlace.Kind
  let rowID: [UInt8]
  let lookup: [UInt8]
  let keyVersion: Int64
  let dataKeyVersion: Int64
  let wrappedDataKey: [UInt8]
  let generation: Int64
  let recordGeneration: Int64
  let sealed: [UInt8]

  /// Reads a connection's record of the query `credential` or `names`.
  /// - Parameters:
  ///   - first: column of row id, version of the key-encryption key, version of the data key and wrapped data key.
  ///   - generation: column of the connection's generation.
  ///   - record: column of the record's generation and sealed text, both NULL where there is none.
  init(
    _ row: Row, _ kind: SealedPlace.Kind, lookup: [UInt8], first: Int32, generation: Int32, record: Int32
  ) throws(S4Error) {
    self.kind = kind
    self.lookup = lookup
    rowID = try row.blob(first, 16...16)
    keyVersion = try row.integer(first + 1)
    dataKeyVersion = try row.integer(first + 2)
    wrappedDataKey = try row.blob(first + 3, 60...60)
    self.generation = try row.integer(generation, in: 1 ... .max)
    recordGeneration = try row.integer(record)
    sealed = try row.blob(record + 1, AEAD.overhead...Vault.largestRecord + AEAD.overhead)
  }

  /// Unwraps the data key and opens the record.
  /// - Parameter name: the connection's id, for the message; nil where it is what shall be opened.
  func open(in vault: Vault, name: String?) throws(S4Error) -> SecretBytes {
    do throws(S4Error) {
      guard keyVersion == Vault.keyVersion, recordGeneration == generation else { throw S4Error(.vaultCorrupt, "") }
      let dataKey = try AEAD.open(
        wrappedDataKey, key: vault.key.secret, associatedData: place(.dataKey, in: vault).associatedData)
      guard dataKey.count == AEAD.keyCount else { throw S4Error(.vaultCorrupt, "") }
      return try AEAD.open(sealed, key: dataKey, associatedData: place(kind, in: vault).associatedData)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      let row = name.map { Display.quoted($0) } ?? "with the row id " + Display.hex(rowID)
      throw S4Error(
        .vaultCorrupt,
        "the \(kind.rawValue) of the connection \(row) in the vault \(Display.quoted(vault.path)) does not prove genuine: "
          + "it was damaged or tampered with; put the connection anew, or restore the vault from a copy")
    }
  }

  private func place(_ kind: SealedPlace.Kind, in vault: Vault) -> SealedPlace {
    SealedPlace(
      vaultID: vault.vaultID, kind: kind, keyVersion: kind == .dataKey ? keyVersion : 0, rowID: rowID, lookup: lookup,
      dataKeyVersion: dataKeyVersion, generation: generation)
  }
}
