// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Secrets

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SecretBytesTests {
  @Test(arguments: [1, 63, 64, 65, 300, 5_000, 16_384]) func bytesAreWipedAtTheEnd(_ count: Int) throws {
    let pattern = try Random.bytes(max(count, 24))
    var secret: SecretBytes? = SecretBytes(copying: pattern)
    let address = secret?.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } ?? 0
    #expect(arenaContains(pattern))
    secret = nil
    #expect(!arenaContains(pattern))
    // The slab stays mapped: what stands there now may be another test's secret, but not this one.
    let slot = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    #expect(!slot.elementsEqual(pattern.prefix(count)) || count == 1)
  }

  @Test func aFreedSlotIsZero() {
    let arena = SecretArena.current
    for size in SecretArena.slotSizes {
      let block = SecretBlock(capacity: size)
      block.base.initializeMemory(as: UInt8.self, repeating: 0xA5, count: size)
      _ = consume block
      let (base, capacity, origin) = arena.allocate(size)
      #expect(UnsafeRawBufferPointer(start: base, count: capacity).allSatisfy { $0 == 0 })
      arena.release(base, capacity: capacity, origin: origin)
    }
  }

  @Test(arguments: [16_385, 100_000, 3_000_000]) func bigSecretsHavePagesOfTheirOwn(_ count: Int) throws {
    let bytes = try Random.bytes(count)
    let secret = SecretBytes(copying: bytes)
    #expect(secret.copy == bytes)
    let address = secret.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    #expect(address % 4_096 == 0)
  }

  @Test func aFillThatThrowsLeavesNothing() throws {
    let pattern = try Random.bytes(40)
    let error = fault {
      _ = try SecretBytes(count: 40) { (bytes) throws(S4Error) in
        bytes.copyBytes(from: pattern)
        throw S4Error(.internalDefect, "on purpose")
      }
    }
    #expect(error?.code == .internalDefect)
    #expect(!arenaContains(pattern))
  }

  @Test func equalityIsThatOfTheBytes() throws {
    let bytes = try Random.bytes(100)
    let secret = SecretBytes(copying: bytes)
    #expect(secret == SecretBytes(copying: bytes))
    for index in 0..<100 {
      var other = bytes
      other[index] ^= 0x80
      #expect(secret != SecretBytes(copying: other))
    }
    #expect(secret != SecretBytes(copying: Array(bytes.dropLast())))
    #expect(SecretBytes(copying: []) == SecretBytes(copying: []))
    #expect(try SecretBytes(count: -1) { _ in }.count == 0)
  }

  @Test func secretsDoNotOverlapUnderManyThreads() {
    onThreads(8) { thread in
      var generator = Randomness(seed: UInt64(thread))
      var held: [(secret: SecretBytes, byte: UInt8)] = []
      for _ in 0..<3_000 {
        let byte = UInt8(truncatingIfNeeded: generator.next())
        let count = Int.random(in: 0...9_000, using: &generator)
        held.append((SecretBytes(copying: [UInt8](repeating: byte, count: count)), byte))
        if held.count > 20 {
          let index = Int.random(in: 0..<held.count, using: &generator)
          let (secret, byte) = held.remove(at: index)
          let isWhole = secret.withUnsafeBytes { $0.allSatisfy { $0 == byte } }
          #expect(isWhole)
        }
      }
    }
  }

  @Test func theStateOfLockingIsTold() {
    // Whether there is room depends on the host; what counts is that the question is answered and nothing breaks.
    let isLocked = SecretMemory.isLocked
    #expect(isLocked == SecretMemory.isLocked)
  }

  @Test func secretsAreLeftOutOfCoreDumps() throws {
    let secret = SecretBytes(copying: [1, 2, 3])
    let address = secret.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    let flags = try #require(flagsOfMapping(at: address))
    #expect(flags.contains("dd"))
    if SecretMemory.isLocked { #expect(flags.contains("lo")) }
  }

  /// `VmFlags` of the mapping in /proc/self/smaps. Source: proc_pid_smaps(5): dd is "do not include in core dump", lo
  /// "pages are locked in memory".
  private func flagsOfMapping(at address: UInt) -> [String]? {
    guard let file = fopen("/proc/self/smaps", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1_024)
    var isInside = false
    while fgets(&line, 1_024, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let words = text.split { $0 == " " || $0 == "\n" }.map(String.init)
      let range = words.first?.split(separator: "-").compactMap { UInt($0, radix: 16) } ?? []
      if range.count == 2 { isInside = range[0] <= address && address < range[1] }
      if isInside, words.first == "VmFlags:" { return words }
    }
    return nil
  }
}
