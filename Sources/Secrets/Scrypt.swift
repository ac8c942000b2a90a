// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

/// Stretches a passphrase to a key so that trying passphrases costs memory and time: scrypt. Source: RFC 7914.
package enum Scrypt {
  /// What a derivation costs. Both sides must know it, so it is kept beside what the key seals, with the salt.
  package struct Cost: Equatable, Sendable {
    /// Binary logarithm of N, the number of blocks in memory.
    package let log2N: Int
    /// Block size r, in units of 128 bytes.
    package let blockSize: Int
    /// Parallelisation p: rounds that are made one after the other here.
    package let parallelisation: Int

    package init(log2N: Int, blockSize: Int, parallelisation: Int) {
      self.log2N = log2N
      self.blockSize = blockSize
      self.parallelisation = parallelisation
    }

    /// Of new keys: 128 MiB, half a second. Source: OWASP Password Storage Cheat Sheet, "scrypt".
    package static let standard = Cost(log2N: 17, blockSize: 8, parallelisation: 1)

    /// What kept costs are admitted within: not below the standard, and not so high that opening takes the host down.
    package static let log2NRange = 17...20
    // Not 1: N is less than 2^(16 · r). Source: RFC 7914 section 2.
    package static let blockSizeRange = 2...16
    package static let parallelisationRange = 1...4
    /// Bytes of memory at most.
    package static let largestMemory = 1 << 30

    /// Bytes of memory that a derivation takes, by and large: 128 · N · r. Only for costs within the ranges.
    var memory: Int { 128 &* blockSize &* (1 &<< log2N) }

    package var isAdmitted: Bool {
      Self.log2NRange ~= log2N && Self.blockSizeRange ~= blockSize && Self.parallelisationRange ~= parallelisation
        && memory <= Self.largestMemory
    }
  }

  /// Bytes of a salt.
  package static let saltRange = 16...64

  /// Derives a key.
  /// - Parameters:
  ///   - passphrase: any length.
  ///   - salt: 16 to 64 bytes.
  /// - Returns: 32 bytes.
  /// - Throws: `.vaultCorrupt` for a salt or a cost out of bounds, `.hostUnfit` where there is no memory for it.
  package static func key(
    from passphrase: SecretBytes, salt: [UInt8], cost: Cost
  ) throws(S4Error) -> SecretBytes {
    guard saltRange ~= salt.count, cost.isAdmitted else {
      throw S4Error(
        .vaultCorrupt,
        "the passphrase's parameters in the vault are out of bounds (salt of \(salt.count) bytes, log2 N "
          + "\(cost.log2N), r \(cost.blockSize), p \(cost.parallelisation)): they were damaged or tampered with; restore "
          + "the vault from a copy")
    }
    return try derive(from: passphrase, salt: salt, cost: cost, count: AEAD.keyCount)
  }

  /// Derives without the bounds of `key(from:salt:cost:)`, for known answers.
  /// - Parameters:
  ///   - cost: log2 N up to 30, r and p up to 1024.
  ///   - count: bytes to derive.
  ///
  /// OpenSSL wipes its own tables before it frees them (crypto/evp/pbe_scrypt.c and the provider's scrypt.c).
  static func derive(
    from passphrase: SecretBytes, salt: [UInt8], cost: Cost, count: Int
  ) throws(S4Error) -> SecretBytes {
    guard 1...30 ~= cost.log2N, 1...1_024 ~= cost.blockSize, 1...1_024 ~= cost.parallelisation else {
      throw S4Error(.internalDefect, "scrypt was given a cost that no key has: please report this")
    }
    OpenSSLRuntime.start()
    // What OpenSSL counts: p blocks, N blocks and two to work in; its own limit without this would be 32 MiB.
    let blocks = 128 &* cost.blockSize &* (cost.parallelisation &+ 2)
    let memory = UInt64(truncatingIfNeeded: cost.memory &+ blocks &+ slack)
    return try SecretBytes(count: count) { (key) throws(S4Error) in
      let isDone = passphrase.withUnsafeBytes { text in
        salt.span.withUnsafeBytes { salt in
          EVP_PBE_scrypt(
            text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count,
            salt.baseAddress?.assumingMemoryBound(to: UInt8.self), salt.count, 1 &<< UInt64(cost.log2N),
            UInt64(cost.blockSize), UInt64(cost.parallelisation), memory,
            key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count) == 1
        }
      }
      guard isDone else {
        ERR_clear_error()
        throw S4Error(
          .hostUnfit,
          "scrypt, which makes the key of the passphrase, did not get \(max(cost.memory >> 20, 1)) MiB of memory, or "
            + "OpenSSL does not offer it: give this process more memory, or look at OpenSSL's configuration",
          isRetryable: true)
      }
    }
  }

  /// Bytes beyond what is counted.
  private static let slack = 1 << 20
}
