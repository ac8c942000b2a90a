// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

#if canImport(Glibc)
  import Glibc
#endif

/// A key-encryption key in a key management service, as the vault uses it.
final class ServiceKey: KeyProvider {
  struct Operations: Sendable {
    let wrap: ServiceKeySource.Operation
    let unwrap: ServiceKeySource.Operation
  }

  let name: String
  /// nil after `close`: what the product gave is let go of, although clients may still hold this key.
  private let operations: Locked<Operations?>
  /// nil where nothing is kept.
  private let cache: ServiceKeyCache?

  init(name: String, operations: Operations, cache: ServiceKeyCache?) {
    self.name = name
    self.operations = Locked(operations)
    self.cache = cache
  }

  var localKey: SecretBytes? { nil }

  func wrap(_ keys: SecretBytes, associatedData: [UInt8]) throws(S4Error) -> [UInt8] {
    guard 1...KeyLimit.keys ~= keys.count else { throw KeyLimit.wrongCount(keys.count) }
    try check(associatedData)
    let wrap = try current().wrap
    let wrapped = try keys.withUnsafeBytes { (bytes) throws(S4Error) in try wrap(bytes, associatedData) }
    guard 1...KeyLimit.wrapped ~= wrapped.count else {
      throw refused("gave a wrapped key of \(wrapped.count) bytes, where 1 to \(KeyLimit.wrapped) are taken")
    }
    return try wrapped.withUnsafeBytes { (wrapped) throws(S4Error) in
      // It would stand in the vault in clear. Short ones may come by chance.
      guard keys.count < 16 || !keys.withUnsafeBytes({ Self.contains($0, in: wrapped) }) else {
        throw refused("gave the key back as it was: what wraps it must encrypt it")
      }
      return Array(wrapped)
    }
  }

  func unwrap(_ wrapped: [UInt8], associatedData: [UInt8]) throws(S4Error) -> SecretBytes {
    guard 1...KeyLimit.wrapped ~= wrapped.count else {
      throw S4Error(
        .vaultCorrupt,
        "a wrapped key of \(wrapped.count) bytes is none: the vault was damaged or tampered with; restore it from a "
          + "copy")
    }
    try check(associatedData)
    let unwrap = try current().unwrap
    let ask = { () throws(S4Error) -> SecretBytes in
      let keys = try wrapped.span.withUnsafeBytes { (bytes) throws(S4Error) in try unwrap(bytes, associatedData) }
      guard 1...KeyLimit.keys ~= keys.count else {
        throw self.refused("gave an unwrapped key of \(keys.count) bytes, where 1 to \(KeyLimit.keys) are taken")
      }
      return keys
    }
    guard let cache else { return try ask() }
    return try cache.key(of: wrapped, associatedData, otherwise: ask)
  }

  func close() {
    // What the product gave ends outside of the lock.
    let last = operations.withLock { operations in
      defer { operations = nil }
      return operations
    }
    _ = last
    cache?.close()
  }

  func dropExpired() {
    cache?.dropExpired()
  }

  /// What the header promises to services.
  private func check(_ associatedData: [UInt8]) throws(S4Error) {
    guard associatedData.count <= KeyLimit.associatedData else {
      throw S4Error(
        .internalDefect,
        "a key was to be bound to \(associatedData.count) bytes, above \(KeyLimit.associatedData): "
          + "please report this")
    }
  }

  private func current() throws(S4Error) -> Operations {
    guard let operations = operations.withLock({ $0 }) else { throw .closed }
    return operations
  }

  private func refused(_ what: String) -> S4Error {
    S4Error(.vaultKeyRefused, "the key service of \(Display.quoted(name)) \(what): mend its callbacks")
  }

  private static func contains(_ part: UnsafeRawBufferPointer, in whole: UnsafeRawBufferPointer) -> Bool {
    guard let start = whole.baseAddress, let wanted = part.baseAddress, whole.count >= part.count
    else { return false }
    return (0...whole.count - part.count).contains { memcmp(start + $0, wanted, part.count) == 0 }
  }
}
