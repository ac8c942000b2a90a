// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Synchronization
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// A key management service in this process: counts its calls, and may be told to take its time or to refuse.
final class KeyService: Sendable {
  let wraps = Atomic<Int>(0)
  let unwraps = Atomic<Int>(0)
  let now = Atomic<UInt64>(1_000_000_000)
  let refuses = Atomic<Bool>(false)
  let milliseconds = Atomic<UInt32>(0)
  private let key = SecretBytes(copying: [UInt8](repeating: 9, count: 32))

  func source(_ name: String = "kek", keptFor: Int64 = 1_000) throws -> ServiceKeySource {
    try ServiceKeySource(
      name: name, keptFor: keptFor, clock: { self.now.load(ordering: .relaxed) },
      wrap: { (input, data) throws(S4Error) in
        self.wraps.add(1, ordering: .relaxed)
        return SecretBytes(copying: try AEAD.seal(input, key: self.key, associatedData: data))
      },
      unwrap: { (input, data) throws(S4Error) in
        self.unwraps.add(1, ordering: .relaxed)
        usleep(self.milliseconds.load(ordering: .relaxed) * 1_000)
        guard !self.refuses.load(ordering: .relaxed) else { throw S4Error(.vaultKeyRefused, "access denied") }
        return try AEAD.open(input, key: self.key, associatedData: data)
      })
  }

  func advance(milliseconds: UInt64) { now.add(milliseconds * 1_000_000, ordering: .relaxed) }

  var unwrapCount: Int { unwraps.load(ordering: .relaxed) }
}

@Suite struct KeyServiceTests {
  private let service = KeyService()

  @Test func whatIsWrappedUnwrapsUnderTheSameNameAlone() throws {
    let (key, parameters) = try service.source().makeProvider()
    #expect(parameters == [2] + Array("kek".utf8))
    #expect(key.localKey == nil)
    let wrapped = try key.wrap(secret("data key"), associatedData: [1, 2])
    let again = try #require(try service.source().provider(parameters: parameters))
    #expect(try again.unwrap(wrapped, associatedData: [1, 2]) == secret("data key"))
    #expect(try service.source("another").provider(parameters: parameters) == nil)
    #expect(fault { _ = try again.unwrap(wrapped, associatedData: [1, 3]) }?.code == .vaultCorrupt)
  }

  @Test func anUnwrappedKeyIsKeptForItsTimeAndNoLonger() throws {
    let (key, _) = try service.source(keptFor: 1_000).makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [1])
    for _ in 0..<3 { #expect(try key.unwrap(wrapped, associatedData: [1]) == secret("data key")) }
    #expect(service.unwrapCount == 1)
    service.advance(milliseconds: 999)
    _ = try key.unwrap(wrapped, associatedData: [1])
    #expect(service.unwrapCount == 1)
    // A use does not prolong it.
    service.advance(milliseconds: 1)
    _ = try key.unwrap(wrapped, associatedData: [1])
    #expect(service.unwrapCount == 2)
  }

