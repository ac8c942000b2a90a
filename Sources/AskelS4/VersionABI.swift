// SPDX-License-Identifier: Apache-2.0

import CAskelS4
import Connector

var askelVersion: String { Instance.version }

private let version = StaticString("0.1.0")

@_cdecl("askel_s4_version") @implementation
public func askel_s4_version() -> UnsafePointer<CChar>? {
  borrowed(version)
}

@_cdecl("askel_s4_version_number") @implementation
public func askel_s4_version_number() -> UInt32 {
  UInt32(ASKEL_S4_VERSION_MAJOR * 10_000 + ASKEL_S4_VERSION_MINOR * 100 + ASKEL_S4_VERSION_PATCH)
}

/// A static string's own bytes: they end with a NUL and live as long as the process.
func borrowed(_ text: StaticString) -> UnsafePointer<CChar>? {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
