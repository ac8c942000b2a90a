// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

/// The key-encryption key and the keys below it are replaced while the vault is in use.
@Suite struct VaultRotationTests {
  private let directory = TemporaryDirectory()
  private static let ids = (0..<150).map { "customer \($0)" }

  private func makeVault() throws -> Vault {
    let vault = try Vault(path: directory.vault, key: makeKey(1))
    for id in Self.ids { try vault.put(connection: id, record: secret("of " + id)) }
    try vault.stage(connection: Self.ids[0], record: secret("beside " + Self.ids[0]))
    try vault.prove(Self.ids[1], 1)
    return vault
  }

  private func open(_ keys: UInt8...) throws -> Vault {
    try Vault(path: directory.vault, key: makeKey(keys[0]), other: keys.count > 1 ? makeKey(keys[1]) : nil)
  }

  private func expectAll(_ vault: Vault) throws {
    #expect(try Set(vault.ids()) == Set(Self.ids))
    for id in Self.ids { #expect(try vault.open(connection: id).live == secret("of " + id)) }
    #expect(
      try vault.open(connection: Self.ids[0], beside: true).beside == secret("beside " + Self.ids[0]))
    #expect(try vault.status(connection: Self.ids[1]).live.state == .active)
    try vault.proveGenuine()
  }

  /// Everything that could open something, as the store has it.
  private func entries(_ vault: Vault) throws -> [String: ConnectionEntry] {
    var entries: [String: ConnectionEntry] = [:]
    try vault.forEachEntry { entries[$0.key] = $1 }
    return entries
  }

  @Test func afterARotationTheNewKeyOpensAllAndTheOldOneNothing() throws {
    let vault = try makeVault()
    let before = try entries(vault)
    try vault.rotateKey(to: makeKey(2))
    try expectAll(vault)
    let after = try entries(vault)
    #expect(Set(before.keys) == Set(after.keys))
    for (key, entry) in after {
      #expect(entry.keyVersion == 2)
      #expect(entry.wrappedDataKey != before[key]?.wrappedDataKey)
      // The credentials themselves need not be sealed anew.
      #expect(entry.live == before[key]?.live)
    }
    #expect(try vault.standing().formerKeyVersion == nil)
    vault.close()
    let error = try #require(fault { _ = try open(1) })
    #expect(error.code == .vaultKeyRefused)
    try expectAll(try open(2))
    try expectAll(try open(1, 2))
  }

  @Test func aRotationThatWasInterruptedGoesOn() throws {
    let vault = try makeVault()
    var calls = 0
    let cancelled = fault {
      try vault.rotateKey(to: makeKey(2)) { done, total in
        #expect(total == 150)
        calls += 1
        return calls < 3
      }
    }
    #expect(cancelled?.code == .cancelled)
    let standing = try vault.standing()
    #expect(standing.keyVersion == 2)
    #expect(standing.formerKeyVersion == 1)
    #expect(standing.move?.kind == "rotate")
    #expect((1..<150).contains(standing.move?.done ?? 0))
    try expectAll(vault)
    // Who has the new key alone finds the old one; who has the old one alone reads what is not moved yet.
    try expectAll(try open(2))
    try expectAll(try open(2, 1))
    let old = try open(1)
    let outcomes = Self.ids.map { id in
      var live: SecretBytes?
      guard let error = fault({ live = try old.open(connection: id).live }) else {
        #expect(live == secret("of " + id))
        return true
      }
      #expect(error.code == .vaultKeyRefused)
      #expect(error.message.contains("another key"))
      return false
    }
    #expect(outcomes.contains(true) && outcomes.contains(false))
    #expect(try old.ids().count == 150)
    #expect(fault { try old.put(connection: "late", record: secret("late")) }?.code == .vaultKeyRefused)
    // Another key must not come in between.
    #expect(fault { try old.rotateKey(to: makeKey(3)) }?.code == .conflict)
    #expect(fault { try vault.rekey() }?.code == .conflict)

    let other = try open(2)
    other.close()
    vault.close()
    let resumed = try open(2)
    try resumed.rotateKey(to: makeKey(2))
    #expect(try resumed.standing().move == nil)
    try expectAll(resumed)
    #expect(fault { _ = try open(1) }?.code == .vaultKeyRefused)
    // Once more is no harm.
    try resumed.rotateKey(to: makeKey(2))
    #expect(try resumed.standing().keyVersion == 2)
  }

  @Test func aReaderWithBothKeysGoesOnThroughARotation() throws {
    let vault = try makeVault()
    let reader = try open(1, 2)
    let latecomer = try open(1)
    try vault.rotateKey(to: makeKey(2))
    try expectAll(reader)
    try reader.put(connection: Self.ids[5], record: secret("of " + Self.ids[5]))
    #expect(fault { _ = try latecomer.open(connection: Self.ids[3]) }?.code == .vaultKeyRefused)
    #expect(try latecomer.status(connection: Self.ids[3]).live.generation == 1)
    try latecomer.add(makeKey(2))
    try expectAll(latecomer)
    // Three more keys, one after the other.
    for key in 3...5 as ClosedRange<UInt8> { try reader.rotateKey(to: makeKey(key)) }
    try expectAll(reader)
    try expectAll(try open(5))
  }

