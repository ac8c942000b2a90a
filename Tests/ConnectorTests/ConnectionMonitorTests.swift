// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import Secrets
import TestSupport
import Testing

@testable import Connector
@testable import Vault

@Suite struct ConnectionMonitorTests {
  private static let rejection = ConnectionOutcome.failed(
    S4Error(.credentialExpired, "rejected", outcome: .notProcessed))
  private static let silence = ConnectionOutcome.failed(S4Error(.unreachable, "no answer", outcome: .unknown))

  /// Runs a body with a vault of one connection, its monitor and the events.
  private func withMonitor(_ body: (Vault, ConnectionMonitor, EventQueue, Int64) throws -> Void) throws {
    let directory = TemporaryDirectory()
    let key = try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    let store = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
    let vault = try Vault(store: store, key: key)
    defer { vault.close() }
    let generation = try vault.put(connection: "nordvik", NewCredential(record: SecretBytes(copying: [1])))
    let events = try EventQueue(capacity: 16)
    let monitor = ConnectionMonitor(vault: vault, events: events)
    monitor.note("nordvik", try vault.status(connection: "nordvik").live)
    try body(vault, monitor, events, generation)
  }

  @Test func rejectionThatWasNotSavedStandsAndIsSavedLater() throws {
    try withMonitor { vault, monitor, events, generation in
      let before = try vault.status(connection: "nordvik").live
      // As if another process were in the middle of a long write.
      try vault.store.change(by: Deadline(milliseconds: 5_000)) { _ in
        monitor.report("nordvik", generation: generation, Self.rejection, isCheck: false)
        return []
      }
      #expect(events.next()?.contains("state_not_saved") == true)
      #expect(events.next() == nil)

      // The vault does not know, and who asks is told all the same.
      let stored = try vault.status(connection: "nordvik")
      let told = monitor.completed(stored).live
      #expect(stored.live.state == .new && told.state == .expired && told.isRejected && told.lastErrorCode != nil)
      // The next operation must not take its word.
      #expect(throws: S4Error.self) { try monitor.admit("nordvik", before) }
      #expect(!monitor.mayStillSend("nordvik", generation: generation))
      let isSaved = try vault.status(connection: "nordvik").live.isRejected
      #expect(isSaved)
      #expect(events.next()?.contains("\"to\":\"expired\"") == true)
      #expect(events.next() == nil)
    }
  }

  @Test func statusReadBeforeARejectionDoesNotUndoIt() throws {
    try withMonitor { vault, monitor, _, generation in
      let version = monitor.version("nordvik")
      let before = try vault.status(connection: "nordvik").live
      monitor.report("nordvik", generation: generation, Self.rejection, isCheck: false)
      #expect(throws: S4Error.self) { try monitor.admit("nordvik", before, asOf: version) }
      #expect(!monitor.mayStillSend("nordvik", generation: generation))
    }
  }

  @Test func crowdThatWaitsWithAReplacedCredentialIsOneAttemptToo() throws {
    try withMonitor { vault, monitor, _, old in
      // The first of the crowd is under way; a new credential is put and used; then the first is rejected.
      let new = try vault.put(connection: "nordvik", NewCredential(record: SecretBytes(copying: [2])))
      monitor.note("nordvik", try vault.status(connection: "nordvik").live)
      if case .limited(to: 1) = monitor.passage("nordvik", generation: old, limit: 2, ignoring: nil) {
      } else {
        Issue.record("the replaced credential is not known to be wrong yet")
      }
      monitor.report("nordvik", generation: old, Self.rejection, isCheck: false)
      if case .refused = monitor.passage("nordvik", generation: old, limit: 2, ignoring: nil) {
      } else {
        Issue.record("the rest of the crowd is sent")
      }
      #expect(!monitor.mayStillSend("nordvik", generation: old))
      #expect(monitor.mayStillSend("nordvik", generation: new))
      if case .limited(to: 1) = monitor.passage("nordvik", generation: new, limit: 2, ignoring: nil) {
      } else {
        Issue.record("the new credential has its own turns")
      }
    }
  }

