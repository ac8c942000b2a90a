// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4

// A callback runs outside of the gate, so what it calls passes it like any other call from outside.

@_cdecl("askel_s4_sink_bytes") @implementation
public func askel_s4_sink_bytes(_ sink: OpaquePointer?, _ data: UnsafeRawPointer?, _ size: Int) {
  guard let sink = Handle.peek(sink, as: CallbackSink.self) else { return }
  ForkGate.within { sink.take(bytes: data, size: size) }
}

@_cdecl("askel_s4_sink_record") @implementation
public func askel_s4_sink_record(
  _ sink: OpaquePointer?, _ key: UnsafePointer<CChar>?, _ version: Int64, _ value: UnsafeRawPointer?, _ size: Int
) {
  guard let sink = Handle.peek(sink, as: CallbackSink.self) else { return }
  ForkGate.within { sink.take(record: key, version: version, value: value, size: size) }
}

@_cdecl("askel_s4_sink_failure") @implementation
public func askel_s4_sink_failure(_ sink: OpaquePointer?, _ message: UnsafePointer<CChar>?) {
  guard let sink = Handle.peek(sink, as: CallbackSink.self) else { return }
  ForkGate.within { sink.take(failure: message) }
}

@_cdecl("askel_s4_sink_done") @implementation
public func askel_s4_sink_done(_ sink: OpaquePointer?) {
  guard let sink = Handle.peek(sink, as: CallbackSink.self) else { return }
  ForkGate.within { sink.takeDone() }
}
