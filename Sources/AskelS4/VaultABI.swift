// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import Vault

@_cdecl("askel_s4_vault_status") @implementation
public func askel_s4_vault_status(
  _ instance: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    try give(try Handle.get(instance, "instance", as: Instance.self).vaultStatus(), to: out)
  }
}

@_cdecl("askel_s4_vault_add_key") @implementation
public func askel_s4_vault_add_key(
  _ instance: OpaquePointer?, _ key: UnsafePointer<askel_s4_key>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let key = KeyArgument(key, "key")
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    try instance.addKey(try key.source())
  }
}

@_cdecl("askel_s4_vault_rotate_key") @implementation
public func askel_s4_vault_rotate_key(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_rotate_options>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    var given = askel_s4_rotate_options()
    let read = Result { () throws(S4Error) in try rotateOptions(options, into: &given) }
    // First of all: what the product gave for its callbacks ends well, whatever becomes of the call.
    let key = KeyArgument(given.new_key, "new_key")
    try read.get()
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    try instance.rotateKey(
      to: try key.source(), actor: try Argument.optionalText(given.actor, "actor"), progress: progress(given))
  }
}

@_cdecl("askel_s4_vault_rekey") @implementation
public func askel_s4_vault_rekey(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_rotate_options>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    var given = askel_s4_rotate_options()
    let read = Result { () throws(S4Error) in
      if options != nil { try rotateOptions(options, into: &given) }
    }
    let key = KeyArgument(given.new_key, "new_key")
    try read.get()
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    guard !key.isGiven else {
      throw .invalidArgument(
        "new_key", "is given: a rekey keeps the key-encryption key, call askel_s4_vault_rotate_key")
    }
    try instance.rekey(actor: try Argument.optionalText(given.actor, "actor"), progress: progress(given))
  }
}

@_cdecl("askel_s4_vault_check") @implementation
public func askel_s4_vault_check(_ instance: OpaquePointer?, _ outError: ErrorOut?) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    try Handle.get(instance, "instance", as: Instance.self).checkVault()
  }
}

@_cdecl("askel_s4_vault_discard") @implementation
public func askel_s4_vault_discard(
  _ instance: OpaquePointer?, _ record: UnsafePointer<CChar>?, _ actor: UnsafePointer<CChar>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    let record = try Argument.text(record, "record")
    try instance.discardRecord(record, actor: try Argument.optionalText(actor, "actor"))
  }
}

@_cdecl("askel_s4_vault_backup") @implementation
public func askel_s4_vault_backup(
  _ instance: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let path = try Argument.text(path, "path")
    guard !path.isEmpty else { throw .invalidArgument("path", "is empty") }
    try Handle.get(instance, "instance", as: Instance.self).backupVault(to: path)
  }
}

private func rotateOptions(
  _ options: UnsafePointer<askel_s4_rotate_options>?, into given: inout askel_s4_rotate_options
) throws(S4Error) {
  try Argument.options(options, "options", firstSize: MemoryLayout<askel_s4_rotate_options>.size, into: &given)
}

/// The product's call-back runs on its own thread, outside of the gate that a fork waits at.
private func progress(_ given: askel_s4_rotate_options) -> Vault.Progress {
  guard let callback = given.progress else { return { _, _ in true } }
  return { done, total in ForkGate.outside { callback(given.userdata, done, total) == 0 } }
}
