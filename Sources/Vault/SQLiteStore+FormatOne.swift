// SPDX-License-Identifier: Apache-2.0

import Basics

extension SQLiteStore {
  /// Brings a file of format 1 to format 2, in one step: who is killed in between leaves it as it was. Of several that
  /// try at once, one does it, and the others find format 2.
  /// - Parameter build: makes the records of what the file holds; any number. Not asked where the file has format 2.
  /// - Throws: what `build` throws, `.vaultCorrupt`, `.vaultUnavailable`, `.closed`, `.forked`.
  func migrateFromFormatOne(
    _ build: (FormatOneContent) throws(S4Error) -> [StoreChange]
  ) throws(S4Error) {
    let deadline = Deadline(milliseconds: Patience.usual)
    try write(by: deadline) { (database) throws(S4Error) in
      let isMigrated = try database.transaction(by: deadline) { () throws(S4Error) in
        guard try database.format() == 1 else { return false }
        // What damage hides would be dropped with the tables.
        try database.proveSound()
        let changes = try build(try FormatOne.read(database))
        try StoreLimit.check(changes, batch: .max)
        // The old table of that name makes room for the new one.
        try database.execute(FormatOne.dropping + Schema.records)
        for change in changes { try database.apply(change) }
        return true
      }
      // What the old tables held is overwritten in the file, but not in the log. Where a reader is in the way, a later
      // checkpoint clears it.
      if isMigrated { database.clearLog(by: Deadline(milliseconds: 2_000)) }
    }
  }
}
