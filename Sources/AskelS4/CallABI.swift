// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector

/// - Throws: `forked`; `invalidArgument` for NULL.
private func living(_ call: OpaquePointer?) throws(S4Error) -> Call {
  let call = try Handle.get(call, "call", as: Call.self)
  try call.guardian.check()
  return call
}

@_cdecl("askel_s4_call_fd") @implementation
public func askel_s4_call_fd(_ call: OpaquePointer?) -> Int32 {
  guard let call = Handle.peek(call, as: Call.self), !call.guardian.isForked else { return -1 }
  return call.descriptor
}

@_cdecl("askel_s4_call_wait") @implementation
public func askel_s4_call_wait(
  _ call: OpaquePointer?, _ timeoutMilliseconds: Int64, _ outError: ErrorOut?
) -> askel_s4_status {
  var waited: Call?
  let status = boundary(outError) { () throws(S4Error) in waited = try living(call) }
  // Outside the gate: a fork must not wait for the network.
  guard let isDone = waited?.wait(milliseconds: timeoutMilliseconds), !isDone else { return status }
  return boundary(outError) { () throws(S4Error) in
    throw S4Error(.pending, "the call is still running after \(timeoutMilliseconds) ms")
  }
}

@_cdecl("askel_s4_call_cancel") @implementation
public func askel_s4_call_cancel(_ call: OpaquePointer?) {
  guard let call = Handle.peek(call, as: Call.self), !call.guardian.isForked else { return }
  ForkGate.within { call.cancel() }
}

@_cdecl("askel_s4_call_free") @implementation
public func askel_s4_call_free(_ call: OpaquePointer?) {
  guard let object = Handle.peek(call, as: Call.self) else { return }
  if !object.guardian.isForked { ForkGate.within { object.abandon() } }
  Handle.release(call, as: Call.self, object.guardian)
}

@_cdecl("askel_s4_call_take_text") @implementation
public func askel_s4_call_take_text(
  _ call: OpaquePointer?, _ outJSON: TextOut?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outJSON, "out_json", cleared: nil)
    let call = try living(call)
    guard case .check = call.purpose else {
      throw .invalidArgument("call", "its result is no text: take what it was started for")
    }
    guard case .text(let text) = try call.take() else {
      throw S4Error(.internalDefect, "a check's call holds something else: please report this")
    }
    try give(text, to: out)
  }
}

@_cdecl("askel_s4_call_take_page") @implementation
public func askel_s4_call_take_page(
  _ call: OpaquePointer?, _ outHasPage: UnsafeMutablePointer<Int32>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outHasPage, "out_has_page", cleared: 0)
    let call = try living(call)
    guard case .page(let cursor) = call.purpose else {
      throw .invalidArgument("call", "its result is no page: take what it was started for")
    }
    out.pointee = try cursor.take(call) ? 1 : 0
  }
}

@_cdecl("askel_s4_call_take_reply") @implementation
public func askel_s4_call_take_reply(
  _ call: OpaquePointer?, _ outReply: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outReply, "out_reply", cleared: nil)
    let call = try living(call)
    guard case .document = call.purpose else {
      throw .invalidArgument("call", "its result is no document: take what it was started for")
    }
    guard case .document(let answer) = try call.take() else {
      throw S4Error(.internalDefect, "a document's call holds something else: please report this")
    }
    out.pointee = Handle.make(try Reply(answer))
  }
}
