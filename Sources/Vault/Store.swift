// SPDX-License-Identifier: Apache-2.0

import Basics

/// One record of a store.
package struct StoredRecord: Equatable, Sendable {
  /// ASCII, at most 128 bytes: "vault", "connection/…", "audit/…".
  package let key: String
  /// 1 for a new record; rises by one with each change.
  package let version: Int64
  /// What the vault made of it: sealed or authenticated, at most `StoreLimit.value` bytes.
  package let value: [UInt8]

  package init(key: String, version: Int64, value: [UInt8]) {
    self.key = key
    self.version = version
    self.value = value
  }

  /// Not inlined: comparing arrays takes five kilobytes of code at each place.
  @inline(never)
  func holds(_ expected: [UInt8]) -> Bool { value == expected }
}

/// One part of a change that comes whole or not at all.
package enum StoreChange: Equatable, Sendable {
  case put(key: String, value: [UInt8])
  /// Without effect where there is no such record.
  case delete(key: String)

  package var key: String {
    switch self {
    case .put(let key, _), .delete(let key): key
    }
  }
}

package enum StoreLimit {
  /// Bytes of the longest key.
  package static let key = 128
  /// Bytes of the largest value: two credentials with their certificate authorities.
  package static let value = 3 << 20
  /// Records of one `list`, and changes of one `change`.
  package static let batch = 1_000
}

/// Reads records: committed ones, or, inside `Store.change`, those that the change builds upon.
package protocol StoreView {
  /// - Throws: `.vaultUnavailable`, `.vaultCorrupt`, `.hostUnfit`, `.closed`.
  func get(_ key: String) throws(S4Error) -> StoredRecord?

  /// Lists the records whose keys begin with `prefix`, in the order of their keys' bytes.
  /// - Parameters:
  ///   - after: keys up to and with this one are left out; nil: none.
  ///   - limit: most records to give, at most `StoreLimit.batch`; fewer mean that there are no more.
  func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord]
}

/// Where a vault's records are kept: SQLite, or the product's own database. A store knows no secret: what it gets is
/// sealed already, and what it gives is not trusted.
///
/// Called by several threads at once.
package protocol Store: StoreView, Sendable {
  /// For messages: `the vault "/var/lib/p/vault.db"`.
  var title: String { get }

  /// Whether it may be used only on a thread that the product has lent for a call: never on the I/O thread.
  var needsCallersThread: Bool { get }

  /// Why it cannot be written, for the instance's status; nil where it can.
  var readOnlyReason: String? { get }

  /// Changes records: all of the changes that `body` gives come, durably, or none.
  ///
  /// What `body` reads from its view is what the change builds upon: where another writer changed one of those records
  /// meanwhile, `body` runs again. So it does nothing but read and compute.
  /// - Parameters:
  ///   - deadline: by which other writers are waited for.
  ///   - body: gives changes of different keys; none end it without a write.
  /// - Throws: what `body` throws, `.vaultUnavailable`, `.vaultCorrupt`, `.hostUnfit`, `.closed`.
  func change(by deadline: Deadline, _ body: (any StoreView) throws(S4Error) -> [StoreChange]) throws(S4Error)

  /// Proves, where the store can, that no record is hidden by damage: asked before "there is no such record" is said.
  /// - Parameter further: what only the owner of the records can see; not asked again where nothing has changed since.
  /// - Throws: `.vaultCorrupt`, `.vaultUnavailable`, and what `further` throws.
  func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error)

  /// Clears away, where the store can and nobody is in the way, what deleted records left in its files.
  func tidy()

  /// Copies all records, while they are in use, to a new file that opens as a vault.
  /// - Throws: `.invalidArgument` where the store has no file, `.vaultUnavailable`.
  func backup(to path: String) throws(S4Error)

  /// Ends the use. What is asked later answers `.closed`. May be called twice.
  func close()

  /// Lets go of what must not be carried across a `fork()`; it comes back with the next use.
  func suspend()
}

extension Store {
  package func proveSound() throws(S4Error) {
    try proveSound { _ in }
  }

  package func tidy() {}

  package func backup(to path: String) throws(S4Error) {
    throw S4Error.invalidArgument("path", "\(title) is no file: copy it with that store's own means")
  }
}