  @Test func aRekeyReplacesEveryKeyAndSealsAnew() throws {
    let vault = try makeVault()
    let bystander = try open(1)
    let before = try entries(vault)
    try vault.rekey()
    let after = try entries(vault)
    #expect(after.count == before.count)
    #expect(Set(before.keys).isDisjoint(with: after.keys))
    let olds = Set(before.values.map(\.live)).union(before.values.map(\.wrappedDataKey))
    for entry in after.values {
      #expect(!olds.contains(entry.live) && !olds.contains(entry.wrappedDataKey))
      #expect(entry.setVersion == 2)
    }
    try expectAll(vault)
    try expectAll(bystander)
    try expectAll(try open(1))
    #expect(try vault.standing().move == nil)
    try bystander.put(connection: Self.ids[7], record: secret("of " + Self.ids[7]))
    #expect(try vault.status(connection: Self.ids[7]).live.generation == 2)
    try vault.rotateKey(to: makeKey(2))
    try vault.rekey()
    try expectAll(try open(2))
  }

  @Test func aRekeyThatWasInterruptedGoesOn() throws {
    let vault = try makeVault()
    let bystander = try open(1)
    var calls = 0
    let stop = { (_: UInt64, _: UInt64) -> Bool in
      calls += 1
      return calls % 3 != 0
    }
    #expect(fault { try vault.rekey(progress: stop) }?.code == .cancelled)
    #expect(try vault.standing().move?.kind == "rekey")
    for each in [vault, bystander, try open(1)] { try expectAll(each) }
    #expect(fault { try bystander.rotateKey(to: makeKey(2)) }?.code == .conflict)
    // What is put, staged and deleted meanwhile stays so.
    try bystander.put(connection: Self.ids[149], record: secret("of " + Self.ids[149]))
    try bystander.put(connection: "late", record: secret("late"))
    try bystander.delete(connection: "late")
    try bystander.rekey()
    for each in [vault, bystander, try open(1)] {
      try expectAll(each)
      #expect(try each.standing().move == nil)
    }
  }

  @Test func othersReadAndWriteWhileKeysAreReplaced() throws {
    let vault = try makeVault()
    let problems = Collected<String>()
    let finished = Collected<Int>()
    onThreads(4) { thread in
      let error = fault {
        if thread == 0 {
          try vault.rotateKey(to: makeKey(2))
          try vault.rekey()
          try vault.rotateKey(to: makeKey(3))
          finished.append(1)
          return
        }
        let own = try Vault(path: directory.vault, key: makeKey(1), other: makeKey(2))
        try own.add(makeKey(3))
        var round = 0
        while finished.all.isEmpty || round < 20 {
          round += 1
          let id = Self.ids[(thread * 37 + round) % Self.ids.count]
          guard try own.open(connection: id).live == secret("of " + id) else { return problems.append("wrong: \(id)") }
          try own.put(connection: "of thread \(thread)", record: secret("\(round)"))
          guard try own.open(connection: "of thread \(thread)").live == secret("\(round)") else {
            return problems.append("lost: \(round)")
          }
          guard try own.ids().count >= Self.ids.count else { return problems.append("short list") }
        }
      }
      if let error { problems.append("\(thread): \(error.message)") }
    }
    #expect(problems.all == [])
    let after = try Vault(path: directory.vault, key: makeKey(3))
    for id in Self.ids { #expect(try after.open(connection: id).live == secret("of " + id)) }
    #expect(fault { _ = try open(2) }?.code == .vaultKeyRefused)
  }

  /// Runs a body at the last look of a rotation or a rekey, when all are moved and the end is about to be written.
  private func lastLook(_ vault: Vault, _ body: @escaping () throws -> Void) -> Vault.Progress {
    var looks = 0
    return { done, total in
      if done == total { looks += 1 }
      // The first is that behind the last batch.
      if looks == 2 { #expect(throws: Never.self) { try body() } }
      return true
    }
  }

  @Test func aRotationThatAnotherProcessHasEndedDoesNotEndTheNextOne() throws {
    let vault = try makeVault()
    let other = try open(1, 2)
    try vault.add(makeKey(3))
    try vault.rotateKey(
      to: makeKey(2),
      progress: lastLook(vault) {
        try other.rotateKey(to: makeKey(2))
        #expect(fault { try other.rotateKey(to: makeKey(3), progress: { _, _ in false }) }?.code == .cancelled)
      })
    #expect(try other.standing().formerKeyVersion == 2)
    try expectAll(other)
    try other.rotateKey(to: makeKey(3))
    try expectAll(try open(3))
  }

  @Test func aRekeyThatAnotherProcessHasEndedDoesNotEndTheNextOne() throws {
    let vault = try makeVault()
    let other = try open(1)
    try vault.rekey(
      progress: lastLook(vault) {
        try other.rekey()
        #expect(fault { try other.rekey(progress: { _, _ in false }) }?.code == .cancelled)
      })
    try expectAll(other)
    try other.rekey()
    try expectAll(try open(1))
  }

  @Test func whoeverRotatesToTheSameKeyAtOnceTakesPart() throws {
    let vaults = [try makeVault(), try open(1), try open(1), try open(1)]
    for key: UInt8 in 2...6 {
      let faults = Locked<[S4Error]>([])
      onThreads(vaults.count) { index in
        if let error = fault({ try vaults[index].rotateKey(to: makeKey(key)) }) { faults.withLock { $0.append(error) } }
      }
      #expect(faults.withLock { $0.isEmpty }, "\(faults.withLock { $0 })")
      #expect(try vaults[0].standing().keyVersion == Int64(key))
    }
    try expectAll(try open(6))
  }
}
