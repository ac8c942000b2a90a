// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing
import Vault

@testable import Connector

@Suite struct ConnectionOutcomeTests {
  private func after(_ state: ConnectionState, _ code: S4Error.Code) -> ConnectionState? {
    ConnectionOutcome.failed(S4Error(code, "")).state(after: state)
  }

  @Test func rejectedCredentialIsExpired() {
    for state in ConnectionState.allCases { #expect(after(state, .credentialExpired) == .expired) }
  }

  @Test func refusedServiceIsUnauthorisedAndSilenceUnreachable() {
    #expect(after(.active, .unauthorised) == .unauthorised)
    #expect(after(.active, .unreachable) == .unreachable)
    let late = S4Error(.timedOut, "", outcome: .unknown)
    #expect(ConnectionOutcome.failed(late).state(after: .active) == .unreachable)
    #expect(after(.active, .tlsRefused) == .unreachable)
  }

  @Test func whatSaysNothingOfTheConnectionChangesNothing() {
    for code in [S4Error.Code.cancelled, .closed, .notFound, .throttled, .malformedAnswer, .serviceError, .tooLarge] {
      #expect(after(.active, code) == nil)
    }
  }

  @Test func deadlineThatLeftNoTimeToAskSaysNothingOfTheTenant() {
    #expect(after(.active, .timedOut) == nil)
  }

  @Test func mintedTokenProvesACredentialAndNotAService() {
    #expect(ConnectionOutcome.minted.state(after: .new) == .active)
    #expect(ConnectionOutcome.minted.state(after: .expired) == .active)
    // Otherwise each mint beside a failing service would announce a recovery.
    #expect(ConnectionOutcome.minted.state(after: .unauthorised) == nil)
    #expect(ConnectionOutcome.minted.state(after: .unreachable) == nil)
    for state in ConnectionState.allCases { #expect(ConnectionOutcome.proven.state(after: state) == .active) }
  }

  private func knowledge(_ state: ConnectionState, rejected: Bool = false) -> ConnectionKnowledge {
    ConnectionKnowledge(generation: 1, state: state, isRejected: rejected, provenAt: nil)
  }

  private let rejection = ConnectionOutcome.failed(S4Error(.credentialExpired, "", sapCode: "invalid_client"))

  @Test func lateSuccessDoesNotClearARejection() {
    var known = knowledge(.active)
    #expect(known.take(rejection, isCheck: false, at: .now)?.isRejection == true)
    // The page that was under way with an older token, its mint, and a failing network.
    for late in [ConnectionOutcome.proven, .minted, .failed(S4Error(.unreachable, ""))] {
      #expect(known.take(late, isCheck: false, at: .now) == nil)
    }
    #expect(known.isRejected && known.state == .expired)
  }

  @Test func onlyACheckThatPassesClearsARejection() {
    var known = knowledge(.expired, rejected: true)
    #expect(known.take(.failed(S4Error(.unreachable, "")), isCheck: true, at: .now) == nil)
    #expect(known.isRejected)
    #expect(known.take(.minted, isCheck: true, at: .now)?.state == .active)
    #expect(!known.isRejected)
  }

  @Test func proofIsToldOnceAndWrittenAgainOnlyAfterAWhile() {
    var known = knowledge(.new)
    let start = Timestamp(milliseconds: 1_000_000)
    #expect(known.take(.minted, isCheck: false, at: start)?.state == .active)
    #expect(known.take(.proven, isCheck: false, at: start) == nil)
    let later = Timestamp(milliseconds: start.milliseconds + ConnectionKnowledge.proofInterval + 1)
    #expect(known.take(.proven, isCheck: false, at: later)?.isProof == true)
  }

  @Test func everyFailureHasACode() {
    #expect(rejection.code == "invalid_client")
    #expect(ConnectionOutcome.failed(S4Error(.unreachable, "", httpStatus: 503)).code == "503")
    #expect(ConnectionOutcome.failed(S4Error(.timedOut, "")).code == "timedOut")
    #expect(ConnectionOutcome.proven.code == nil)
  }

  @Test func oneClosedServiceAmongOpenOnesIsToldOnce() {
    var known = knowledge(.active)
    let refusal = ConnectionOutcome.failed(S4Error(.unauthorised, "", httpStatus: 403))
    #expect(known.take(refusal, of: "/closed", isCheck: false, at: .now)?.state == .unauthorised)
    for _ in 0..<3 {
      #expect(known.take(.proven, of: "/open", isCheck: false, at: .now) == nil)
      #expect(known.take(refusal, of: "/closed", isCheck: false, at: .now) == nil)
    }
    #expect(known.take(.proven, of: "/closed", isCheck: false, at: .now)?.state == .active)
    #expect(known.refused.isEmpty)
  }
}
