// SPDX-License-Identifier: Apache-2.0

import Basics

/// Authenticated encryption with associated data: AES-256-GCM. A sealed text is nonce (12 bytes) ‖ ciphertext (as long
/// as the plaintext) ‖ tag (16 bytes). Source: NIST SP 800-38D, RFC 5116 section 5.2.
package enum AEAD {
  /// Bytes of a key.
  package static let keyCount = 32
  /// Bytes of a nonce, drawn anew for each sealing.
  package static let nonceCount = 12
  /// Bytes of a tag.
  package static let tagCount = 16
  /// Bytes that a sealed text is longer than its plaintext.
  package static let overhead = nonceCount + tagCount

  /// Seals.
  /// - Parameters:
  ///   - plaintext: at most 2 GiB - 1.
  ///   - key: 32 bytes.
  ///   - associatedData: what the sealed text belongs to; it opens with exactly this and nothing else.
  /// - Throws: `.tooLarge`, `.hostUnfit`, `.internalDefect` for a key of another length.
  package static func seal(
    _ plaintext: UnsafeRawBufferPointer, key: SecretBytes, associatedData: [UInt8]
  ) throws(S4Error) -> [UInt8] {
    try seal(plaintext, key: key, associatedData: associatedData, nonce: Random.bytes(nonceCount))
  }

  /// Seals a secret; see `seal(_:key:associatedData:)`.
  package static func seal(
    _ plaintext: SecretBytes, key: SecretBytes, associatedData: [UInt8]
  ) throws(S4Error) -> [UInt8] {
    try plaintext.withUnsafeBytes { (bytes) throws(S4Error) in
      try seal(bytes, key: key, associatedData: associatedData)
    }
  }

  /// Opens what `seal` made.
  /// - Throws: `.vaultCorrupt` when it does not prove genuine: another key, other associated data, or changed bytes.
  package static func open(
    _ sealed: UnsafeRawBufferPointer, key: SecretBytes, associatedData: [UInt8]
  ) throws(S4Error) -> SecretBytes {
    guard sealed.count >= overhead else { throw notGenuine }
    let end = sealed.count - tagCount
    let nonce = UnsafeRawBufferPointer(rebasing: sealed[..<nonceCount])
    let ciphertext = UnsafeRawBufferPointer(rebasing: sealed[nonceCount..<end])
    let tag = UnsafeRawBufferPointer(rebasing: sealed[end...])
    let context = try CipherContext(.open, key: key, nonce: nonce)
    try context.authenticate(associatedData)
    // What is decrypted lies in the new secret, which is wiped when the tag does not match.
    return try SecretBytes(count: ciphertext.count) { (plaintext) throws(S4Error) in
      try context.update(ciphertext, into: plaintext)
      guard context.matches(tag: tag) else { throw notGenuine }
    }
  }

  /// Opens what `seal` made; see `open(_:key:associatedData:)`.
  package static func open(_ sealed: [UInt8], key: SecretBytes, associatedData: [UInt8]) throws(S4Error) -> SecretBytes
  {
    try sealed.span.withUnsafeBytes { (bytes) throws(S4Error) in
      try open(bytes, key: key, associatedData: associatedData)
    }
  }

  /// Seals with a given nonce: for known answers alone, since a nonce used twice under one key breaks GCM.
  static func seal(
    _ plaintext: UnsafeRawBufferPointer, key: SecretBytes, associatedData: [UInt8], nonce: [UInt8]
  ) throws(S4Error) -> [UInt8] {
    // Checked before the sum below, which cannot overflow then.
    guard nonce.count == nonceCount, Int32(exactly: plaintext.count) != nil else {
      throw S4Error(.tooLarge, "\(plaintext.count) bytes are too many to seal in one piece: the limit is 2 GiB - 1")
    }
    let context = try nonce.span.withUnsafeBytes { (bytes) throws(S4Error) in
      try CipherContext(.seal, key: key, nonce: bytes)
    }
    try context.authenticate(associatedData)
    var sealed = [UInt8](repeating: 0, count: plaintext.count + overhead)
    var span = sealed.mutableSpan
    try span.withUnsafeMutableBytes { (bytes) throws(S4Error) in
      let end = bytes.count - tagCount
      bytes.copyBytes(from: nonce)
      try context.update(plaintext, into: UnsafeMutableRawBufferPointer(rebasing: bytes[nonceCount..<end]))
      try context.finish(tag: UnsafeMutableRawBufferPointer(rebasing: bytes[end...]))
    }
    return sealed
  }

  private static var notGenuine: S4Error {
    S4Error(.vaultCorrupt, "sealed data does not prove genuine: it was changed, or it belongs to another key or place")
  }
}
