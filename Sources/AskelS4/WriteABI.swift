// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import HTTP
import OData

@_cdecl("askel_s4_client_write") @implementation
public func askel_s4_client_write(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_write_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_write_options()
    try Argument.options(
      options, "options", firstSize: MemoryLayout<askel_s4_write_options>.offset(of: \.traceparent) ?? 0, into: &given)
    var request = try WriteOptions.request(given)
    request.trace = try ReadOptions.trace(given.traceparent)
    request.isRepeatable = try Argument.flag(given.repeatable, "repeatable")
    out.pointee = Handle.make(try client.write(request))
  }
}

@_cdecl("askel_s4_client_settle") @implementation
public func askel_s4_client_settle(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_settle_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_settle_options()
    try Argument.options(
      options, "options", firstSize: MemoryLayout<askel_s4_settle_options>.offset(of: \.traceparent) ?? 0, into: &given)
    let field = try Argument.text(given.field, "field")
    guard 1...256 ~= field.utf8.count, field.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .invalidArgument("field", "is no property's name such as PurchaseOrderByCustomer")
    }
    let reference = try Argument.text(given.reference, "reference")
    guard 1...1_024 ~= reference.utf8.count else {
      throw .invalidArgument("reference", "has \(reference.utf8.count) bytes, and 1 to 1024 tell a write from others")
    }
    guard 0...86_400_000 ~= given.quiet_ms else {
      throw .invalidArgument("quiet_ms", "\(given.quiet_ms) is not in 0 to 86400000")
    }
    var request = SettleRequest(
      service: try ServicePath(try Argument.text(given.service, "service")),
      entitySet: try ReadOptions.entitySet(given.entity_set), field: field, reference: reference,
      quiet: given.quiet_ms == 0 ? SettleRequest.usualQuiet : given.quiet_ms,
      timeout: try Argument.timeout(given.timeout_ms))
    request.trace = try ReadOptions.trace(given.traceparent)
    out.pointee = Handle.make(try client.settle(request))
  }
}

/// Turns the header's write options into what the floors below take.
enum WriteOptions {
  /// Bytes of the largest body.
  static let largestBody = 256 << 20
  /// Bytes of the longest ETag: a service may put a whole row's values into it.
  private static let longestTag = 16 << 10

  static func request(_ given: askel_s4_write_options) throws(S4Error) -> WriteRequest {
    let kind = try Argument.choice(given.kind, "kind", as: WriteRequest.Kind.self)
    let parameters = try ReadOptions.parameters(given.params, given.param_count)
    let navigation = try navigation(given, kind)
    return WriteRequest(
      kind, service: try ServicePath(try Argument.text(given.service, "service")),
      entitySet: try ReadOptions.entitySet(given.entity_set),
      key: try key(given, parameters, isNeeded: kind != .create || navigation != nil), parameters: parameters,
      navigation: navigation, payload: try body(given, kind), match: try match(given, kind),
      timeout: try Argument.timeout(given.timeout_ms))
  }

  private static func key(
    _ given: askel_s4_write_options, _ parameters: [Parameter], isNeeded: Bool
  ) throws(S4Error) -> PreparedKey? {
    guard isNeeded else {
      guard given.key == nil, parameters.isEmpty else {
        throw .invalidArgument("key", "is given, and a new document has none yet: put its properties into the body")
      }
      return nil
    }
    return try PreparedKey(try Argument.text(given.key, "key"), parameterCount: parameters.count)
  }

  private static func navigation(
    _ given: askel_s4_write_options, _ kind: WriteRequest.Kind
  ) throws(S4Error) -> String? {
    guard let name = try Argument.optionalText(given.navigation, "navigation") else { return nil }
    guard kind == .create else {
      throw .invalidArgument(
        "navigation", "is for a new document below another one: name the document's own entity set")
    }
    guard ReadOptions.isName(name) else {
      throw .invalidArgument("navigation", "is no navigation property's name such as to_Item")
    }
    return name
  }

  private static func match(
    _ given: askel_s4_write_options, _ kind: WriteRequest.Kind
  ) throws(S4Error) -> WriteRequest.Match {
    let match = try match(given.etag, given.any_etag)
    switch (kind, match) {
    case (.create, .none): return match
    case (.create, _): throw .invalidArgument("etag", "is given, and a new document has none yet")
    case (_, .none):
      throw .invalidArgument(
        "etag",
        "is missing (NULL): give the one that was read, so that nobody's change is overwritten, or say any_etag")
    default: return match
    }
  }

  static func match(_ etag: UnsafePointer<CChar>?, _ anyTag: Int32) throws(S4Error) -> WriteRequest.Match {
    let takesAny = try Argument.flag(anyTag, "any_etag")
    guard let tag = try Argument.optionalText(etag, "etag") else { return takesAny ? .any : .none }
    guard !takesAny else { throw .invalidArgument("any_etag", "is 1, and etag is given: choose one") }
    guard tag != "*" else {
      throw .invalidArgument("etag", "is \"*\", which takes any version: say so with any_etag")
    }
    guard 1...longestTag ~= tag.utf8.count, tag.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) else {
      throw .invalidArgument("etag", "is none as a tenant gives it: pass on what was read, byte for byte")
    }
    return .tag(tag)
  }

  private static func body(
    _ given: askel_s4_write_options, _ kind: WriteRequest.Kind
  ) throws(S4Error) -> Body? {
    guard given.body != nil || kind == .delete || given.body_size > 0 else {
      throw .invalidArgument("body", "is missing (NULL)")
    }
    let bytes = try Argument.bytes(given.body, given.body_size, "body", limit: largestBody)
    guard kind != .delete else {
      guard bytes.isEmpty else { throw .invalidArgument("body", "is given, and nothing is sent to delete a document") }
      return nil
    }
    return try object(bytes)
  }

  /// Copies a body that is a JSON object.
  static func object(_ bytes: UnsafeRawBufferPointer) throws(S4Error) -> Body {
    do throws(JSONFault) {
      var reader = JSONReader(bytes)
      guard try reader.peek() == .object else { throw reader.fault("no JSON object") }
      _ = try reader.skipValue()
      try reader.finish()
    } catch {
      throw .invalidArgument("body", "is no JSON object: \(error.reason) at byte \(error.offset)")
    }
    return try copy(bytes)
  }

  static func copy(_ bytes: UnsafeRawBufferPointer) throws(S4Error) -> Body {
    guard let copy = Body(copying: bytes) else {
      throw S4Error(.hostUnfit, "the process is short of memory: nothing was sent")
    }
    return copy
  }
}

@_cdecl("askel_s4_reply_header") @implementation
public func askel_s4_reply_header(
  _ reply: OpaquePointer?, _ name: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
  guard let reply = Handle.peek(reply, as: Reply.self), !reply.guardian.isForked, let name,
    let text = String(validatingCString: name)
  else { return borrowed("") }
  let value = ForkGate.within { try? reply.header(text) }
  return value?.baseAddress?.assumingMemoryBound(to: CChar.self) ?? borrowed("")
}
