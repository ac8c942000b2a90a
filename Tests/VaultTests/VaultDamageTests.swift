// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// A disk that lies: flipped bits and files that end too early. Each gives the right value or a clear error.
/// ASKEL_S4_LONG_TESTS=1 runs all 2,000 flips.
@Suite struct VaultDamageTests {
  private let directory = TemporaryDirectory()
  private static let isLong = getenv("ASKEL_S4_LONG_TESTS") != nil
  private static let ids = (0..<12).map { "customer \($0)" }

  /// Bytes of a vault with records of several sizes, deleted and replaced rows.
  private func makeContent() throws -> [UInt8] {
    let vault = try Vault(path: directory.vault, key: makeKey())
    for id in Self.ids + ["deleted"] { _ = try vault.put(connection: id, record: record(of: id)) }
    _ = try vault.put(connection: Self.ids[3], record: record(of: Self.ids[3]))
    try vault.delete(connection: "deleted")
    vault.close()
    return File.read(directory.vault)
  }

  private func record(of id: String) -> SecretBytes {
    secret(String(repeating: "secret of \(id) ", count: id.utf8.count * (id.hasSuffix("1") ? 40 : 2)))
  }

  private enum Finding { case right, refused, wrong(String) }

  /// Opens the damaged file and asks for everything.
  private func judge(_ content: [UInt8]) -> Finding {
    File.write(content, to: directory.vault)
    defer { for suffix in ["", "-wal", "-shm", "-journal"] { unlink(directory.vault + suffix) } }
    var isRefused = false
    func refused(_ error: any Error) -> String? {
      guard let error = error as? S4Error,
        [.vaultCorrupt, .vaultUnavailable, .vaultKeyRefused].contains(error.code),
        error.message.utf8.allSatisfy({ $0 >= 0x20 })
      else { return "\(error)" }
      isRefused = true
      return nil
    }
    let vault: Vault
    do {
      vault = try Vault(path: directory.vault, key: makeKey())
    } catch {
      return refused(error).map { .wrong($0) } ?? .refused
    }
    for id in Self.ids {
      do {
        guard try vault.open(connection: id).record == record(of: id) else { return .wrong("secret of \(id)") }
      } catch {
        if let wrong = refused(error) { return .wrong(wrong) }
      }
    }
    do {
      guard try vault.ids() == Self.ids.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) else {
        return .wrong("list")
      }
    } catch {
      if let wrong = refused(error) { return .wrong(wrong) }
    }
    // Writing to a damaged file ends well or with an error.
    do {
      _ = try vault.put(connection: "late", record: secret("late"))
      guard try vault.open(connection: "late").record == secret("late") else { return .wrong("late put") }
      try vault.delete(connection: Self.ids[0])
    } catch {
      if let wrong = refused(error) { return .wrong(wrong) }
    }
    return isRefused ? .refused : .right
  }

  @Test func aFlippedBitNeverGivesAWrongSecret() throws {
    let content = try makeContent()
    var generator = Randomness(seed: 2_027)
    var counts = (right: 0, refused: 0)
    for _ in 0..<(Self.isLong ? 2_000 : 200) {
      let bit = Int.random(in: 0..<(content.count * 8), using: &generator)
      var damaged = content
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      switch judge(damaged) {
      case .right: counts.right += 1
      case .refused: counts.refused += 1
      case .wrong(let what): Issue.record("bit \(bit): \(what)")
      }
    }
    // Both happen: free space does not matter, sealed texts do.
    #expect(counts.right > 0)
    #expect(counts.refused > 0)
  }

  @Test func everyFlippedByteOfTheFirstPageIsHandled() throws {
    let content = try makeContent()
    for position in stride(from: 0, to: 4_096, by: Self.isLong ? 1 : 16) {
      var damaged = content
      damaged[position] ^= 0xFF
      if case .wrong(let what) = judge(damaged) { Issue.record("byte \(position): \(what)") }
    }
  }

  @Test func aFileThatEndsTooEarlyIsRefused() throws {
    let content = try makeContent()
    var generator = Randomness(seed: 2_028)
    for count in [0, 1, 15, 16, 99, 100, 512, 4_095, 4_096]
      + (0..<200).map({ _ in
        Int.random(in: 0..<content.count, using: &generator)
      })
    {
      switch judge(Array(content.prefix(count))) {
      case .refused: break
      // The last page of this file is free: SQLite fills up what is missing of it.
      case .right: #expect(count > content.count - 4_096)
      case .wrong(let what): Issue.record("\(count) bytes: \(what)")
      }
    }
  }

  @Test func aDamagedLogGivesAnEarlierValueOrAnError() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    for id in Self.ids { _ = try vault.put(connection: id, record: record(of: id)) }
    let database = File.read(directory.vault)
    let log = File.read(directory.vault + "-wal")
    vault.close()
    var generator = Randomness(seed: 2_029)
    for _ in 0..<100 {
      var damaged = log
      damaged[Int.random(in: 0..<log.count, using: &generator)] ^= 0x10
      let isCut = Bool.random(using: &generator)
      if isCut { damaged.removeLast(Int.random(in: 0..<log.count, using: &generator)) }
      for suffix in ["", "-wal", "-shm"] { unlink(directory.vault + suffix) }
      File.write(database, to: directory.vault)
      File.write(damaged, to: directory.vault + "-wal")
      // SQLite ends the log at the first frame that is not sound: later commits are undone, none comes out wrong.
      let error = fault {
        let vault = try Vault(path: directory.vault, key: makeKey())
        for id in try vault.ids() { #expect(try vault.open(connection: id).record == record(of: id)) }
      }
      if let error { #expect([.vaultCorrupt, .vaultUnavailable, .vaultKeyRefused].contains(error.code)) }
    }
  }
}
