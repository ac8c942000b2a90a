// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

@Suite struct KeyLocalTests {
  private let directory = TemporaryDirectory()
  private let raw = (0..<32).map { UInt8($0 &* 7 &+ 1) }

  private func source(_ raw: [UInt8]) throws -> LocalKeySource {
    try raw.withUnsafeBytes { try LocalKeySource(raw: $0) }
  }

  @Test func bytesAndFileAreOneKey() throws {
    let path = directory.path + "/key"
    File.write(raw, to: path)
    let (ofBytes, parameters) = try source(raw).makeProvider()
    let file = try LocalKeySource(file: path)
    let ofFile = try #require(try file.provider(parameters: parameters))
    #expect(file.kindName == "file")
    let wrapped = try ofBytes.wrap(secret("data key"), associatedData: [1, 2])
    #expect(try ofFile.unwrap(wrapped, associatedData: [1, 2]) == secret("data key"))
    #expect(ofFile.localKey == SecretBytes(copying: raw))
  }

  @Test func aSharedFileNeedsTheFlag() throws {
    let path = directory.path + "/key"
    File.write(raw, to: path, mode: 0o444)
    #expect(fault { _ = try LocalKeySource(file: path) }?.code == .vaultKeyRefused)
    #expect(try LocalKeySource(file: path, allowsShared: true).kindName == "file")
  }

  @Test func whatBelongsElsewhereIsNotUnwrapped() throws {
    let (key, _) = try source(raw).makeProvider()
    let (other, _) = try source([UInt8](repeating: 1, count: 32)).makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [1, 2])
    var changed = wrapped
    changed[20] ^= 1
    #expect(fault { _ = try other.unwrap(wrapped, associatedData: [1, 2]) }?.code == .vaultCorrupt)
    #expect(fault { _ = try key.unwrap(wrapped, associatedData: [1, 3]) }?.code == .vaultCorrupt)
    #expect(fault { _ = try key.unwrap(changed, associatedData: [1, 2]) }?.code == .vaultCorrupt)
    for count in [0, 1, 27, 1_053, 20_000] {
      let error = fault { _ = try key.unwrap([UInt8](repeating: 1, count: count), associatedData: []) }
      #expect(error?.code == .vaultCorrupt)
    }
  }

  @Test func keysOfEverySizeUpToTheLimitAreWrapped() throws {
    let (key, _) = try source(raw).makeProvider()
    for count in [1, 32, 96, 1_024] {
      let keys = SecretBytes(copying: try Random.bytes(count))
      #expect(try key.unwrap(try key.wrap(keys, associatedData: []), associatedData: []) == keys)
    }
    for count in [0, 1_025] {
      let keys = SecretBytes(copying: try Random.bytes(count))
      #expect(fault { _ = try key.wrap(keys, associatedData: []) }?.code == .internalDefect)
    }
  }

  @Test(arguments: [0, 16, 31, 33, 64]) func rawBytesOfAnotherLengthAreRefused(_ count: Int) {
    let error = fault { _ = try source([UInt8](repeating: 1, count: count)) }
    #expect(error?.code == .vaultKeyRefused)
    #expect(error?.message.contains("\(count) bytes") == true)
  }

  @Test func aClosedSourceMakesNoMoreProviders() throws {
    let source = try source(raw)
    source.close()
    source.close()
    #expect(fault { _ = try source.makeProvider() }?.code == .closed)
    #expect(fault { _ = try source.provider(parameters: [0]) }?.code == .closed)
  }
}
