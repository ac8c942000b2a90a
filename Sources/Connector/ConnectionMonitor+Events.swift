// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

// What the product is told, in the shapes that the header gives.
extension ConnectionMonitor {
  func tell(_ connection: String, from: ConnectionState, _ change: ConnectionKnowledge.Change) {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "connection_state")
      event.member("connection", connection)
      event.member("from", from.rawValue)
      event.member("to", change.state.rawValue)
      event.member("recovered", change.state.works && from.isFailure)
      event.member("at", change.at.iso8601)
      event.member("code", change.code)
      event.member("message", change.message)
    }
    events.push(writer.text)
  }

  func tellUnsaved(_ connection: String, to state: ConnectionState, at time: Timestamp, _ error: S4Error) {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "state_not_saved")
      event.member("connection", connection)
      event.member("to", state.rawValue)
      event.member("at", time.iso8601)
      event.member("message", error.message)
    }
    events.push(writer.text)
  }

  func tellSwitched(_ fallOver: FallOver) {
    var writer = JSONWriter()
    writer.object { event in
      event.member("event", "credential_switched")
      event.member("connection", fallOver.connection)
      event.member("from_generation", fallOver.from)
      event.member("to_generation", fallOver.to)
      event.member("at", fallOver.at.iso8601)
      event.member("code", fallOver.code)
    }
    events.push(writer.text)
  }
}
