// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import Secrets
import Synchronization
import Vault

/// The library as one product process uses it: vault, engine, event queue.
package final class Instance: Sendable {
  package static let version = "0.1.0"
  package static let usualMintsPerSecond = MintPace.usual
  package static let mostMintsPerSecond = MintPace.most

  package let guardian = ForkGuard()
  package let events: EventQueue
  let vault: Vault
  let engine: Engine
  let monitor: ConnectionMonitor
  let mints: Mints
  let telemetry: Telemetry
  let metadata = MetadataShelf()
  private let facts: CurlRuntime.Facts
  private let isClosed = Atomic<Bool>(false)

  /// Opens the vault under its key. Nothing is sent, and no thread starts yet.
  /// - Parameters:
  ///   - store: where the vault is; opened when the host has been found fit.
  ///   - other: a second key that may open it.
  ///   - mintsPerSecond: token requests to one endpoint in any second; 0: as many as are asked for.
  package init(
    store: () throws(S4Error) -> any Store, key: any KeySource, other: (any KeySource)?, eventCapacity: Int,
    mintsPerSecond: Int = MintPace.usual, logLevel: Telemetry.Level = .off
  ) throws(S4Error) {
    facts = try CurlRuntime.start()
    mints = Mints(perSecond: mintsPerSecond)
    events = try EventQueue(capacity: eventCapacity)
    vault = try Vault(store: try store(), key: key, other: other) { (record) throws(S4Error) in
      try ConnectionRecord.decode(record).summary
    }
    telemetry = Telemetry(level: logLevel, events: events)
    engine = try Engine { [telemetry] request, result, nanoseconds in
      telemetry.record(request, result, nanoseconds)
    }
    monitor = ConnectionMonitor(vault: vault, events: events) { [vault] (step, briefly) throws(S4Error) in
      try vault.fallOver(
        connection: step.connection, from: step.from, to: step.to, code: step.code, at: step.at, briefly: briefly)
    }
  }

  /// Cancels what runs, joins the engine's thread and closes the vault; handles made from it answer `closed`.
  package func close() {
    guard !guardian.isForked, !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    // Outside the gate: the I/O thread passes it once more before it ends.
    engine.close()
    ForkGate.within {
      // A store of the product's is asked on its threads alone: this is the last that it lends.
      monitor.settle()
      vault.close()
    }
  }

  /// - Throws: `forked`, `closed`.
  package func checkUsable() throws(S4Error) {
    try guardian.check()
    guard !isClosed.load(ordering: .acquiring) else { throw .closed }
  }

  /// Takes the oldest event; nil where none waits.
  package func nextEvent() throws(S4Error) -> String? {
    try guardian.check()
    events.answerWake()
    monitor.settle()
    return events.next()
  }

  /// Counts of requests as JSON: the shape is in the header.
  package func stats(of connection: String?) throws(S4Error) -> String {
    try checkUsable()
    return telemetry.stats(of: connection)
  }

  /// The instance's status as JSON: the shape is in the header.
  package func status() throws(S4Error) -> String {
    try checkUsable()
    let connections = try vault.count()
    var writer = JSONWriter()
    writer.object { status in
      status.member("version", Self.version)
      status.member("vault_id", vault.id)
      status.member("connections", connections)
      status.member("wiping", facts.isWiping ? "full" : "partial")
      status.member("curl", facts.version)
      status.member("tls", facts.tls)
      status.member("mints", mints.value)
      status.member("requests", engine.requestCount)
      status.member("events_dropped", events.droppedEver)
      status.member("memory_locked", SecretMemory.isLocked)
    }
    return writer.text
  }
}
