// SPDX-License-Identifier: Apache-2.0

import Basics

extension S4Error {
  /// An answer that is not what its type says. For a read, what became of it at the tenant does not matter.
  static func malformedAnswer(_ message: String, target: String = "") -> S4Error {
    S4Error(.malformedAnswer, message, outcome: .unknown, target: target)
  }

  /// An answer whose JSON breaks off or is spelled wrong.
  static func malformedAnswer(_ fault: JSONFault, size: Int) -> S4Error {
    malformedAnswer(
      "the answer is cut off or no JSON: at byte \(fault.offset) of \(size), \(fault.reason); read it again")
  }
}
