// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import HTTP
import OData

@_cdecl("askel_s4_client_request") @implementation
public func askel_s4_client_request(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_request_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_request_options()
    try Argument.options(options, "options", firstSize: MemoryLayout<askel_s4_request_options>.size, into: &given)
    var request = try rawRequest(given)
    request.trace = try ReadOptions.trace(given.traceparent)
    out.pointee = Handle.make(try client.request(request))
  }
}

private func rawRequest(_ given: askel_s4_request_options) throws(S4Error) -> RawRequest {
  guard let method = HTTPRequest.Method(rawValue: try Argument.text(given.method, "method")) else {
    throw .invalidArgument("method", "is none of GET, HEAD, POST, PUT, PATCH, MERGE and DELETE")
  }
  let service = try Argument.optionalText(given.service, "service")
  var headers = try headers(given.headers, given.header_count)
  let bytes = try Argument.bytes(given.body, given.body_size, "body", limit: WriteOptions.largestBody)
  let payload = given.body == nil ? nil : try WriteOptions.copy(bytes)
  if payload != nil, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
    headers.append(("Content-Type", "application/json; charset=utf-8"))
  }
  return try RawRequest(
    method, target: try Argument.text(given.path, "path"), headers: headers, payload: payload,
    service: try service.map { (name) throws(S4Error) in try ServicePath(name) },
    isRepeatable: try Argument.flag(given.repeatable, "repeatable"), timeout: try Argument.timeout(given.timeout_ms))
}

private func headers(
  _ headers: UnsafePointer<askel_s4_header>?, _ count: Int
) throws(S4Error) -> [(name: String, value: String)] {
  guard 0...1_000 ~= count else { throw .invalidArgument("header_count", "\(count) is too many") }
  guard count > 0 else { return [] }
  guard let headers else { throw .invalidArgument("headers", "is NULL and header_count is \(count)") }
  var list: [(name: String, value: String)] = []
  for (index, header) in UnsafeBufferPointer(start: headers, count: count).enumerated() {
    list.append(
      (
        try Argument.text(header.name, "headers[\(index)].name"),
        try Argument.text(header.value, "headers[\(index)].value")
      ))
  }
  return list
}
