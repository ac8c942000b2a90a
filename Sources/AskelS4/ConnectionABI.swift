// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import Secrets
import OData

@_cdecl("askel_s4_connection_put") @implementation
public func askel_s4_connection_put(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_connection_options>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    defer { SecretMemory.wipeStack() }
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let given = try connectionOptions(options)
    let id = try connectionID(given.id, "id")
    try instance.putConnection(id, try ConnectionOptions.handover(given))
  }
}

@_cdecl("askel_s4_connection_stage") @implementation
public func askel_s4_connection_stage(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_connection_options>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    defer { SecretMemory.wipeStack() }
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let given = try connectionOptions(options)
    let id = try connectionID(given.id, "id")
    try instance.stageConnection(id) { (live) throws(S4Error) in try ConnectionOptions.staged(given, over: live) }
  }
}

@_cdecl("askel_s4_connection_promote") @implementation
public func askel_s4_connection_promote(
  _ instance: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ actor: UnsafePointer<CChar>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let id = try connectionID(id, "id")
    try instance.promoteConnection(id, actor: try Argument.optionalText(actor, "actor"))
  }
}

@_cdecl("askel_s4_connection_retire") @implementation
public func askel_s4_connection_retire(
  _ instance: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ actor: UnsafePointer<CChar>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let id = try connectionID(id, "id")
    try instance.retireConnection(id, actor: try Argument.optionalText(actor, "actor"))
  }
}

private func connectionOptions(
  _ options: UnsafePointer<askel_s4_connection_options>?
) throws(S4Error) -> askel_s4_connection_options {
  var given = askel_s4_connection_options()
  try Argument.options(options, "options", firstSize: ConnectionOptions.firstSize, into: &given)
  return given
}

@_cdecl("askel_s4_connection_get") @implementation
public func askel_s4_connection_get(
  _ instance: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    try give(try instance.describeConnection(try connectionID(id, "id")), to: out)
  }
}

@_cdecl("askel_s4_connection_list") @implementation
public func askel_s4_connection_list(
  _ instance: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    try give(try Handle.get(instance, "instance", as: Instance.self).describeConnections(), to: out)
  }
}

@_cdecl("askel_s4_connection_delete") @implementation
public func askel_s4_connection_delete(
  _ instance: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ actor: UnsafePointer<CChar>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let id = try connectionID(id, "id")
    try instance.deleteConnection(id, actor: try Argument.optionalText(actor, "actor"))
  }
}

@_cdecl("askel_s4_connection_check") @implementation
public func askel_s4_connection_check(
  _ instance: OpaquePointer?, _ id: UnsafePointer<CChar>?, _ options: UnsafePointer<askel_s4_check_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let id = try connectionID(id, "id")
    var given = askel_s4_check_options()
    if options != nil {
      let firstSize = MemoryLayout<askel_s4_check_options>.offset(of: \.beside) ?? 0
      try Argument.options(options, "options", firstSize: firstSize, into: &given)
    }
    out.pointee = Handle.make(
      try instance.check(
        connection: id, try checkScope(given), timeout: try Argument.timeout(given.timeout_ms),
        beside: try Argument.flag(given.beside, "beside"),
        actor: try Argument.optionalText(given.actor, "actor")))
  }
}

private func checkScope(_ given: askel_s4_check_options) throws(S4Error) -> Instance.CheckScope {
  let most = Instance.mostServicesInACheck
  guard 0...most ~= given.service_count, given.services != nil || given.service_count == 0 else {
    throw .invalidArgument("services", "is NULL, or service_count is not in 0 to \(most)")
  }
  guard let one = try Argument.optionalText(given.service, "service") else {
    var list: [ServicePath] = []
    for each in UnsafeBufferPointer(start: given.services, count: given.service_count) {
      list.append(try ServicePath(try Argument.text(each, "services")))
    }
    return list.isEmpty ? .token : .services(list)
  }
  guard given.service_count == 0 else {
    throw .invalidArgument("services", "stand beside `service`: give one of the two")
  }
  return .service(try ServicePath(one))
}

/// A product's name for a connection.
func connectionID(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(S4Error) -> String {
  let id = try Argument.text(pointer, name)
  guard 1...128 ~= id.utf8.count else {
    throw .invalidArgument(name, "has \(id.utf8.count) bytes; a connection's name has 1 to 128")
  }
  guard id.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F ~= $0.value) }) else {
    throw .invalidArgument(name, "holds a control character")
  }
  return id
}
