// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

@Suite struct KeyParametersTests {
  private static let salt = (0..<16).map { UInt8($0) }

  @Test func theFormatIsFixed() throws {
    #expect(KeyParameters.local.bytes == [0])
    #expect(KeyParameters.passphrase(salt: Self.salt, cost: .standard).bytes == [1, 17, 8, 1] + Self.salt)
    #expect(KeyParameters.service(name: "alias/kek-ä").bytes == [2] + Array("alias/kek-ä".utf8))
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let all: [KeyParameters] = [
      .local, .passphrase(salt: Self.salt, cost: .standard),
      .passphrase(
        salt: [UInt8](repeating: 9, count: 64), cost: Scrypt.Cost(log2N: 20, blockSize: 8, parallelisation: 4)),
      .service(name: "k"), .service(name: String(repeating: "ä", count: 256)),
    ]
    for parameters in all {
      #expect(try KeyParameters(parameters.bytes) == parameters)
      #expect(parameters.bytes.count <= KeyLimit.parameters)
    }
  }

  @Test(
    arguments: [
      [], [0, 0], [3], [255, 1, 2], [1], [1, 17, 8], [1, 17, 8, 1], [1, 17, 8, 1] + salt.dropLast(),
      [1, 17, 8, 1] + [UInt8](repeating: 1, count: 65), [1, 16, 8, 1] + salt, [1, 21, 8, 1] + salt,
      [1, 17, 1, 1] + salt, [1, 17, 17, 1] + salt, [1, 17, 8, 0] + salt, [1, 17, 8, 5] + salt, [1, 20, 9, 1] + salt,
      [1, 255, 255, 255] + salt, [2], [2, 0xC3], [2] + [UInt8](repeating: 0x61, count: 513),
    ] as [[UInt8]])
  func whatIsOutOfBoundsIsRefused(_ bytes: [UInt8]) throws {
    let error = try #require(fault { _ = try KeyParameters(bytes) })
    #expect(error.code == .vaultCorrupt)
    #expect(error.message.contains("out of bounds"))
    #expect(error.message.contains("restore the vault from a copy"))
    #expect(error.message.utf8.allSatisfy { $0 >= 0x20 })
    // Every source says so, also one of another kind: nothing is derived from them and nobody is asked.
    for source in try [localSource(), passphraseSource(), serviceSource()] as [any KeySource] {
      #expect(fault { _ = try source.provider(parameters: bytes) }?.code == .vaultCorrupt)
    }
  }

  @Test func titlesSayWhatKeyIsWanted() {
    #expect(KeyParameters.local.title == "a key file, or its 32 bytes")
    #expect(KeyParameters.passphrase(salt: Self.salt, cost: .standard).title == "a passphrase")
    #expect(KeyParameters.service(name: "a\nb").title == "the key \"a?b\" of a key management service")
  }

  @Test func aSourceLeavesTheKeysOfOtherKindsAlone() throws {
    let parameters: [KeyParameters] = [
      .local, .passphrase(salt: Self.salt, cost: .standard), .service(name: "kek"), .service(name: "another"),
    ]
    let sources = try [localSource(), passphraseSource(), serviceSource()] as [any KeySource]
    let takers = try parameters.map { parameters in
      try sources.map { try $0.provider(parameters: parameters.bytes) != nil }
    }
    #expect(takers == [[true, false, false], [false, true, false], [false, false, true], [false, false, false]])
    #expect(sources.map(\.kindName) == ["bytes", "passphrase", "service"])
  }

  private func localSource() throws -> LocalKeySource {
    try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
  }

  private func passphraseSource() throws -> PassphraseKeySource { try PassphraseKeySource(secret("passphrase")) }

  private func serviceSource() throws -> ServiceKeySource {
    try ServiceKeySource(
      name: "kek", keptFor: 0, wrap: { (_, _) throws(S4Error) in throw .closed },
      unwrap: { (_, _) throws(S4Error) in throw .closed })
  }
}
