// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import OData

@_cdecl("askel_s4_client_invoke") @implementation
public func askel_s4_client_invoke(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_invoke_options>?,
  _ outCall: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCall, "out_call", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_invoke_options()
    try Argument.options(options, "options", firstSize: MemoryLayout<askel_s4_invoke_options>.size, into: &given)
    out.pointee = Handle.make(try client.invoke(try invocation(given)))
  }
}

private func invocation(_ given: askel_s4_invoke_options) throws(S4Error) -> Invocation {
  let operation = try Argument.text(given.operation, "operation")
  let names = operation.split(separator: ".", omittingEmptySubsequences: false)
  guard names.allSatisfy({ ReadOptions.isName(String($0)) }) else {
    throw .invalidArgument("operation", "is no operation's name such as releaseApprovalRequest")
  }
  var request = Invocation(
    service: try ServicePath(try Argument.text(given.service, "service")), operation: operation)
  if given.entity_set != nil { request.entitySet = try ReadOptions.entitySet(given.entity_set) }
  request.keyParameters = try ReadOptions.parameters(given.params, given.param_count)
  if let key = try Argument.optionalText(given.key, "key") {
    guard request.entitySet != nil else { throw .invalidArgument("key", "is given without an entity_set") }
    request.key = try PreparedKey(key, parameterCount: request.keyParameters.count)
  } else if !request.keyParameters.isEmpty {
    throw .invalidArgument("params", "are given, and there is no key")
  }
  request.argumentParameters = try ReadOptions.parameters(given.argument_params, given.argument_param_count)
  if let arguments = try Argument.optionalText(given.arguments, "arguments") {
    request.arguments = try PreparedKey(
      arguments, parameterCount: request.argumentParameters.count, argument: "arguments")
  } else if !request.argumentParameters.isEmpty {
    throw .invalidArgument("argument_params", "are given, and there are no arguments")
  }
  let bytes = try Argument.bytes(given.body, given.body_size, "body", limit: WriteOptions.largestBody)
  if given.body != nil { request.payload = try WriteOptions.object(bytes) }
  request.match = try WriteOptions.match(given.etag, given.any_etag)
  request.isRepeatable = try Argument.flag(given.repeatable, "repeatable")
  request.timeout = try Argument.timeout(given.timeout_ms)
  request.trace = try ReadOptions.trace(given.traceparent)
  return request
}
