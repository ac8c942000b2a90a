// SPDX-License-Identifier: Apache-2.0

import Basics

/// One verification of the audit trail, while others may go on writing.
///
/// The entries are read before the head: whoever adds one moves the head with it, so the head is at least as far as the
/// entries that were seen.
struct AuditVerification {
  /// Times that the connections are held against the trail while others change them.
  private static let patience = 20

  private let trail: AuditTrail
  private let store: any Store
  private var walk: AuditWalk
  private var ledger = AuditLedger()
  /// Chain values that entries must have: number of the entry, value, and what was found where it has another.
  private var pins: [(number: Int64, chain: [UInt8], finding: String)] = []
  private var head: AuditHead?

  init(_ trail: AuditTrail, _ store: any Store) {
    self.trail = trail
    self.store = store
    walk = AuditWalk(trail)
  }

  mutating func run(against earlier: AuditHead?, _ connections: AuditedConnections) throws(S4Error) -> AuditReport {
    var finding: AuditFinding?
    do throws(S4Error) {
      finding = try find(against: earlier, connections)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      finding = AuditFinding(entry: nil, text: error.message)
    }
    if let found = finding { finding = try considerDamage(found) }
    return AuditReport(entries: walk.number, finding: finding, head: head)
  }

  /// What was not found may be hidden by damage of the store: then that is the finding, and not that somebody was at it.
  private func considerDamage(_ finding: AuditFinding) throws(S4Error) -> AuditFinding {
    do throws(S4Error) {
      try store.proveSound()
      return finding
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      let text = error.message == finding.text ? error.message : error.message + "; it was seen because " + finding.text
      return AuditFinding(entry: finding.entry, text: text)
    }
  }

  private mutating func find(
    against earlier: AuditHead?, _ connections: AuditedConnections
  ) throws(S4Error) -> AuditFinding? {
    if let earlier { pins.append((earlier.count, earlier.hash, Self.rewritten(earlier))) }
    if let finding = try passEntries() { return finding }
    if let finding = try compareHead() { return finding }
    if let earlier, let finding = compare(earlier) { return finding }
    return try compare(connections)
  }

  /// Passes all entries that are there and have not been passed.
  private mutating func passEntries() throws(S4Error) -> AuditFinding? {
    while true {
      switch try walk.next(in: store) {
      case .finding(let finding): return finding
      case .entries(let links):
        guard !links.isEmpty else { return nil }
        for link in links {
          ledger.take(link.entry)
          for pin in pins where pin.number == link.entry.number && pin.chain != link.chain {
            return AuditFinding(entry: nil, text: pin.finding)
          }
        }
      }
    }
  }

  /// Holds the head against the entries that were passed, and passes those that came meanwhile.
  private mutating func compareHead() throws(S4Error) -> AuditFinding? {
    let passed = (number: walk.number, chain: walk.chain)
    let record: AuditHeadRecord?
    do throws(S4Error) {
      record = try trail.headRecord(in: store)
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      return Self.headFinding("does not prove genuine: it was changed, or it is another vault's")
    }
    guard let record else {
      guard passed.number > 0 else {
        return AuditFinding(
          entry: nil, text: "the vault has no audit trail: entries and head were removed; " + AuditFinding.advice)
      }
      return Self.headFinding("is missing, with \(passed.number) entries there: it was removed")
    }
    head = trail.head(record)
    if record.entries < passed.number {
      return Self.headFinding(
        "says \(record.entries) entries, and there are \(passed.number): it was put back to an earlier state")
    }
    let mismatch = "is not that of entry \(record.entries): head and entries come from two states of the vault"
    if record.entries == passed.number {
      guard record.chain == passed.chain else { return Self.headFinding(mismatch) }
    } else {
      pins.append((record.entries, record.chain, Self.headFinding(mismatch).text))
      if let finding = try passEntries() { return finding }
      guard walk.number >= record.entries else { return cutOff(record.entries) }
    }
    guard record.keySet >= trail.keySet else { return Self.headFinding(AuditTrail.formerKeys) }
    return nil
  }

  /// Holds a head that was kept outside of the vault against what is in it.
  private func compare(_ earlier: AuditHead) -> AuditFinding? {
    guard let head else { return nil }
    if earlier.count > walk.number {
      return AuditFinding(
        entry: nil,
        text: "the audit trail ends with entry \(walk.number), and by the head that was given it had \(earlier.count) "
          + "entries: the vault, or its audit trail, was put back to an earlier state; look for who or what put it back, "
          + "and take a later copy")
    }
    guard head.generation < earlier.generation else { return nil }
    return AuditFinding(
      entry: nil,
      text: "the vault is at generation \(head.generation), and by the head that was given it was at "
        + "\(earlier.generation): the head was put back to an earlier state; " + AuditFinding.advice)
  }

  /// Holds the connections against the trail. Each change of a credential adds an entry in the same commit: where the
  /// head has not moved while the connections were read, both are of one state.
  private mutating func compare(_ connections: AuditedConnections) throws(S4Error) -> AuditFinding? {
    let listed: [String]
    switch try Self.finding({ () throws(S4Error) in try connections.all() }) {
    case .success(let ids): listed = ids
    case .failure(let finding): return finding
    }
    var suspects = ledger.ids(and: listed)
    for _ in 0..<Self.patience {
      let before = try store.get(AuditHeadRecord.key)
      if let finding = try passEntries() { return finding }
      var differences: [(id: String, text: String)] = []
      for id in suspects {
        switch try Self.finding({ () throws(S4Error) in try connections.credentials(id) }) {
        case .success(let credentials):
          if let text = ledger.difference(id, credentials) { differences.append((id, text)) }
        case .failure(let finding): differences.append((id, finding.text))
        }
      }
      guard let first = differences.first else { return nil }
      guard try store.get(AuditHeadRecord.key)?.value != before?.value else {
        let others = differences.count - 1
        return AuditFinding(
          entry: nil,
          text: first.text + (others > 0 ? "; \(others) more connections do not agree with the audit trail" : ""))
      }
      suspects = differences.map(\.id)
    }
    throw S4Error(
      .vaultUnavailable, "the connections change faster than they can be held against the audit trail: try again",
      isRetryable: true)
  }

  /// Runs a body in which a record that does not prove genuine is a finding.
  private static func finding<Value>(
    _ body: () throws(S4Error) -> Value
  ) throws(S4Error) -> Result<Value, AuditFinding> {
    do throws(S4Error) {
      return .success(try body())
    } catch {
      guard error.code == .vaultCorrupt else { throw error }
      return .failure(AuditFinding(entry: nil, text: error.message))
    }
  }

  private static func headFinding(_ what: String) -> AuditFinding {
    AuditFinding(entry: nil, text: "the head of the audit trail \(what); " + AuditFinding.advice)
  }

  private static func rewritten(_ earlier: AuditHead) -> String {
    "entry \(earlier.count) of the audit trail is another than when the head that was given was taken: the vault, or its "
      + "audit trail, was put back to an earlier state and written on; " + AuditFinding.advice
  }

  private func cutOff(_ entries: Int64) -> AuditFinding {
    let first = walk.number &+ 1
    return AuditFinding(
      entry: first,
      text: "the audit trail ends with entry \(walk.number), and its head says \(entries): "
        + (first == entries ? "entry \(first) was" : "entries \(first) to \(entries) were") + " removed; "
        + AuditFinding.advice)
  }
}
