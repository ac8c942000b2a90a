// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import Vault

@_cdecl("askel_s4_key_file_create") @implementation
public func askel_s4_key_file_create(_ path: UnsafePointer<CChar>?, _ outError: ErrorOut?) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let path = try Argument.text(path, "path")
    guard !path.isEmpty else { throw .invalidArgument("path", "is empty") }
    try KeyFile.create(path)
  }
}

@_cdecl("askel_s4_instance_open") @implementation
public func askel_s4_instance_open(
  _ options: UnsafePointer<askel_s4_instance_options>?, _ outInstance: UnsafeMutablePointer<OpaquePointer?>?,
  _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    var given = askel_s4_instance_options()
    let read = Result { () throws(S4Error) in
      try Argument.options(options, "options", firstSize: firstInstanceOptions, into: &given)
    }
    // First of all: what the product gave for its callbacks ends well, whatever becomes of the call.
    let vaultKey = KeyArgument(given.vault_key, "vault_key")
    let otherKey = KeyArgument(given.other_key, "other_key")
    let productStore = StoreArgument(given.store, "store")
    let out = try Argument.out(outInstance, "out_instance", cleared: nil)
    try read.get()
    let path = try vaultPath(given)
    let flags = given.vault_flags
    guard flags & ~UInt32(ASKEL_S4_VAULT_READ_ONLY | ASKEL_S4_VAULT_CHECK) == 0 else {
      throw .invalidArgument("vault_flags", "\(flags) holds a value that this version does not know")
    }
    guard given.event_capacity <= 65_536 else {
      throw .invalidArgument("event_capacity", "\(given.event_capacity) is above 65536")
    }
    let instance = try Instance(
      store: { () throws(S4Error) in
        guard let path else { return try productStore.store() }
        return try SQLiteStore(
          path: path, readOnly: flags & UInt32(ASKEL_S4_VAULT_READ_ONLY) != 0,
          checksIntegrity: flags & UInt32(ASKEL_S4_VAULT_CHECK) != 0)
      }, key: try key(given, vaultKey), other: otherKey.isGiven ? try otherKey.source() : nil,
      eventCapacity: given.event_capacity == 0 ? 1_024 : Int(given.event_capacity),
      mintsPerSecond: try mintsPerSecond(given.mints_per_second),
      logLevel: try Argument.choice(given.log_level, "log_level", as: Telemetry.Level.self))
    out.pointee = Handle.make(instance)
  }
}

private func mintsPerSecond(_ given: Int32) throws(S4Error) -> Int {
  guard given <= Instance.mostMintsPerSecond else {
    throw .invalidArgument(
      "mints_per_second", "\(given) is above \(Instance.mostMintsPerSecond): give a negative number for no limit")
  }
  return given == 0 ? Instance.usualMintsPerSecond : max(Int(given), 0)
}

/// The struct as version 0.1.0 had it first ended behind `event_capacity`.
private let firstInstanceOptions = MemoryLayout<askel_s4_instance_options>.offset(of: \.vault_flags) ?? 0

/// The vault's path; nil where it is in a store of the product's.
private func vaultPath(_ given: askel_s4_instance_options) throws(S4Error) -> String? {
  guard given.store == nil else {
    guard given.vault_path == nil else {
      throw .invalidArgument("store", "is given together with vault_path: give one")
    }
    guard given.vault_flags == 0 else {
      throw .invalidArgument("vault_flags", "are for a vault in a file: a store of the product's knows none")
    }
    return nil
  }
  let path = try Argument.text(given.vault_path, "vault_path")
  guard !path.isEmpty else { throw .invalidArgument("vault_path", "is empty") }
  return path
}

private func key(_ given: askel_s4_instance_options, _ vaultKey: KeyArgument) throws(S4Error) -> any KeySource {
  let count = [given.key_file != nil, given.key != nil, vaultKey.isGiven].count { $0 }
  guard count > 0 else {
    throw .invalidArgument(
      "key_file", "none of key_file, key and vault_key is given: a vault without a key there is not")
  }
  guard count == 1 else {
    throw .invalidArgument("key_file", "more than one of key_file, key and vault_key is given: give one")
  }
  if vaultKey.isGiven { return try vaultKey.source() }
  if given.key_file != nil { return try LocalKeySource(file: try Argument.text(given.key_file, "key_file")) }
  guard given.key_size == 32 else { throw .invalidArgument("key_size", "\(given.key_size) bytes are not 32") }
  return try LocalKeySource(raw: UnsafeRawBufferPointer(start: given.key, count: 32))
}

@_cdecl("askel_s4_instance_close") @implementation
public func askel_s4_instance_close(_ instance: OpaquePointer?) {
  guard let object = Handle.peek(instance, as: Instance.self) else { return }
  object.close()
  Handle.release(instance, as: Instance.self, object.guardian)
}

@_cdecl("askel_s4_instance_status") @implementation
public func askel_s4_instance_status(
  _ instance: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    try give(try Handle.get(instance, "instance", as: Instance.self).status(), to: out)
  }
}

@_cdecl("askel_s4_instance_stats") @implementation
public func askel_s4_instance_stats(
  _ instance: OpaquePointer?, _ connection: UnsafePointer<CChar>?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    try give(try instance.stats(of: try Argument.optionalText(connection, "connection")), to: out)
  }
}

@_cdecl("askel_s4_instance_event_fd") @implementation
public func askel_s4_instance_event_fd(_ instance: OpaquePointer?) -> Int32 {
  guard let instance = Handle.peek(instance, as: Instance.self), !instance.guardian.isForked else { return -1 }
  return instance.events.descriptor
}

@_cdecl("askel_s4_instance_next_event") @implementation
public func askel_s4_instance_next_event(
  _ instance: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    if let event = try instance.nextEvent() { try give(event, to: out) }
  }
}
