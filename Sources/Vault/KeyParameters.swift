// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// What the vault keeps beside a version of its key-encryption key, in clear: what kind of key it is, and what it takes
/// to have it again. The first byte is the kind; what follows:
/// - 0, local: nothing.
/// - 1, passphrase: log2 N (1 byte), r (1), p (1), salt (the rest: 16 to 64 bytes).
/// - 2, service: the key's name (the rest: 1 to 512 bytes of UTF-8).
///
/// They are read before anything can be proven, so nothing here is trusted: what is out of bounds is refused.
package enum KeyParameters: Equatable, Sendable {
  /// 32 bytes of the product's, from a file or from memory.
  case local
  case passphrase(salt: [UInt8], cost: Scrypt.Cost)
  case service(name: String)

  /// Bytes of a service's name.
  package static let nameRange = 1...512

  /// Reads parameters as the vault keeps them.
  /// - Throws: `.vaultCorrupt`.
  package init(_ bytes: [UInt8]) throws(S4Error) {
    let rest = bytes.dropFirst()
    switch bytes.first {
    case 0:
      guard rest.isEmpty else { throw Self.outOfBounds("\(rest.count) bytes too many for a file or 32 bytes") }
      self = .local
    case 1:
      guard rest.count >= 3 else { throw Self.outOfBounds("a passphrase without costs") }
      let costs = rest.prefix(3).map { Int($0) }
      let salt = Array(rest.dropFirst(3))
      let cost = Scrypt.Cost(log2N: costs[0], blockSize: costs[1], parallelisation: costs[2])
      guard cost.isAdmitted, Scrypt.saltRange ~= salt.count else {
        throw Self.outOfBounds(
          "a passphrase with log2 N \(cost.log2N), r \(cost.blockSize), p \(cost.parallelisation) and a salt of "
            + "\(salt.count) bytes")
      }
      self = .passphrase(salt: salt, cost: cost)
    case 2:
      guard Self.nameRange ~= rest.count, let name = String(validating: rest, as: UTF8.self) else {
        throw Self.outOfBounds("a service whose key has no proper name (\(rest.count) bytes)")
      }
      self = .service(name: name)
    case .none: throw Self.outOfBounds("none")
    case .some(let kind): throw Self.outOfBounds("an unknown kind of key (\(kind))")
    }
  }

  /// As the vault keeps them.
  package var bytes: [UInt8] {
    switch self {
    case .local: [0]
    case .passphrase(let salt, let cost):
      [1] + [cost.log2N, cost.blockSize, cost.parallelisation].map { UInt8(truncatingIfNeeded: $0) } + salt
    case .service(let name): [2] + Array(name.utf8)
    }
  }

  /// What key is wanted, for messages: `a passphrase`.
  package var title: String {
    switch self {
    case .local: "a key file, or its 32 bytes"
    case .passphrase: "a passphrase"
    case .service(let name): "the key \(Display.quoted(name)) of a key management service"
    }
  }

  private static func outOfBounds(_ what: String) -> S4Error {
    S4Error(
      .vaultCorrupt,
      "the key parameters kept in the vault are out of bounds (\(what)): they were damaged or tampered with; restore "
        + "the vault from a copy")
  }
}
