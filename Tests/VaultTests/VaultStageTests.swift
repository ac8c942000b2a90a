// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Vault

/// Two credentials of one connection: the live one, and one beside it.
@Suite struct VaultStageTests {
  private let directory = TemporaryDirectory()

  private func makeVault() throws -> Vault {
    let vault = try Vault(path: directory.vault, key: makeKey())
    try vault.put(connection: "nordvik", record: secret("first"))
    return vault
  }

  private func status(_ vault: Vault) throws -> ConnectionStatus { try vault.status(connection: "nordvik") }

  @Test func aStagedCredentialLeavesTheLiveOneAlone() throws {
    let vault = try makeVault()
    try vault.prove("nordvik", 1)
    #expect(try vault.stage(connection: "nordvik", record: secret("second")) == 2)
    let opened = try vault.open(connection: "nordvik")
    #expect(opened.live == secret("first"))
    #expect(opened.beside == nil)
    #expect(opened.status.live.state == .active)
    #expect(opened.status.live.generation == 1)
    #expect(opened.status.beside?.state == .new)
    #expect(opened.status.beside?.generation == 2)
    #expect(opened.status.besideRole == .staged)
    #expect(!opened.status.canFallOver)
    #expect(try vault.open(connection: "nordvik", beside: true).beside == secret("second"))
  }

  @Test func anUnprovenCredentialIsNotPromoted() throws {
    let vault = try makeVault()
    #expect(fault { try vault.promote(connection: "nordvik") }?.code == .conflict)
    try vault.stage(connection: "nordvik", record: secret("second"))
    let unproven = try #require(fault { try vault.promote(connection: "nordvik") })
    #expect(unproven.code == .conflict)
    #expect(unproven.message.contains("check it first"))
    try vault.reject("nordvik", 2)
    #expect(fault { try vault.promote(connection: "nordvik") }?.message.contains("rejected") ?? false)
    #expect(try vault.open(connection: "nordvik").live == secret("first"))
    #expect(fault { try vault.promote(connection: "nobody") }?.code == .notFound)
    #expect(fault { try vault.stage(connection: "nobody", record: secret("x")) }?.code == .notFound)
    #expect(fault { try vault.retire(connection: "nobody") }?.code == .notFound)
  }

  @Test func promotionExchangesTheTwoAndCanBeTakenBack() throws {
    let vault = try makeVault()
    try vault.prove("nordvik", 1)
    try vault.stage(connection: "nordvik", record: secret("second"))
    #expect(try vault.prove("nordvik", 2) == .new)
    #expect(try status(vault).live.state == .active)
    try vault.promote(connection: "nordvik")
    var opened = try vault.open(connection: "nordvik", beside: true)
    #expect(opened.live == secret("second"))
    #expect(opened.beside == secret("first"))
    #expect(opened.status.live.generation == 2)
    #expect(opened.status.besideRole == .former)
    #expect(!opened.status.canFallOver)
    try vault.promote(connection: "nordvik")
    opened = try vault.open(connection: "nordvik", beside: true)
    #expect(opened.live == secret("first"))
    #expect(opened.status.live.generation == 1)
    #expect(opened.status.beside?.generation == 2)
  }

  @Test func theRetiredCredentialIsGone() throws {
    let vault = try makeVault()
    #expect(fault { try vault.retire(connection: "nordvik") }?.code == .conflict)
    try vault.stage(connection: "nordvik", record: secret("second"))
    try vault.prove("nordvik", 2)
    try vault.promote(connection: "nordvik")
    try vault.retire(connection: "nordvik")
    #expect(try status(vault).beside == nil)
    #expect(try vault.open(connection: "nordvik", beside: true).beside == nil)
    #expect(try vault.open(connection: "nordvik").live == secret("second"))
    #expect(fault { try vault.promote(connection: "nordvik") }?.code == .conflict)
    // Its number is not used again.
    #expect(try vault.stage(connection: "nordvik", record: secret("third")) == 3)
  }

  @Test func aPutRemovesTheCredentialBeside() throws {
    let vault = try makeVault()
    try vault.stage(connection: "nordvik", record: secret("second"))
    #expect(try vault.put(connection: "nordvik", record: secret("third")) == 3)
    #expect(try status(vault).beside == nil)
    #expect(try vault.stage(connection: "nordvik", record: secret("fourth")) == 4)
  }

  @Test func fallingOverHappensOnceAndToAProvenStagedCredentialAlone() throws {
    let vault = try makeVault()
    let fall = { (from: Int64, to: Int64) in
      try vault.fallOver(connection: "nordvik", from: from, to: to, code: "invalid_client", at: .now)
    }
    #expect(try .refused == fall(1, 2))
    try vault.stage(connection: "nordvik", record: secret("second"))
    #expect(try .refused == fall(1, 2))
    try vault.prove("nordvik", 2)
    #expect(try status(vault).canFallOver)
    #expect(try vault.open(connection: "nordvik").beside == secret("second"))
    #expect(try .refused == fall(7, 2))
    #expect(try .refused == fall(1, 7))
    #expect(try fall(1, 2) == .taken)
    var now = try status(vault)
    #expect(now.live.generation == 2)
    #expect(now.live.state == .active)
    #expect(now.beside?.isRejected == true)
    #expect(now.beside?.state == .expired)
    #expect(now.beside?.lastErrorCode == "invalid_client")
    #expect(now.besideRole == .former)
    // Who comes second is told that it has happened; nothing leads back.
    #expect(try fall(1, 2) == .standing)
    #expect(try .refused == fall(2, 1))
    #expect(fault { try vault.promote(connection: "nordvik") }?.code == .conflict)
    now = try status(vault)
    #expect(now.live.generation == 2)
    #expect(try vault.fallOver(connection: "nobody", from: 1, to: 2, code: nil, at: .now) == .refused)
  }

  @Test func outcomesReachTheCredentialThatTheyAreOf() throws {
    let vault = try makeVault()
    try vault.stage(connection: "nordvik", record: secret("second"))
    #expect(try vault.reject("nordvik", 1) == .new)
    #expect(try status(vault).beside?.isRejected == false)
    #expect(try vault.prove("nordvik", 2) == .new)
    #expect(try status(vault).live.isRejected)
    #expect(try status(vault).beside?.lastProof != nil)
  }

  @Test func expiryAndSummaryAreKept() throws {
    let vault = try makeVault()
    let end = Timestamp(milliseconds: 1_800_000_000_123)
    let credential = NewCredential(
      record: secret("s"), summary: Array(#"{"host":"h"}"#.utf8), expiresAt: end, expiringDays: 30)
    try vault.put(connection: "nordvik", credential)
    #expect(try status(vault).live.expiresAt == end)
    #expect(try status(vault).live.expiringDays == 30)
    #expect(try status(vault).live.summary == credential.summary)
    #expect(try vault.list().first == status(vault))
    let big = NewCredential(record: secret("s"), summary: [UInt8](repeating: 1, count: Card.largestSummary + 1))
    #expect(fault { try vault.put(connection: "nordvik", big) }?.code == .invalidArgument)
  }
}
