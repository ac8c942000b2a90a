// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Testing

@testable import Vault

@Suite struct VaultTests {
  private let directory = TemporaryDirectory()

  @Test func whatIsPutIsOpenedAgain() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(try vault.put(connection: "nordvik", record: secret("s3cret")) == 1)
    #expect(try vault.open(connection: "nordvik").record == secret("s3cret"))
    #expect(try vault.put(connection: "nordvik", record: secret("other")) == 2)
    let opened = try vault.open(connection: "nordvik")
    #expect(opened.record == secret("other"))
    #expect(opened.status.generation == 2)
    #expect(opened.status.state == .new)
    #expect(try vault.count() == 1)
  }

  @Test func aVaultOpensAgainUnderItsKey() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    let id = vault.id
    vault.close()
    vault.close()
    #expect(directory.names() == ["vault.db"])
    let again = try Vault(path: directory.vault, key: makeKey())
    #expect(again.id == id)
    #expect(id.utf8.count == 32)
    #expect(try again.open(connection: "nordvik").record == secret("s3cret"))
  }
}
