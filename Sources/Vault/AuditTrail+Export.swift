// SPDX-License-Identifier: Apache-2.0

import Basics

extension AuditTrail {
  /// Gives entries as JSON lines, oldest first, each line with a line feed; "" where there are none (any more).
  /// - Throws: `.vaultCorrupt` that names the first entry that is missing or does not prove genuine; what `view` and
  ///   `keys` throw.
  package func export(in view: any StoreView, _ filter: AuditFilter) throws(S4Error) -> String {
    guard var walk = try AuditWalk(self, after: filter.after, in: view) else {
      // Behind the end there is nothing; a hole before it is told.
      let rest = try view.list(
        prefix: AuditEntryRecord.prefix, after: AuditEntryRecord.key(filter.after), limit: 1)
      guard rest.isEmpty else { throw AuditWalk.missing(filter.after).error }
      return ""
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
