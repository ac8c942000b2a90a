// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

@Suite(.serialized) struct KeyPassphraseTests {
  private func source(_ text: String = "correct horse battery") throws -> PassphraseKeySource {
    try PassphraseKeySource(secret(text))
  }

  @Test func whatOneWrapsAnotherUnwrapsWithTheKeptParameters() throws {
    let (key, parameters) = try source().makeProvider()
    #expect(parameters.count == 20)
    #expect(parameters.starts(with: [1, 17, 8, 1]))
    let wrapped = try key.wrap(secret("data key"), associatedData: [1])
    let again = try #require(try source().provider(parameters: parameters))
    #expect(again.localKey == key.localKey)
    #expect(try again.unwrap(wrapped, associatedData: [1]) == secret("data key"))
    let other = try #require(try source("correct horse batterY").provider(parameters: parameters))
    #expect(fault { _ = try other.unwrap(wrapped, associatedData: [1]) }?.code == .vaultCorrupt)
  }

  /// The answer is that of Python's hashlib.scrypt.
  @Test func theKeyIsScryptsOfThePassphrase() throws {
    let parameters = [1, 17, 8, 1] + (0..<16).map { UInt8($0) }
    let key = try #require(try source().provider(parameters: parameters)?.localKey)
    #expect(
      key.withUnsafeBytes { Display.hex(Array($0)) }
        == "af5ecdbec02ddf047a3df2b4942e217b0b69c80fd3276e1923abbe0d1c80ea89")
  }

  @Test func eachVersionHasASaltOfItsOwn() throws {
    let source = try source()
    let first = try source.makeProvider()
    let second = try source.makeProvider()
    #expect(first.parameters != second.parameters)
    #expect(first.provider.localKey != second.provider.localKey)
  }

  @Test func aVersionIsDerivedOnce() throws {
    let source = try source()
    let (key, parameters) = try source.makeProvider()
    #expect(source.keptCount == 1)
    let again = try #require(try source.provider(parameters: parameters)?.localKey)
    // The very same memory, and not one that was derived again.
    #expect(again === key.localKey)
    #expect(source.keptCount == 1)
  }

  @Test func onlyTheLatestVersionsAreKept() throws {
    let source = try source()
    for byte in 0..<6 {
      // The smallest block size: quick.
      _ = try source.provider(parameters: [1, 17, 2, 1] + [UInt8](repeating: UInt8(byte), count: 16))
    }
    #expect(source.keptCount == 4)
  }

  @Test(arguments: [0, 1, 7, 1_025, 5_000]) func aPassphraseOfAnotherLengthIsRefused(_ count: Int) throws {
    let error = try #require(fault { _ = try source(String(repeating: "p", count: count)) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message == "the passphrase has \(count) bytes: give 8 to 1024")
  }

  @Test(arguments: [8, 1_024]) func theBoundsThemselvesAreTaken(_ count: Int) throws {
    #expect(try source(String(repeating: "p", count: count)).kindName == "passphrase")
  }

  @Test func aClosedSourceKeepsNothing() throws {
    let source = try source()
    let (_, parameters) = try source.makeProvider()
    source.close()
    source.close()
    #expect(source.keptCount == 0)
    #expect(fault { _ = try source.provider(parameters: parameters) }?.code == .closed)
    #expect(fault { _ = try source.makeProvider() }?.code == .closed)
  }
}
