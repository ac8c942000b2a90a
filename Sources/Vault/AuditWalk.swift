// SPDX-License-Identifier: Apache-2.0

import Basics

/// Goes through the entries of a trail in their order, batch by batch, and proves each.
struct AuditWalk {
  enum Step {
    /// The next ones; none at the end.
    case entries([Link])
    case finding(AuditFinding)
  }

  struct Link {
    let entry: AuditEntry
    let chain: [UInt8]
  }

  private let trail: AuditTrail
  /// Number of the last entry that was passed.
  private(set) var number: Int64 = 0
  /// Its chain value.
  private(set) var chain = AuditEntryRecord.beginning
  /// Version of the key set that it was made under.
  private(set) var keySet: Int64 = 1

  /// Begins before the first entry.
  init(_ trail: AuditTrail) {
    self.trail = trail
  }

  /// Begins behind an entry, which is not proven by that.
  /// - Returns: nil where there is no such entry.
  init?(_ trail: AuditTrail, after number: Int64, in view: any StoreView) throws(S4Error) {
    self.trail = trail
    guard number > 0 else { return }
    guard let stored = try view.get(AuditEntryRecord.key(number)) else { return nil }
    guard let record = AuditEntryRecord(value: stored.value) else { throw Self.notGenuine(number).error }
    (self.number, chain, keySet) = (number, record.chain, record.keySet)
  }

  /// Passes the next batch of entries.
  mutating func next(in view: any StoreView) throws(S4Error) -> Step {
    let after = number > 0 ? AuditEntryRecord.key(number) : nil
    let records = try view.list(prefix: AuditEntryRecord.prefix, after: after, limit: AuditTrail.batch)
    var links: [Link] = []
    links.reserveCapacity(records.count)
    for record in records {
      let (following, overflow) = number.addingReportingOverflow(1)
      guard !overflow, record.key == AuditEntryRecord.key(following) else {
        return .finding(Self.outOfOrder(record.key, expected: following))
      }
      guard let stored = AuditEntryRecord(value: record.value) else { return .finding(Self.notGenuine(following)) }
      // Who has got hold of a former key cannot go on with it.
      guard stored.keySet >= keySet, let keys = try trail.keysIfKnown(of: stored.keySet),
        let entry = try stored.open(following, after: chain, keys: keys, vaultID: trail.vaultID)
      else { return .finding(Self.notGenuine(following)) }
      (number, chain, keySet) = (following, stored.chain, stored.keySet)
      links.append(Link(entry: entry, chain: stored.chain))
    }
    return .entries(links)
  }

  static func missing(_ number: Int64) -> AuditFinding {
    AuditFinding(
      entry: number,
      text: "entry \(number) of the audit trail is missing, and later ones are there: it was removed; "
        + AuditFinding.advice)
  }

  private static func notGenuine(_ number: Int64) -> AuditFinding {
    AuditFinding(
      entry: number,
      text: "entry \(number) of the audit trail does not prove genuine: it was changed, or it is an entry of another "
        + "place or another vault; " + AuditFinding.advice)
  }

  private static func outOfOrder(_ key: String, expected number: Int64) -> AuditFinding {
    if let other = AuditEntryRecord.number(ofKey: key), other > number { return missing(number) }
    return AuditFinding(
      entry: nil,
      text: "among the entries of the audit trail stands a record that is none, \(Display.quoted(key)); "
        + AuditFinding.advice)
  }
}
