// SPDX-License-Identifier: Apache-2.0

import Basics

extension AuditEvent {
  enum Fault: Error {
    /// Not in the form that `encoded` gives.
    case malformed
    /// In a form, or with an action, that a later version of the library has.
    case newer
  }

  private static let form: UInt8 = 1

  /// The bytes that are sealed: form, time and generation (8 bytes each), then action, connection, actor and result, each
  /// with its length in front (2 bytes; 0 for none). All numbers are big-endian.
  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    bytes.append(Self.form)
    AuditBytes.append(at.milliseconds, to: &bytes)
    AuditBytes.append(generation, to: &bytes)
    for text in [action.rawValue, connection ?? "", actor ?? "", result] {
      AuditBytes.append(UInt16(clamping: text.utf8.count), to: &bytes)
      bytes.append(contentsOf: text.utf8)
    }
    return bytes
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> AuditEvent {
    var reader = AuditBytes.Reader(bytes)
    guard let form = reader.byte() else { throw .malformed }
    guard form == Self.form else { throw .newer }
    guard let milliseconds = reader.number(), let generation = reader.number(), generation >= 0,
      let name = reader.text(atMost: 64), let connection = reader.text(atMost: Limit.connection),
      let actor = reader.text(atMost: Limit.text), let result = reader.text(atMost: Limit.text), reader.isAtEnd
    else { throw .malformed }
    guard let action = AuditAction(rawValue: name) else { throw .newer }
    return AuditEvent(
      action, actor: actor.isEmpty ? nil : actor, connection: connection.isEmpty ? nil : connection,
      generation: generation, result: result, at: Timestamp(milliseconds: milliseconds))
  }
}
