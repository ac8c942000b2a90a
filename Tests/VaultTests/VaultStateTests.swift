// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

@Suite struct VaultStateTests {
  private let directory = TemporaryDirectory()

  private func makeVault() throws -> Vault {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    return vault
  }

  private func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + seconds * 1_000) }

  @Test func aNewConnectionIsUnproven() throws {
    let before = Timestamp.now.milliseconds
    let status = try makeVault().status(connection: "nordvik").live
    #expect(status.state == .new)
    #expect(status.generation == 1)
    #expect(status.lastProof == nil)
    #expect(status.lastErrorCode == nil)
    #expect(!status.isRejected)
    #expect(before...Timestamp.now.milliseconds ~= status.since.milliseconds)
  }

  @Test func aChangeTellsThePreviousState() throws {
    let vault = try makeVault()
    let proven = { (second: Int64) in
      try vault.setState(
        connection: "nordvik", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
        at: moment(second))
    }
    #expect(try proven(10) == .new)
    #expect(try proven(20) == nil)
    #expect(
      try vault.setState(
        connection: "nordvik", generation: 1, state: .unreachable, lastErrorCode: "503", rejected: false,
        proven: false, at: moment(30)) == .active)
    let status = try vault.status(connection: "nordvik").live
    #expect(status.state == .unreachable)
    #expect(status.since == moment(30))
    #expect(status.lastProof == moment(10))
    #expect(status.lastErrorCode == "503")
    #expect(try proven(40) == .unreachable)
    #expect(try vault.status(connection: "nordvik").live.lastErrorCode == nil)
    #expect(try vault.open(connection: "nordvik").status == vault.status(connection: "nordvik"))
  }

  @Test func theLastProofIsKeptToTheMinute() throws {
    let vault = try makeVault()
    for (second, kept) in [(0, 0), (59, 0), (60, 60), (100, 60), (121, 121), (30, 30)] as [(Int64, Int64)] {
      try vault.setState(
        connection: "nordvik", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
        at: moment(second))
      #expect(try vault.status(connection: "nordvik").live.lastProof == moment(kept))
      #expect(try vault.status(connection: "nordvik").live.since == moment(0))
    }
    // Times that no clock shows do not end the process.
    for extreme in [Int64.min, .max, .min] {
      try vault.setState(
        connection: "nordvik", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
        at: Timestamp(milliseconds: extreme))
    }
  }

  @Test(arguments: [0, 2, -1, .max, .min] as [Int64]) func anOutcomeOfAnotherGenerationChangesNothing(
    _ generation: Int64
  ) throws {
    let vault = try makeVault()
    let before = try vault.status(connection: "nordvik")
    let old = try vault.setState(
      connection: "nordvik", generation: generation, state: .expired, lastErrorCode: "invalid_client", rejected: true,
      proven: true, at: moment(5))
    #expect(old == nil)
    #expect(try vault.status(connection: "nordvik") == before)
  }

  @Test func anOutcomeOfAConnectionThatIsGoneChangesNothing() throws {
    let vault = try makeVault()
    let old = try vault.setState(
      connection: "none", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
      at: moment(5))
    #expect(old == nil)
    #expect(try vault.ids() == ["nordvik"])
  }

  @Test func aRejectionStaysUntilACheckThatPassesOrANewCredential() throws {
    let vault = try makeVault()
    let reject = { (generation: Int64) in
      try vault.setState(
        connection: "nordvik", generation: generation, state: .expired, lastErrorCode: "invalid_client",
        rejected: true, proven: false, at: moment(generation))
    }
    let isRejected = { try vault.status(connection: "nordvik").live.isRejected }
    #expect(try reject(1) == .new)
    #expect(try isRejected())
    #expect(try reject(1) == nil)

    // Neither another kind of failure nor a success that was under way takes anything back.
    for (state, proven) in [(ConnectionState.unreachable, false), (.active, true)] {
      #expect(
        try vault.setState(
          connection: "nordvik", generation: 1, state: state, lastErrorCode: nil, rejected: false, proven: proven,
          at: moment(5)) == nil)
      #expect(try isRejected())
    }

    #expect(
      try vault.setState(
        connection: "nordvik", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true,
        clearsRejection: true, at: moment(9)) == .expired)
    #expect(try !isRejected())

    _ = try reject(1)
    #expect(try vault.put(connection: "nordvik", record: secret("n3w")) == 2)
    #expect(try !isRejected())
    #expect(try vault.status(connection: "nordvik").live.state == .new)
    #expect(try reject(1) == nil)
    #expect(try !isRejected())
    #expect(try reject(2) == .new)
    #expect(try isRejected())
  }

  @Test func everyStateIsKept() throws {
    let vault = try makeVault()
    for state in ConnectionState.allCases {
      try vault.setState(
        connection: "nordvik", generation: 1, state: state, lastErrorCode: nil, rejected: false, proven: false,
        at: moment(1))
      #expect(try vault.status(connection: "nordvik").live.state == state)
    }
  }

  @Test func aLongErrorCodeIsCutAtACharacter() throws {
    let vault = try makeVault()
    for (code, kept) in [
      (String(repeating: "x", count: 300), 256), (String(repeating: "€", count: 100), 255), ("a\u{0}b", 3), ("", 0),
    ] {
      try vault.setState(
        connection: "nordvik", generation: 1, state: .unreachable, lastErrorCode: code, rejected: false,
        proven: false, at: moment(1))
      let status = try vault.status(connection: "nordvik").live
      #expect(status.lastErrorCode?.utf8.count == kept)
      #expect(code.hasPrefix(status.lastErrorCode ?? "-"))
    }
  }
}
