// SPDX-License-Identifier: Apache-2.0

import Basics

/// A vault's records in the product's own database, reached through callbacks.
///
/// What the callbacks give is not trusted: a record that was not asked for, lists out of order or versions that cannot
/// be are errors, with the sentence that helps whoever writes the callbacks. No lock is held while one runs, so it may
/// take its time, come from several threads at once, and even call the library. Whoever makes a store closes it.
package final class CallbackStore: Store {
  package let title: String
  let callbacks: Callbacks

  /// How many threads are inside callbacks, and whether more may enter.
  private struct Use {
    var inside = 0
    var isClosed = false
    var isFreed = false
  }

  private let use = Locked(Use())
  private let guardian = ForkGuard()

  /// - Parameter title: what messages call it: "PostgreSQL vault.product".
  package init(title: String, callbacks: Callbacks) {
    self.title = title
    self.callbacks = callbacks
  }

  package var needsCallersThread: Bool { true }

  package var readOnlyReason: String? { nil }

  package func get(_ key: String) throws(S4Error) -> StoredRecord? {
    let given = try call("read") { () throws(Failure) in try callbacks.get(key) }
    guard given.count <= 1 else {
      throw misbehaviour("gave \(given.count) records for the key \(Display.quoted(key)): its get gives one or none")
    }
    guard let record = given.first else { return nil }
    guard record.key.utf8.elementsEqual(key.utf8) else {
      throw misbehaviour(
        "gave the record \(Display.quoted(record.key)) for the key \(Display.quoted(key)): mend its get")
    }
    try check(record)
    return record
  }

  package func list(prefix: String, after: String?, limit: Int) throws(S4Error) -> [StoredRecord] {
    let limit = min(limit, StoreLimit.batch)
    guard limit > 0 else { return [] }
    let given = try call("read") { () throws(Failure) in try callbacks.list(prefix, after, limit) }
    guard given.count <= limit else {
      throw misbehaviour("listed \(given.count) records and was asked for at most \(limit): mend its list")
    }
    var last = after
    for record in given {
      try checkKey(record.key)
      guard record.key.utf8.starts(with: prefix.utf8) else {
        throw misbehaviour(
          "listed the record \(Display.quoted(record.key)) under \(Display.quoted(prefix)): its list compares case and "
            + "every character as it is")
      }
      guard last.map({ Self.comes($0, before: record.key) }) ?? true else {
        throw misbehaviour(
          "listed the record \(Display.quoted(record.key)) after \(Display.quoted(last ?? "")): its list goes by the "
            + "bytes of the keys (COLLATE \"C\" in SQL), from behind `after` on, each once")
      }
      try check(record)
      last = record.key
    }
    return given
  }

  /// Nothing to prove here: which records there are is the product's database's word. That one was held back or put
  /// back to an earlier state is what the audit trail shows.
  package func proveSound(_ further: (any StoreView) throws(S4Error) -> Void) throws(S4Error) {}

  package func close() {
    guard !guardian.isForked else { return }
    let isLast = use.withLock { use in
      use.isClosed = true
      return Self.takesFreeing(&use)
    }
    if isLast { callbacks.free() }
  }

  /// Nothing of a database is held between two callbacks.
  package func suspend() {}

  /// Carries out a change that was read for.
  /// - Returns: false where another writer came first.
  func commit(_ parts: [Part]) throws(S4Error) -> Bool {
    try call("written") { () throws(Failure) in try callbacks.commit(parts) }
  }

  /// The order that stores list in: that of the keys' bytes.
  static func comes(_ key: String, before other: String) -> Bool {
    key.utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// - Parameter what: what the store cannot be when the callback fails.
  private func call<Result>(
    _ what: StaticString, _ body: () throws(Failure) -> Result
  ) throws(S4Error) -> Result {
    try enter()
    defer { leave() }
    do throws(Failure) {
      return try body()
    } catch {
      switch error {
      case .fault(let fault): throw fault
      case .refused(let reason):
        throw S4Error(
          .vaultUnavailable,
          "\(title) cannot be \(what): \(reason ?? "its callback gave no reason (askel_s4_sink_failure)")",
          isRetryable: true)
      }
    }
  }

  private func enter() throws(S4Error) {
    try guardian.check()
    try use.withLock { (use) throws(S4Error) in
      guard !use.isClosed else { throw .closed }
      use.inside += 1
    }
  }

  private func leave() {
    // A callback may have forked: its child owns nothing here.
    guard !guardian.isForked else { return }
    let isLast = use.withLock { use in
      use.inside -= 1
      return Self.takesFreeing(&use)
    }
    if isLast { callbacks.free() }
  }

  /// Whether the caller is the one that frees what the callbacks hold.
  private static func takesFreeing(_ use: inout Use) -> Bool {
    guard use.isClosed, use.inside == 0, !use.isFreed else { return false }
    use.isFreed = true
    return true
  }

  private func check(_ record: StoredRecord) throws(S4Error) {
    // One below the largest, since the next change adds one.
    guard 1..<Int64.max ~= record.version else {
      throw S4Error(
        .vaultCorrupt,
        "\(title) gave the record \(Display.quoted(record.key)) with the version \(record.version): its column is "
          + "a 64-bit integer, and nobody but the library counts in it; restore the record from a copy")
    }
    guard record.value.count <= StoreLimit.value else {
      throw S4Error(
        .vaultCorrupt,
        "\(title) gave \(record.value.count) bytes for the record \(Display.quoted(record.key)), and none is larger than "
          + "\(StoreLimit.value): restore the record from a copy")
    }
  }

  private func checkKey(_ key: String) throws(S4Error) {
    guard 1...StoreLimit.key ~= key.utf8.count, key.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
      throw misbehaviour("listed a record with the key \(Display.quoted(key)), which none of the library's has")
    }
  }

  /// The callbacks broke their contract: their author is spoken to.
  private func misbehaviour(_ what: String) -> S4Error {
    S4Error(.vaultUnavailable, "\(title) \(what)")
  }
}