  @Test func rejectedCredentialStaysExpiredWhateverElseComesIn() throws {
    try withMonitor { vault, monitor, _, generation in
      monitor.report("nordvik", generation: generation, Self.rejection, isCheck: false)
      monitor.report("nordvik", generation: generation, Self.silence, isCheck: false)
      let rejected = try vault.status(connection: "nordvik").live.state
      #expect(rejected == .expired)
      #expect(!monitor.mayStillSend("nordvik", generation: generation))
      monitor.report("nordvik", generation: generation, .proven, isCheck: true)
      let proven = try vault.status(connection: "nordvik").live.state
      #expect(proven == .active)
      #expect(monitor.mayStillSend("nordvik", generation: generation))
    }
  }

  @Test func idsThatUnicodeCallsEqualAreTwoConnections() throws {
    try withMonitor { vault, monitor, events, _ in
      let ids = ["\u{E5}", "a\u{30A}"]
      for id in ids {
        let generation = try vault.put(connection: id, NewCredential(record: SecretBytes(copying: [1])))
        #expect(generation == 1)
        monitor.note(id, try vault.status(connection: id).live)
        monitor.accepted(id, generation: generation)
      }
      monitor.report(ids[0], generation: 1, Self.rejection, isCheck: false)
      #expect(!monitor.mayStillSend(ids[0], generation: 1))
      #expect(monitor.mayStillSend(ids[1], generation: 1))
      monitor.report(ids[1], generation: 1, Self.rejection, isCheck: false)
      // Each in the vault, and each with its event.
      for id in ids { #expect(try vault.status(connection: id).live.isRejected) }
      let told = [events.next(), events.next()]
      for (id, event) in zip(ids, told) { #expect(event.map { Array($0.utf8).contains(Array(id.utf8)[0]) } == true) }
    }
  }

  @Test func inAVaultThatIsReadOnlyARejectionStandsInThisProcessAndIsToldOnce() throws {
    let directory = TemporaryDirectory()
    let key = try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    let writer = try Vault(
      store: SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false), key: key)
    defer { writer.close() }
    try writer.put(connection: "nordvik", NewCredential(record: SecretBytes(copying: [1])))
    let vault = try Vault(
      store: SQLiteStore(path: directory.vault, readOnly: true, checksIntegrity: false), key: key)
    defer { vault.close() }
    let events = try EventQueue(capacity: 16)
    let monitor = ConnectionMonitor(vault: vault, events: events)
    try monitor.admit("nordvik", vault.status(connection: "nordvik").live)
    monitor.report("nordvik", generation: 1, Self.rejection, isCheck: false)
    for _ in 0..<3 {
      monitor.settle()
      #expect(throws: S4Error.self) { try monitor.admit("nordvik", vault.status(connection: "nordvik").live) }
      #expect(!monitor.mayStillSend("nordvik", generation: 1))
    }
    #expect(events.next()?.contains(#""from":"new","to":"expired""#) == true)
    #expect(events.next() == nil)
    #expect(try monitor.completed(vault.status(connection: "nordvik")).live.state == .expired)
    // A person's check goes through: it works again, here.
    monitor.report("nordvik", generation: 1, .proven, isCheck: true)
    try monitor.admit("nordvik", vault.status(connection: "nordvik").live)
    #expect(events.next()?.contains(#""from":"expired","to":"active","recovered":true"#) == true)
    // What another process writes later counts.
    try writer.put(connection: "nordvik", NewCredential(record: SecretBytes(copying: [2])))
    try monitor.admit("nordvik", vault.status(connection: "nordvik").live)
    #expect(monitor.mayStillSend("nordvik", generation: 2) && events.next() == nil)
  }
}
