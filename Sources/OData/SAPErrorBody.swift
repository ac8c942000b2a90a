// SPDX-License-Identifier: Apache-2.0

import Basics

/// What an error body says, whatever its form.
struct SAPErrorBody: Equatable {
  var code = ""
  var message = ""
  var target = ""
  var details: [S4Error.Detail] = []

  /// More messages than a person reads, and fewer than would cost memory.
  static let maximumDetails = 100
  static let maximumText = 4_096

  var isEmpty: Bool { code.isEmpty && message.isEmpty && details.isEmpty }

  mutating func add(_ detail: S4Error.Detail) {
    guard details.count < Self.maximumDetails, !detail.code.isEmpty || !detail.message.isEmpty else { return }
    details.append(detail)
  }

  /// Drops the details that only say that there was an error: Gateway wraps what the application raised in its own
  /// exceptions. They stay where nothing else was said. Source: recorded SAP Gateway answers.
  mutating func dropNoise() {
    let telling = details.filter { !$0.code.hasPrefix("/IWBEP/") }
    if !telling.isEmpty { details = telling }
  }
}
