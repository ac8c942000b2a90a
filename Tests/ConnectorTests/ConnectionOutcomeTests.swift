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
}
