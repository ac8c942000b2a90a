// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Testing

/// The header's numbers are promised never to change, and the core's are to be the same.
@Suite struct HeaderTests {
  @Test func statusCodesAreTheHeaders() {
    let header: [S4Error.Code: Int] = [
      .invalidArgument: ASKEL_S4_INVALID_ARGUMENT, .closed: ASKEL_S4_CLOSED, .forked: ASKEL_S4_FORKED,
      .cancelled: ASKEL_S4_CANCELLED, .timedOut: ASKEL_S4_TIMED_OUT, .pending: ASKEL_S4_PENDING,
      .notFound: ASKEL_S4_NOT_FOUND, .conflict: ASKEL_S4_CONFLICT, .vaultUnavailable: ASKEL_S4_VAULT_UNAVAILABLE,
      .vaultKeyRefused: ASKEL_S4_VAULT_KEY_REFUSED, .vaultCorrupt: ASKEL_S4_VAULT_CORRUPT,
      .hostRefused: ASKEL_S4_HOST_REFUSED, .originRefused: ASKEL_S4_ORIGIN_REFUSED,
      .credentialExpired: ASKEL_S4_CREDENTIAL_EXPIRED, .unauthorised: ASKEL_S4_UNAUTHORISED,
      .unreachable: ASKEL_S4_UNREACHABLE, .tlsRefused: ASKEL_S4_TLS_REFUSED, .throttled: ASKEL_S4_THROTTLED,
      .outcomeUnknown: ASKEL_S4_UNKNOWN_OUTCOME,
      .serviceError: ASKEL_S4_SERVICE_ERROR, .notOData: ASKEL_S4_NOT_ODATA,
      .malformedAnswer: ASKEL_S4_MALFORMED_ANSWER, .readInconsistent: ASKEL_S4_READ_INCONSISTENT,
      .tooLarge: ASKEL_S4_TOO_LARGE, .preconditionFailed: ASKEL_S4_PRECONDITION_FAILED,
      .preconditionRequired: ASKEL_S4_PRECONDITION_REQUIRED, .hostUnfit: ASKEL_S4_HOST_UNFIT,
      .internalDefect: ASKEL_S4_INTERNAL,
    ]
    for code in S4Error.Code.allCases { #expect(header[code] == Int(code.rawValue), "\(code)") }
  }

  @Test func outcomesAreTheHeaders() {
    #expect(Int(S4Error.Outcome.notSent.rawValue) == ASKEL_S4_OUTCOME_NOT_SENT)
    #expect(Int(S4Error.Outcome.notProcessed.rawValue) == ASKEL_S4_OUTCOME_NOT_PROCESSED)
    #expect(Int(S4Error.Outcome.processed.rawValue) == ASKEL_S4_OUTCOME_PROCESSED)
    #expect(Int(S4Error.Outcome.unknown.rawValue) == ASKEL_S4_OUTCOME_UNKNOWN)
  }

  @Test func versionIsTheHeaders() {
    #expect(String(cString: askel_s4_version()) == "0.1.0")
    #expect(askel_s4_version_number() == 100)
  }
}
