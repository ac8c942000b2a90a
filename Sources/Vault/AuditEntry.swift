// SPDX-License-Identifier: Apache-2.0

import Basics

/// One entry of the audit trail.
package struct AuditEntry: Equatable, Sendable {
  /// 1 for the first one; each has the number of the one before and one more.
  package let number: Int64
  package let event: AuditEvent

  /// One line of JSON, without a line feed; the shape is in the header.
  package var json: String {
    var writer = JSONWriter()
    writer.object { entry in
      entry.member("entry", number)
      entry.member("at", event.at.iso8601)
      entry.member("actor", event.actor)
      entry.member("action", event.action.rawValue)
      entry.member("connection", event.connection)
      entry.member("generation", event.generation)
      entry.member("result", event.result)
    }
    return writer.text
  }

  /// Proves that text may stand as the actor of an entry; nil names nobody.
  /// - Throws: `invalidArgument`, named `actor`, for what is not 1 to 256 bytes without control characters.
  package static func checkActor(_ actor: String?) throws(S4Error) {
    guard let actor else { return }
    guard 1...AuditEvent.Limit.text ~= actor.utf8.count else {
      let reason =
        actor.isEmpty ? "is empty: give NULL to name nobody" : "has \(actor.utf8.count) bytes, 256 are the most"
      throw .invalidArgument("actor", reason)
    }
    guard !actor.unicodeScalars.contains(where: AuditEvent.isControl) else {
      throw .invalidArgument("actor", "holds a control character: was a line break passed with it?")
    }
  }
}
