// SPDX-License-Identifier: Apache-2.0

import Basics
import Vault

extension Instance {
  /// The vault's standing as JSON: the shape is in the header.
  package func vaultStatus() throws(S4Error) -> String {
    try checkUsable()
    let standing = try vault.standing()
    var writer = JSONWriter()
    writer.object { status in
      status.member("vault_id", vault.id)
      status.member("storage", vault.store.needsCallersThread ? "store" : "sqlite")
      status.member("format", Vault.format)
      status.member("read_only", vault.store.readOnlyReason != nil)
      status.member("read_only_reason", vault.store.readOnlyReason)
      status.member("connections", standing.connections)
      status.member("key_version", standing.keyVersion)
      status.member("key", standing.keyKind)
      status.key("former_key_version")
      if let version = standing.formerKeyVersion { status.integer(version) } else { status.null() }
      status.key("rotation")
      if let move = standing.move {
        status.object { rotation in
          rotation.member("kind", move.kind)
          rotation.member("done", move.done)
          rotation.member("total", move.total)
        }
      } else {
        status.null()
      }
      status.member("audit_entries", standing.auditEntries)
    }
    return writer.text
  }

  package func addKey(_ source: any KeySource) throws(S4Error) {
    try checkUsable()
    try vault.add(source)
  }

  package func rotateKey(to source: any KeySource, actor: String?, progress: Vault.Progress) throws(S4Error) {
    try checkUsable()
    try vault.rotateKey(to: source, actor: actor, progress: progress)
  }

  package func rekey(actor: String?, progress: Vault.Progress) throws(S4Error) {
    try checkUsable()
    try vault.rekey(actor: actor, progress: progress)
  }

  package func discardRecord(_ key: String, actor: String?) throws(S4Error) {
    try checkUsable()
    try vault.discard(record: key, actor: actor)
  }

  package func checkVault() throws(S4Error) {
    try checkUsable()
    try vault.proveGenuine()
  }

  package func backupVault(to path: String) throws(S4Error) {
    try checkUsable()
    try vault.backup(to: path)
  }
}