  @Test func aKeptKeyIsGivenForItsAssociatedDataAlone() throws {
    let (key, _) = try service.source().makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [1])
    _ = try key.unwrap(wrapped, associatedData: [1])
    #expect(fault { _ = try key.unwrap(wrapped, associatedData: [2]) }?.code == .vaultCorrupt)
    #expect(service.unwrapCount == 2)
  }

  @Test func withANegativeTimeNothingIsKept() throws {
    let (key, _) = try service.source(keptFor: -1).makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [])
    for _ in 0..<3 { _ = try key.unwrap(wrapped, associatedData: []) }
    #expect(service.unwrapCount == 3)
    // Nor is it handed from one thread to another.
    service.milliseconds.store(100, ordering: .relaxed)
    onThreads(4) { _ in _ = try? key.unwrap(wrapped, associatedData: []) }
    #expect(service.unwrapCount == 7)
  }

  @Test(arguments: [Int64.max, 315_360_000_000]) func theLongestTimeIsNoTrap(_ milliseconds: Int64) throws {
    let (key, _) = try service.source(keptFor: milliseconds).makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [])
    for _ in 0..<2 { _ = try key.unwrap(wrapped, associatedData: []) }
    #expect(service.unwrapCount == 1)
  }

  @Test func whatWasRefusedIsAskedAgain() throws {
    let (key, _) = try service.source().makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [])
    service.refuses.store(true, ordering: .relaxed)
    #expect(fault { _ = try key.unwrap(wrapped, associatedData: []) }?.message == "access denied")
    service.refuses.store(false, ordering: .relaxed)
    #expect(try key.unwrap(wrapped, associatedData: []) == secret("data key"))
  }

  @Test func manyThreadsThatNeedOneKeyAskOnce() throws {
    let (key, _) = try service.source().makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [1])
    service.milliseconds.store(200, ordering: .relaxed)
    let found = Collected<Bool>()
    onThreads(8) { thread in
      // Half of them as exported functions do, inside the gate.
      if thread % 2 == 0 { ForkGate.enter() }
      defer { if thread % 2 == 0 { ForkGate.leave() } }
      found.append((try? key.unwrap(wrapped, associatedData: [1])) == secret("data key"))
    }
    #expect(found.all == [Bool](repeating: true, count: 8))
    #expect(service.unwrapCount == 1)
  }

  @Test func whoWaitedForARefusalAsksForItself() throws {
    let (key, _) = try service.source().makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [1])
    service.milliseconds.store(200, ordering: .relaxed)
    service.refuses.store(true, ordering: .relaxed)
    let found = Collected<S4Error.Code?>()
    let start = Deadline.now
    onThreads(4) { _ in found.append(fault { _ = try key.unwrap(wrapped, associatedData: [1]) }?.code) }
    #expect(Deadline.now - start < 5_000_000_000)
    #expect(found.all == [S4Error.Code?](repeating: .vaultKeyRefused, count: 4))
    #expect(service.unwrapCount == 4)
  }

  @Test(arguments: [0, 16_385, 100_000]) func aWrappedKeyOutOfBoundsIsRefused(_ count: Int) throws {
    let key = try odd { SecretBytes(copying: [UInt8](repeating: 1, count: count)) }
    let error = try #require(fault { _ = try key.wrap(secret("data key"), associatedData: []) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains("\"odd\" gave a wrapped key of \(count) bytes"))
    // As the vault would give it.
    let wrapped = [UInt8](repeating: 1, count: count)
    #expect(fault { _ = try key.unwrap(wrapped, associatedData: []) }?.code == .vaultCorrupt)
  }

  @Test(arguments: [0, 1_025]) func anUnwrappedKeyOutOfBoundsIsRefused(_ count: Int) throws {
    let key = try odd { SecretBytes(copying: [UInt8](repeating: 1, count: count)) }
    let error = try #require(fault { _ = try key.unwrap([1], associatedData: []) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains("unwrapped key of \(count) bytes"))
  }

  /// A sample that was left unfinished would put every data key into the vault in clear.
  @Test(arguments: [0, 5]) func aServiceThatDoesNotEncryptIsRefused(_ prefix: Int) throws {
    let clear = SecretBytes(copying: try Random.bytes(32))
    let key = try odd {
      clear.withUnsafeBytes { SecretBytes(copying: [UInt8](repeating: 0, count: prefix) + Array($0) + [1]) }
    }
    let error = try #require(fault { _ = try key.wrap(clear, associatedData: []) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains("must encrypt"))
  }

  @Test func moreThanTheHeaderPromisesIsNotHandedToTheService() throws {
    let (key, _) = try service.source().makeProvider()
    let data = [UInt8](repeating: 1, count: 513)
    #expect(fault { _ = try key.wrap(secret("k"), associatedData: data) }?.code == .internalDefect)
    #expect(fault { _ = try key.unwrap([1], associatedData: data) }?.code == .internalDefect)
    let large = SecretBytes(copying: [UInt8](repeating: 1, count: 1_025))
    #expect(fault { _ = try key.wrap(large, associatedData: []) }?.code == .internalDefect)
    #expect(service.wraps.load(ordering: .relaxed) + service.unwrapCount == 0)
  }

  @Test func aNameOutOfBoundsIsRefused() {
    for name in ["", String(repeating: "n", count: 513)] {
      #expect(fault { _ = try service.source(name) }?.code == .vaultKeyRefused)
    }
  }

  @Test func aClosedSourceLetsGoOfWhatTheProductGaveAlthoughItsProvidersLive() throws {
    final class Token: Sendable {}
    weak var watched: Token?
    var token: Token? = Token()
    watched = token
    let source = try { (token: Token?) throws in
      try ServiceKeySource(
        name: "kek", keptFor: 0,
        wrap: { (_, _) throws(S4Error) in
          _ = token
          throw .closed
        }, unwrap: { (_, _) throws(S4Error) in throw .closed })
    }(token)
    token = nil
    let (key, _) = try source.makeProvider()
    #expect(watched != nil)
    source.close()
    source.close()
    #expect(watched == nil)
    #expect(fault { _ = try key.wrap(secret("k"), associatedData: []) }?.code == .closed)
    #expect(fault { _ = try key.unwrap([1], associatedData: []) }?.code == .closed)
  }

  @Test func aClosedSourceGivesNoKeptKeyEither() throws {
    let source = try service.source()
    let (key, _) = try source.makeProvider()
    let wrapped = try key.wrap(secret("data key"), associatedData: [])
    _ = try key.unwrap(wrapped, associatedData: [])
    source.close()
    #expect(fault { _ = try key.unwrap(wrapped, associatedData: []) }?.code == .closed)
  }

  private func odd(_ answer: @escaping @Sendable () -> SecretBytes) throws -> any KeyProvider {
    try ServiceKeySource(
      name: "odd", keptFor: 1_000, wrap: { (_, _) throws(S4Error) in answer() },
      unwrap: { (_, _) throws(S4Error) in answer() }
    ).makeProvider().provider
  }
}
