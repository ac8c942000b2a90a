// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP

/// SAP Gateway's repeatable requests: under one id a request is carried out once, however often it comes.
/// Source: SAP Gateway, "Defining Settings for Idempotent Services".
enum Repeatability {
  static func headers() -> [String] {
    let id = RequestID.make().filter { $0 != "-" }.uppercased()
    let now = Timestamp.now.iso8601 ?? ""
    return ["RequestID: " + id, "RepeatabilityCreation: " + now.prefix { $0 != "." && $0 != "Z" }]
  }

  /// What an answer to a write means that had been sent before, with nothing known of what became of it. A service that
  /// passes over the ids carries a request out as often as it comes.
  /// - Returns: nil where all is well.
  static func objection(to answer: Exchange.Answer, in exchange: Exchange, target: String) -> S4Error? {
    guard answer.mayHaveLandedBefore else { return nil }
    guard answer.response.isSuccess else {
      // It refuses the second attempt, and says nothing of the first.
      var error = exchange.error(answer, target: target)
      error.outcome = .unknown
      return error.ofAWrite
    }
    guard answer.response.header("repeatabilityresult")?.lowercased() != "accepted" else { return nil }
    return S4Error(
      .outcomeUnknown,
      "\(target) was sent again after a lost answer, and the service does not say that it knows repeatable requests: it "
        + "may have been carried out twice; look for the documents, and do not call this service repeatable",
      outcome: .unknown, httpStatus: Int32(clamping: answer.response.status), target: target)
  }
}
