// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import Vault

@_cdecl("askel_s4_vault_audit_head") @implementation
public func askel_s4_vault_audit_head(
  _ instance: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    try give(try Handle.get(instance, "instance", as: Instance.self).auditHead(), to: out)
  }
}

@_cdecl("askel_s4_vault_audit_verify") @implementation
public func askel_s4_vault_audit_verify(
  _ instance: OpaquePointer?, _ head: UnsafePointer<CChar>?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    try give(try instance.auditVerify(head: try Argument.optionalText(head, "head")), to: out)
  }
}

@_cdecl("askel_s4_vault_audit_export") @implementation
public func askel_s4_vault_audit_export(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_audit_options>?, _ outLines: TextOut?,
  _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outLines, "out_lines", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    var given = askel_s4_audit_options()
    if options != nil {
      try Argument.options(options, "options", firstSize: MemoryLayout<askel_s4_audit_options>.size, into: &given)
    }
    try give(try instance.auditExport(try auditFilter(given)), to: out)
  }
}

private func auditFilter(_ given: askel_s4_audit_options) throws(S4Error) -> AuditFilter {
  var filter = AuditFilter()
  if given.connection != nil { filter.connection = try connectionID(given.connection, "connection") }
  filter.from = try moment(given.from, "from")
  filter.to = try moment(given.to, "to")
  guard let after = Int64(exactly: given.after) else {
    throw .invalidArgument("after", "\(given.after) is no number of an entry")
  }
  filter.after = after
  guard given.limit <= AuditFilter.largestLimit else {
    throw .invalidArgument("limit", "\(given.limit) is above \(AuditFilter.largestLimit)")
  }
  if given.limit > 0 { filter.limit = Int(given.limit) }
  return filter
}

/// A moment, or the beginning of a day; nil for NULL.
func moment(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> Timestamp? {
  guard let text = try Argument.optionalText(pointer, name) else { return nil }
  guard let moment = Timestamp(rfc3339: text) else {
    throw .invalidArgument(
      name, "is no moment that exists, such as 2026-11-23T09:30:00Z, 2026-11-23T10:30:00+01:00 or 2026-11-23")
  }
  return moment
}
