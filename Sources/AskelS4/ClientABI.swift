// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import HTTP
import OAuth
import OData

private enum HTTPVersion: Int32 { case http11 = 0, http2 = 2 }

@_cdecl("askel_s4_client_open") @implementation
public func askel_s4_client_open(
  _ instance: OpaquePointer?, _ options: UnsafePointer<askel_s4_client_options>?,
  _ outClient: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outClient, "out_client", cleared: nil)
    let instance = try Handle.get(instance, "instance", as: Instance.self)
    var given = askel_s4_client_options()
    try Argument.options(options, "options", firstSize: firstClientOptions, into: &given)
    var chosen = Client.Options(connection: try connectionID(given.connection, "connection"))
    chosen.version =
      try Argument.choice(given.http_version, "http_version", as: HTTPVersion.self) == .http2 ? .http2 : .http11
    if given.max_answer_bytes > 0 {
      guard given.max_answer_bytes < 1 << 31 else {
        throw .invalidArgument("max_answer_bytes", "\(given.max_answer_bytes) is above 2 GiB - 1")
      }
      chosen.maximumAnswer = Int(given.max_answer_bytes)
    }
    if let language = try Argument.optionalText(given.language, "language") {
      guard 2...35 ~= language.utf8.count, language.utf8.allSatisfy(isLanguageByte) else {
        throw .invalidArgument("language", "is no language tag such as \"de\" or \"en-GB\"")
      }
      chosen.language = language
    }
    let timeout = try Argument.timeout(given.timeout_ms)
    if timeout > 0 { chosen.timeout = timeout }
    guard given.retries <= 100 else { throw .invalidArgument("retries", "\(given.retries) is above 100") }
    if given.retries != 0 { chosen.retries = max(Int(given.retries), 0) }
    chosen.mintPolicy = try Argument.choice(given.mint_policy, "mint_policy", as: MintPolicy.self)
    out.pointee = Handle.make(try Client(instance: instance, options: chosen))
  }
}

/// The struct's first version ended behind `timeout_ms`.
private let firstClientOptions = MemoryLayout<askel_s4_client_options>.offset(of: \.retries) ?? 0

/// Source: RFC 5646.
private func isLanguageByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
    true
  default: false
  }
}

@_cdecl("askel_s4_client_free") @implementation
public func askel_s4_client_free(_ client: OpaquePointer?) {
  Handle.release(client, as: Client.self, Handle.peek(client, as: Client.self)?.instance.guardian)
}

@_cdecl("askel_s4_client_read") @implementation
public func askel_s4_client_read(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_read_options>?,
  _ outCursor: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCursor, "out_cursor", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_read_options()
    try Argument.options(
      options, "options", firstSize: MemoryLayout<askel_s4_read_options>.offset(of: \.traceparent) ?? 0, into: &given)
    out.pointee = Handle.make(CursorObject(try Cursor(client: client, request: try ReadOptions.request(given))))
  }
}

@_cdecl("askel_s4_client_get") @implementation
public func askel_s4_client_get(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_get_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_get_options()
    try Argument.options(
      options, "options", firstSize: MemoryLayout<askel_s4_get_options>.offset(of: \.traceparent) ?? 0, into: &given)
    let parameters = try ReadOptions.parameters(given.params, given.param_count)
    var request = DocumentRequest(
      service: try ServicePath(try Argument.text(given.service, "service")),
      entitySet: try ReadOptions.entitySet(given.entity_set),
      key: try PreparedKey(try Argument.text(given.key, "key"), parameterCount: parameters.count),
      parameters: parameters, select: try Argument.optionalText(given.select, "select"),
      expand: try Argument.optionalText(given.expand, "expand"), timeout: try Argument.timeout(given.timeout_ms))
    request.trace = try ReadOptions.trace(given.traceparent)
    out.pointee = Handle.make(try client.get(request))
  }
}
