// SPDX-License-Identifier: Apache-2.0

import Basics

extension AuditTrail {
  /// Gives entries as JSON lines, oldest first, each line with a line feed; "" where there are none (any more).
  /// - Throws: `.vaultCorrupt` that names the first entry that is missing or does not prove genuine; `.invalidArgument`
  ///   where there is no entry `after`, so that who takes the entries page by page learns of a trail that was cut off;
  ///   what `view` and `keys` throw.
  package func export(in view: any StoreView, _ filter: AuditFilter) throws(S4Error) -> String {
    guard var walk = try AuditWalk(self, after: filter.after, in: view) else {
      let later = try view.list(prefix: AuditEntryRecord.prefix, after: AuditEntryRecord.key(filter.after), limit: 1)
      guard later.isEmpty else { throw AuditWalk.missing(filter.after).error }
      throw .invalidArgument(
        "after",
        "there is no entry \(filter.after): give the number of one that was given before; if it was, the end of the "
          + "audit trail was cut off, and askel_s4_vault_audit_verify with an earlier head says so")
    }
    let limit = min(max(filter.limit, 0), AuditFilter.largestLimit)
    var lines = ""
    var count = 0
    while count < limit {
      switch try walk.next(in: view) {
      case .finding(let finding): throw finding.error
      case .entries(let links):
        guard !links.isEmpty else { return lines }
        for link in links where count < limit && filter.admits(link.entry.event) {
          lines += link.entry.json
          lines += "\n"
          count += 1
        }
      }
    }
    return lines
  }
}
