// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Secrets

@Suite struct AEADTests {
  struct Vector: Sendable {
    let key, nonce, plaintext, associatedData, sealed: String
  }

  /// Source: McGrew and Viega, "The Galois/Counter Mode of Operation" (submitted to NIST), test cases 13 to 16.
  static let vectors = [
    Vector(
      key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12), plaintext: "",
      associatedData: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
    Vector(
      key: String(repeating: "00", count: 32), nonce: String(repeating: "00", count: 12),
      plaintext: String(repeating: "00", count: 16), associatedData: "",
      sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    Vector(
      key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888",
      plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
      associatedData: "",
      sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad" + "b094dac5d93471bdec1a502270e3cc6c"),
    Vector(
      key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", nonce: "cafebabefacedbaddecaf888",
      plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b"),
  ]

  @Test(arguments: vectors) func knownAnswersComeOut(_ vector: Vector) throws {
    let key = SecretBytes(copying: hex(vector.key))
    let plaintext = hex(vector.plaintext)
    let sealed = try plaintext.withUnsafeBytes {
      try AEAD.seal($0, key: key, associatedData: hex(vector.associatedData), nonce: hex(vector.nonce))
    }
    #expect(sealed == hex(vector.nonce) + hex(vector.sealed))
    #expect(try AEAD.open(sealed, key: key, associatedData: hex(vector.associatedData)).copy == plaintext)
  }

  @Test(arguments: [0, 1, 15, 16, 17, 4_096, 100_000]) func whatIsSealedOpens(_ count: Int) throws {
    let key = try Random.key()
    let text = SecretBytes(copying: try Random.bytes(count))
    let sealed = try AEAD.seal(text, key: key, associatedData: [1, 2, 3])
    #expect(sealed.count == count + AEAD.overhead)
    #expect(try AEAD.open(sealed, key: key, associatedData: [1, 2, 3]) == text)
  }

  @Test func everySealingHasItsOwnNonce() throws {
    let key = try Random.key()
    let text = SecretBytes(copying: Array("s3cret".utf8))
    let nonces = try (0..<1_000).map { _ in Array(try AEAD.seal(text, key: key, associatedData: []).prefix(12)) }
    #expect(Set(nonces).count == 1_000)
  }

  @Test func everyChangedBitIsRefused() throws {
    let key = try Random.key()
    let sealed = try AEAD.seal(SecretBytes(copying: Array("s3cret".utf8)), key: key, associatedData: [1, 2, 3])
    for position in 0..<(sealed.count * 8) {
      var changed = sealed
      changed[position / 8] ^= 1 << UInt8(position % 8)
      #expect(fault { _ = try AEAD.open(changed, key: key, associatedData: [1, 2, 3]) }?.code == .vaultCorrupt)
    }
    for count in 0..<sealed.count {
      let cut = Array(sealed.prefix(count))
      #expect(fault { _ = try AEAD.open(cut, key: key, associatedData: [1, 2, 3]) }?.code == .vaultCorrupt)
    }
    #expect(fault { _ = try AEAD.open(sealed + [0], key: key, associatedData: [1, 2, 3]) }?.code == .vaultCorrupt)
  }

  @Test func otherAssociatedDataIsRefused() throws {
    let key = try Random.key()
    let sealed = try AEAD.seal(SecretBytes(copying: Array("s3cret".utf8)), key: key, associatedData: [1, 2, 3])
    for other: [UInt8] in [[], [1, 2], [1, 2, 4], [1, 2, 3, 0], [0, 1, 2, 3]] {
      #expect(fault { _ = try AEAD.open(sealed, key: key, associatedData: other) }?.code == .vaultCorrupt)
    }
  }

  @Test func anotherKeyIsRefused() throws {
    let sealed = try AEAD.seal(SecretBytes(copying: [1]), key: Random.key(), associatedData: [])
    #expect(fault { _ = try AEAD.open(sealed, key: Random.key(), associatedData: []) }?.code == .vaultCorrupt)
  }

  @Test(arguments: [0, 16, 31, 33]) func aKeyOfAnotherLengthIsNoKey(_ count: Int) throws {
    let key = try Random.key(count)
    #expect(fault { _ = try AEAD.seal(key, key: key, associatedData: []) }?.code == .internalDefect)
    let blob = [UInt8](repeating: 0, count: 40)
    #expect(fault { _ = try AEAD.open(blob, key: key, associatedData: []) }?.code == .internalDefect)
  }

  @Test func randomBytesNeverOpen() throws {
    var generator = Randomness(seed: 2_026)
    let key = try Random.key()
    for _ in 0..<5_000 {
      let count = Int.random(in: 0...200, using: &generator)
      let blob = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(fault { _ = try AEAD.open(blob, key: key, associatedData: []) }?.code == .vaultCorrupt)
    }
  }

  @Test func aRefusedTextLeavesNothingDecrypted() throws {
    let key = try Random.key()
    let text = try Random.bytes(48)
    var sealed = try text.withUnsafeBytes { try AEAD.seal($0, key: key, associatedData: []) }
    sealed[sealed.count - 1] ^= 1
    #expect(fault { _ = try AEAD.open(sealed, key: key, associatedData: []) }?.code == .vaultCorrupt)
    #expect(!arenaContains(text))
  }
}
