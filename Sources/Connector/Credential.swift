// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Vault

/// One credential of a connection, opened: what is sent, and where.
struct Credential: Sendable {
  /// Its number: never that of another credential of this connection.
  let generation: Int64
  let settings: ConnectionSettings
  /// When it ends, for what is told of it.
  let expiry: Expiry

  init(generation: Int64, settings: ConnectionSettings, expiry: Expiry = .unknown) {
    self.generation = generation
    self.settings = settings
    self.expiry = expiry
  }

  /// - Parameter record: as the vault gave it.
  init(_ status: CredentialStatus, _ record: SecretBytes) throws(S4Error) {
    self.init(
      generation: status.generation, settings: try ConnectionRecord.decode(record), expiry: status.expiry)
  }
}
