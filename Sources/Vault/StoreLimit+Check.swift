// SPDX-License-Identifier: Apache-2.0

import Basics

extension StoreLimit {
  /// Judges what is about to be stored: the vault bounds what the product gives before it comes here.
  /// - Parameter batch: most changes.
  /// - Throws: `.internalDefect` for a key or a value that no store takes, too many changes, or two of one record.
  static func check(_ changes: [StoreChange], batch: Int = Self.batch) throws(S4Error) {
    guard changes.count <= batch else {
      throw S4Error(
        .internalDefect, "a change of \(changes.count) records, where \(batch) is the most: please report this")
    }
    // Most changes are of a few records: no set is made for them.
    let isShort = changes.count <= 8
    var seen = Set<String>()
    for (index, change) in changes.enumerated() {
      let key = change.key
      guard 1...Self.key ~= key.utf8.count, key.utf8.allSatisfy({ 0x21..<0x7F ~= $0 }) else {
        throw S4Error(
          .internalDefect, "the record \(Display.quoted(key)) has a key that cannot be: please report this")
      }
      if case .put(_, let value) = change, value.count > Self.value {
        throw S4Error(
          .internalDefect,
          "the record \(Display.quoted(key)) has \(value.count) bytes, where \(Self.value) is the most: please "
            + "report this"
        )
      }
      guard isShort ? !changes[..<index].contains(where: { $0.key == key }) : seen.insert(key).inserted else {
        throw S4Error(
          .internalDefect, "one change holds the record \(Display.quoted(key)) twice: please report this")
      }
    }
  }
}
