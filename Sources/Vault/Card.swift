// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// What a connection's record tells without its data key: name and states. Sealed under the directory key, so that a
/// stolen file names no customer and a changed state shows.
struct Card: Equatable, Sendable {
  var status: ConnectionStatus
  /// Highest generation that a credential of this connection had.
  var highestGeneration: Int64

  /// Bytes of the largest card.
  static let largest = 64 << 10
  /// Bytes of the largest summary.
  static let largestSummary = 24 << 10

  private enum Tag: UInt8 {
    case name = 1, highestGeneration, live, beside, role
  }

  private enum CredentialTag: UInt8 {
    case generation = 1, state, since, lastProof, lastError, isRejected, expiresAt, expiringDays, summary
  }

  func encoded() -> [UInt8] {
    var writer = FieldWriter(capacity: 512)
    writer.append(Tag.name.rawValue, status.id)
    writer.append(Tag.highestGeneration.rawValue, highestGeneration)
    writer.append(Tag.live.rawValue, Self.encode(status.live))
    if let beside = status.beside, let role = status.besideRole {
      writer.append(Tag.beside.rawValue, Self.encode(beside))
      writer.append(Tag.role.rawValue, role.rawValue)
    }
    return writer.bytes
  }

  init(status: ConnectionStatus, highestGeneration: Int64) {
    self.status = status
    self.highestGeneration = highestGeneration
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(FieldReader.Damage) {
    var reader = FieldReader(bytes)
    var id: String?
    var highest: Int64?
    var live: CredentialStatus?
    var beside: CredentialStatus?
    var role: BesideRole?
    while let field = try reader.next() {
      switch Tag(rawValue: field.tag) {
      case .name: id = try field.text(limit: Vault.longestID)
      case .highestGeneration: highest = try field.integer(in: 1...(.max - 1))
      case .live: live = try Self.decode(field.value)
      case .beside: beside = try Self.decode(field.value)
      case .role: role = BesideRole(rawValue: try field.text(limit: 16))
      // Of a later version of the library.
      case nil: continue
      }
    }
    guard let id, let highest, let live, live.generation <= highest, (beside == nil) == (role == nil) else {
      throw FieldReader.Damage()
    }
    status = ConnectionStatus(id: id, live: live, beside: beside, besideRole: role)
    highestGeneration = highest
  }

  private static func encode(_ credential: CredentialStatus) -> [UInt8] {
    var writer = FieldWriter(capacity: 192 + credential.summary.count)
    func append(_ tag: CredentialTag, _ time: Timestamp?) {
      if let time { writer.append(tag.rawValue, time.milliseconds) }
    }
    writer.append(CredentialTag.generation.rawValue, credential.generation)
    writer.append(CredentialTag.state.rawValue, credential.state.rawValue)
    append(.since, credential.since)
    append(.lastProof, credential.lastProof)
    if let code = credential.lastErrorCode { writer.append(CredentialTag.lastError.rawValue, code) }
    if credential.isRejected { writer.append(CredentialTag.isRejected.rawValue, 1) }
    append(.expiresAt, credential.expiresAt)
    if credential.expiringDays != 0 { writer.append(CredentialTag.expiringDays.rawValue, credential.expiringDays) }
    if !credential.summary.isEmpty { writer.append(CredentialTag.summary.rawValue, credential.summary) }
    return writer.bytes
  }

  private static func decode(_ bytes: UnsafeRawBufferPointer) throws(FieldReader.Damage) -> CredentialStatus {
    var reader = FieldReader(bytes)
    var status = CredentialStatus(generation: 0, state: .new, since: Timestamp(milliseconds: 0))
    while let field = try reader.next() {
      switch CredentialTag(rawValue: field.tag) {
      case .generation: status.generation = try field.integer(in: 1 ... .max)
      case .state:
        guard let state = ConnectionState(rawValue: try field.text(limit: 32)) else { throw FieldReader.Damage() }
        status.state = state
      case .since: status.since = Timestamp(milliseconds: try field.integer())
      case .lastProof: status.lastProof = Timestamp(milliseconds: try field.integer())
      case .lastError: status.lastErrorCode = try field.text(limit: Vault.longestErrorCode)
      case .isRejected: status.isRejected = try field.integer() != 0
      case .expiresAt: status.expiresAt = Timestamp(milliseconds: try field.integer())
      case .expiringDays: status.expiringDays = try field.integer(in: 0...100_000)
      case .summary: status.summary = try field.array(0...largestSummary)
      case nil: continue
      }
    }
    guard status.generation > 0 else { throw FieldReader.Damage() }
    return status
  }
}
