// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

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
    #expect(opened.status.live.generation == 2)
    #expect(opened.status.live.state == .new)
    #expect(try vault.count() == 1)
  }

  @Test(arguments: [0, 1, 100, 5_000, 300_000, Vault.largestRecord]) func recordsOfEverySizeFit(_ count: Int) throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let record = SecretBytes(copying: try Random.bytes(count))
    #expect(try vault.put(connection: "nordvik", record: record) == 1)
    #expect(try vault.open(connection: "nordvik").record == record)
  }

  @Test func aRecordThatIsTooBigIsRefused() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let record = SecretBytes(copying: [UInt8](repeating: 1, count: Vault.largestRecord + 1))
    #expect(fault { _ = try vault.put(connection: "nordvik", record: record) }?.code == .invalidArgument)
    #expect(try vault.count() == 0)
  }

  @Test(arguments: ["", "a\nb", "a\u{0}b", "a\u{7F}", String(repeating: "x", count: 129)])
  func anIdThatNobodyCanReadIsRefused(_ id: String) throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    let error = try #require(fault { _ = try vault.put(connection: id, record: secret("s3cret")) })
    #expect(error.code == .invalidArgument)
    #expect(error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    #expect(fault { _ = try vault.open(connection: id) }?.code == .notFound)
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

  @Test func anotherKeyOpensNothing() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    vault.close()
    let before = File.read(directory.vault)
    let error = try #require(fault { _ = try Vault(path: directory.vault, key: makeKey(8)) })
    #expect(error.code == .vaultKeyRefused)
    #expect(error.message.contains(directory.vault))
    #expect(File.read(directory.vault) == before)
  }

  @Test func idsAreListedByTheirBytes() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    #expect(try vault.ids() == [])
    let ids = ["b", "a", "Z", "a1", "ä", "日本", "a b", "10", "9"]
    for id in ids { _ = try vault.put(connection: id, record: secret(id)) }
    _ = try vault.put(connection: "a", record: secret("again"))
    #expect(try vault.ids() == ["10", "9", "Z", "a", "a b", "a1", "b", "ä", "日本"])
    #expect(try vault.count() == ids.count)
    for id in ids { #expect(try vault.open(connection: id).record == secret(id == "a" ? "again" : id)) }
  }

  @Test func aDeletedConnectionIsGone() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    _ = try vault.put(connection: "other", record: secret("0ther"))
    try vault.delete(connection: "nordvik")
    #expect(try vault.ids() == ["other"])
    for attempt in [{ _ = try vault.open(connection: "nordvik") }, { _ = try vault.status(connection: "nordvik") }] {
      let error = try #require(fault(attempt))
      #expect(error.code == .notFound)
      #expect(error.message.contains("\"nordvik\""))
    }
    #expect(fault { try vault.delete(connection: "nordvik") }?.code == .notFound)
    #expect(try vault.open(connection: "other").record == secret("0ther"))
  }

  @Test func noBytesOfADeletedConnectionStayInTheFiles() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    _ = try vault.put(connection: "nordvik", record: secret("s3cret"))
    let entry = try #require(try vault.find("nordvik")).entry
    let parts = [entry.rowID, entry.wrappedDataKey, entry.live, entry.card]
    #expect(parts.allSatisfy { part in files.contains { File.contains(part, $0) } })
    try vault.delete(connection: "nordvik")
    #expect(!parts.contains { part in files.contains { File.contains(part, $0) } })
  }

  @Test func noGenerationIsUsedTwiceForAnId() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    for generation in 1...3 as ClosedRange<Int64> {
      #expect(try vault.put(connection: "nordvik", record: secret("s3cret")) == generation)
    }
    try vault.delete(connection: "nordvik")
    #expect(try vault.put(connection: "nordvik", record: secret("new")) == 4)
    // What was still under way for the deleted one says nothing about the new one.
    let old = try vault.setState(
      connection: "nordvik", generation: 1, state: .expired, lastErrorCode: "invalid_client", rejected: true,
      proven: false, at: .now)
    #expect(old == nil)
    #expect(try !vault.status(connection: "nordvik").live.isRejected)
  }

  @Test func twoObjectsSeeEachOthersWrites() throws {
    let one = try Vault(path: directory.vault, key: makeKey())
    let two = try Vault(path: directory.vault, key: makeKey())
    #expect(one.id == two.id)
    for round in 1...20 as ClosedRange<Int64> {
      #expect(try one.put(connection: "nordvik", record: secret("\(round)")) == 2 * round - 1)
      #expect(try two.open(connection: "nordvik").record == secret("\(round)"))
      #expect(try two.put(connection: "nordvik", record: secret("-\(round)")) == 2 * round)
      #expect(try one.open(connection: "nordvik").record == secret("-\(round)"))
    }
    try two.delete(connection: "nordvik")
    #expect(fault { _ = try one.open(connection: "nordvik") }?.code == .notFound)
    one.close()
    #expect(try two.count() == 0)
  }

  @Test func aClosedVaultSaysSo() throws {
    let vault = try Vault(path: directory.vault, key: makeKey())
    vault.close()
    for error in everyOperation(vault) { #expect(error?.code == .closed) }
  }

  @Test func neitherSecretsNorIdsStandInTheFiles() throws {
    let id = "kunde ä/Nordvik AG"
    let text = "s3cret+value/with=signs ä"
    let vault = try Vault(path: directory.vault, key: makeKey())
    for _ in 0..<3 { _ = try vault.put(connection: id, record: secret(text)) }
    try vault.setState(
      connection: id, generation: 3, state: .active, lastErrorCode: nil, rejected: false, proven: true, at: .now)
    #expect(directory.names() == ["vault.db", "vault.db-shm", "vault.db-wal"])
    for word in [id, text, "Nordvik", "s3cret", "client_credentials"] {
      for form in forms(of: word) {
        for file in files { #expect(!File.contains(form, file)) }
      }
    }
    // The search itself finds what is there.
    #expect(files.contains { File.contains(Array("connection/".utf8), $0) })
    vault.close()
    for word in [id, text] {
      for form in forms(of: word) { #expect(!File.contains(form, directory.vault)) }
    }
  }

  private var files: [String] { directory.names().map { directory.path + "/" + $0 } }

  private func forms(of word: String) -> [[UInt8]] {
    var base64 = SecretBuilder()
    base64.appendBase64(secret(word))
    var percent = SecretBuilder()
    percent.appendFormEncoded(public: word)
    let encoded = [base64.finish(), percent.finish()].map { $0.withUnsafeBytes { Array($0) } }
    return [Array(word.utf8), Array(Display.hex(Array(word.utf8)).utf8)] + encoded.map { $0.dropLast(4) }
  }

  private func everyOperation(_ vault: Vault) -> [S4Error?] {
    [
      fault { _ = try vault.put(connection: "a", record: secret("b")) },
      fault { _ = try vault.open(connection: "a") }, fault { _ = try vault.status(connection: "a") },
      fault { _ = try vault.ids() }, fault { _ = try vault.count() }, fault { try vault.delete(connection: "a") },
      fault {
        try vault.setState(
          connection: "a", generation: 1, state: .active, lastErrorCode: nil, rejected: false, proven: true, at: .now)
      },
    ]
  }
}
