// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

/// Rotations to a key of a key service, met by another process at a moment when the service is not asked or is down.
@Suite struct VaultServiceRotationTests {
  private let directory = TemporaryDirectory()
  private let service = KeyService()
  private static let ids = (0..<100).map { "customer \($0)" }

  /// A vault whose rotation to the service's new key has stopped half-way, as another process did it.
  private func stopHalfWay(_ former: any KeySource) throws {
    let vault = try Vault(path: directory.vault, key: former)
    let error = fault {
      try vault.rotateKey(to: try service.source("new")) { done, total in done == 0 || done == total }
    }
    #expect(error?.code == .cancelled)
    let standing = try vault.standing()
    #expect(standing.formerKeyVersion == 1 && (1..<100).contains(standing.move?.done ?? 0))
  }

  private func former(_ isService: Bool) throws -> any KeySource {
    isService ? try service.source("old") : makeKey(1)
  }

  @Test(arguments: [false, true]) func aRotationThatTheIOThreadMeetsFirstClosesNothing(_ isService: Bool) throws {
    let vault = try Vault(path: directory.vault, key: try former(isService), other: try service.source("new"))
    for id in Self.ids { try vault.put(connection: id, record: secret("of " + id)) }
    try stopHalfWay(try former(isService))
    let asked = service.unwrapCount
    // What the I/O thread does with each change of state.
    for id in Self.ids {
      _ = fault {
        try vault.setState(
          connection: id, generation: 1, state: .unreachable, lastErrorCode: "503", rejected: false, proven: false,
          at: .now, briefly: true)
      }
    }
    #expect(service.unwrapCount == asked)
    // Whether it has read or written before it writes: both keys were given.
    try vault.put(connection: "late", record: secret("late"))
    for id in Self.ids { #expect(try vault.open(connection: id).live == secret("of " + id)) }
    #expect(try vault.standing().keyKind == "service")
    try vault.rotateKey(to: try service.source("new"))
    try vault.proveGenuine()
  }

  @Test func aServiceThatWasDownWhenTheRotationWasMetIsAskedAgain() throws {
    let vault = try Vault(path: directory.vault, key: makeKey(1), other: try service.source("new"))
    for id in Self.ids { try vault.put(connection: id, record: secret("of " + id)) }
    try stopHalfWay(makeKey(1))
    service.refuses.store(true, ordering: .relaxed)
    #expect(fault { try vault.put(connection: "late", record: secret("late")) }?.code == .vaultKeyRefused)
    service.refuses.store(false, ordering: .relaxed)
    try vault.put(connection: "late", record: secret("late"))
    for id in Self.ids { #expect(try vault.open(connection: id).live == secret("of " + id)) }
  }
}
