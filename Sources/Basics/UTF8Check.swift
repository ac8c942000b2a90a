// SPDX-License-Identifier: Apache-2.0

/// Checks bytes that must not become a `String`, since a `String` cannot be wiped.
package enum UTF8Check {
  /// Source: RFC 3629.
  package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue: continue
      case .emptyInput: return true
      case .error: return false
      }
    }
  }
}
