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
    try KeyEncryptionKey.createFile(at: path)
  }
}

@_cdecl("askel_s4_instance_open") @implementation
public func askel_s4_instance_open(
  _ options: UnsafePointer<askel_s4_instance_options>?, _ outInstance: UnsafeMutablePointer<OpaquePointer?>?,
  _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outInstance, "out_instance", cleared: nil)
    var given = askel_s4_instance_options()
    try Argument.options(
      options, "options", firstSize: MemoryLayout<askel_s4_instance_options>.size, into: &given)
    let path = try Argument.text(given.vault_path, "vault_path")
    guard !path.isEmpty else { throw .invalidArgument("vault_path", "is empty") }
    guard given.event_capacity <= 65_536 else {
      throw .invalidArgument("event_capacity", "\(given.event_capacity) is above 65536")
    }
    let instance = try Instance(
      vaultPath: path, key: try key(given),
      eventCapacity: given.event_capacity == 0 ? 1_024 : Int(given.event_capacity))
    out.pointee = Handle.make(instance)
  }
}

private func key(_ given: askel_s4_instance_options) throws(S4Error) -> KeyEncryptionKey {
  switch (given.key_file, given.key) {
  case (nil, nil): throw .invalidArgument("key_file", "neither key_file nor key is given: there is no plaintext mode")
  case (.some, .some): throw .invalidArgument("key_file", "both key_file and key are given: give one")
  case (.some(let file), nil): return try KeyEncryptionKey(file: try Argument.text(file, "key_file"))
  case (nil, .some(let key)):
    guard given.key_size == 32 else { throw .invalidArgument("key_size", "\(given.key_size) bytes are not 32") }
    return try KeyEncryptionKey(raw: UnsafeRawBufferPointer(start: key, count: 32))
  }
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
    try instance.guardian.check()
    if let event = instance.events.next() { try give(event, to: out) }
  }
}
