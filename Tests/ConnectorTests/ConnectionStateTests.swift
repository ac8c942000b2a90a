// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing
import Vault

@testable import Connector

/// The whole machine of states, as a table: what each outcome makes of each state, before the end comes near and after.
@Suite struct ConnectionStateTests {
  private static let now = Timestamp(milliseconds: 1_000_000_000_000)
  private static let far = Expiry(end: Timestamp(milliseconds: now.milliseconds + 15 * 86_400_000), days: 14)
  private static let near = Expiry(end: Timestamp(milliseconds: now.milliseconds + 13 * 86_400_000), days: 14)

  private static let minted = ConnectionOutcome.minted
  private static let proven = ConnectionOutcome.proven
  private static let rejected = ConnectionOutcome.failed(S4Error(.credentialExpired, "", outcome: .notProcessed))
  private static let closed = ConnectionOutcome.failed(S4Error(.unauthorised, "", outcome: .notProcessed))
  private static let silent = ConnectionOutcome.failed(S4Error(.unreachable, "", outcome: .unknown))
  private static let other = ConnectionOutcome.failed(S4Error(.serviceError, "", outcome: .notProcessed))

  /// From, outcome, what follows far from the end, and near it.
  private static let table: [(ConnectionState, ConnectionOutcome, ConnectionState, ConnectionState)] = [
    (.new, minted, .active, .expiring), (.new, proven, .active, .expiring), (.new, rejected, .expired, .expired),
    (.new, closed, .unauthorised, .unauthorised), (.new, silent, .unreachable, .unreachable), (.new, other, .new, .new),
    (.active, minted, .active, .active), (.active, proven, .active, .expiring),
    (.active, rejected, .expired, .expired), (.active, closed, .unauthorised, .unauthorised),
    (.active, silent, .unreachable, .unreachable), (.active, other, .active, .active),
    (.expiring, minted, .expiring, .expiring), (.expiring, proven, .active, .expiring),
    (.expiring, rejected, .expired, .expired), (.expiring, closed, .unauthorised, .unauthorised),
    (.expiring, silent, .unreachable, .unreachable), (.expiring, other, .expiring, .expiring),
    (.unauthorised, minted, .unauthorised, .unauthorised), (.unauthorised, proven, .active, .expiring),
    (.unauthorised, rejected, .expired, .expired), (.unauthorised, closed, .unauthorised, .unauthorised),
    (.unauthorised, silent, .unreachable, .unreachable), (.unauthorised, other, .unauthorised, .unauthorised),
    (.unreachable, minted, .unreachable, .unreachable), (.unreachable, proven, .active, .expiring),
    (.unreachable, rejected, .expired, .expired), (.unreachable, closed, .unauthorised, .unauthorised),
    (.unreachable, silent, .unreachable, .unreachable), (.unreachable, other, .unreachable, .unreachable),
  ]

  private func knowledge(_ state: ConnectionState, _ expiry: Expiry, rejected: Bool = false) -> ConnectionKnowledge {
    ConnectionKnowledge(
      generation: 1, state: state, isRejected: rejected, provenAt: Self.now, expiry: expiry)
  }

  @Test func everyOutcomeOfEveryStateIsAsTheTableSays() {
    for (from, outcome, far, near) in Self.table {
      for (expiry, to) in [(Self.far, far), (Self.near, near), (Expiry.unknown, far)] {
        var known = knowledge(from, expiry)
        let change = known.take(outcome, isCheck: false, at: Self.now)
        #expect(known.state == to, "\(from) \(outcome)")
        // Told where it changed, and only there: the proof is fresh.
        #expect(change.map(\.state) == (from == to ? nil : to), "\(from) \(outcome)")
        #expect(known.take(outcome, isCheck: false, at: Self.now) == nil, "\(from) \(outcome) twice")
      }
    }
  }

  @Test func rejectedCredentialComesBackOnlyByACheckAndThenAsTheDateSays() {
    for outcome in [Self.minted, Self.proven, Self.closed, Self.silent, Self.other] {
      var known = knowledge(.expired, Self.near, rejected: true)
      #expect(known.take(outcome, isCheck: false, at: Self.now) == nil)
      #expect(known.state == .expired && known.isRejected)
    }
    for outcome in [Self.minted, Self.proven] {
      for (expiry, to) in [(Self.far, ConnectionState.active), (Self.near, .expiring)] {
        var known = knowledge(.expired, expiry, rejected: true)
        #expect(known.take(outcome, isCheck: true, at: Self.now)?.state == to)
        #expect(!known.isRejected)
      }
    }
  }

  @Test func lookingTellsOnceThatTheEndHasComeNear() {
    var known = knowledge(.active, Self.near)
    #expect(known.look(at: Self.now)?.state == .expiring)
    #expect(known.look(at: Self.now) == nil)
    #expect(known.take(Self.proven, isCheck: false, at: Self.now) == nil)
    for state in ConnectionState.allCases where state != .active {
      var other = knowledge(state, Self.near)
      #expect(other.look(at: Self.now) == nil && other.state == state)
    }
    var early = knowledge(.active, Self.far)
    #expect(early.look(at: Self.now) == nil)
  }

  @Test func proofIsStillWrittenNowAndThenWhileExpiring() {
    var known = knowledge(.expiring, Self.near)
    let later = Timestamp(milliseconds: Self.now.milliseconds + ConnectionKnowledge.proofInterval + 1)
    let change = known.take(Self.proven, isCheck: false, at: later)
    #expect(change?.isProof == true && change?.state == .expiring)
  }
}
