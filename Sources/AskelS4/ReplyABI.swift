// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector

@_cdecl("askel_s4_reply_http_status") @implementation
public func askel_s4_reply_http_status(_ reply: OpaquePointer?) -> Int32 {
  Int32(clamping: Handle.peek(reply, as: Reply.self)?.httpStatus ?? 0)
}

@_cdecl("askel_s4_reply_etag") @implementation
public func askel_s4_reply_etag(_ reply: OpaquePointer?) -> UnsafePointer<CChar>? {
  Handle.peek(reply, as: Reply.self)?.etag.bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? borrowed("")
}

@_cdecl("askel_s4_reply_document") @implementation
public func askel_s4_reply_document(_ reply: OpaquePointer?) -> askel_s4_view {
  Handle.peek(reply, as: Reply.self).map { view($0.bytes) } ?? askel_s4_view(data: nil, size: 0)
}

@_cdecl("askel_s4_reply_field") @implementation
public func askel_s4_reply_field(
  _ reply: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ outField: UnsafeMutablePointer<askel_s4_field>?,
  _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outField, "out_field", cleared: absentField)
    let reply = try Handle.get(reply, "reply", as: Reply.self)
    try reply.guardian.check()
    out.pointee = field(try reply.field(try Argument.text(name, "name")))
  }
}

@_cdecl("askel_s4_reply_free") @implementation
public func askel_s4_reply_free(_ reply: OpaquePointer?) {
  Handle.release(reply, as: Reply.self, Handle.peek(reply, as: Reply.self)?.guardian)
}
