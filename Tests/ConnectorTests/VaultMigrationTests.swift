// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import TestSupport
import Testing

@testable import Connector
@testable import Vault

#if canImport(Glibc)
  import Glibc
#endif

/// Vaults of every format that was ever committed open, with all that was in them: Tests/VaultTests/Fixtures.
@Suite struct VaultMigrationTests {
  private let directory = TemporaryDirectory()

  private func open(_ byte: UInt8 = 7) throws -> Instance {
    let key = try [UInt8](repeating: byte, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    return try Instance(
      store: { () throws(S4Error) in
        try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
      }, key: key, other: nil, eventCapacity: 8)
  }

  private func copyFixture(_ name: String) throws {
    let path = "\(#filePath)".split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 }
    let file = try #require(fopen("\(path)/VaultTests/Fixtures/\(name)", "rb"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
    let copy = try #require(fopen(directory.vault, "wb"))
    fwrite(bytes, 1, bytes.count, copy)
    fclose(copy)
    chmod(directory.vault, 0o600)
  }

  @Test func aVaultOfFormatOneComesWithAllThatWasInIt() throws {
    try copyFixture("format-1.vault")
    var instance = try open()
    for _ in 0..<2 {
      let list = try instance.describeConnections()
      for part in [
        #""id":"fjordkraft","host":"my300001-api.s4hana.cloud.sap","auth":"basic""#, #""user":"FJORD_USER""#,
        #""generation":3,"state":"expired","since":"2025-11-18T21:06:40Z","last_proof":"2025-11-13T02:13:20Z","last_error":"401""#,
        #""id":"nordvik","host":"my300000-api.s4hana.cloud.sap","auth":"client_credentials""#,
        #""client_id":"sb-nordvik","client_auth":"secret_basic""#, #""generation":4,"state":"active""#,
        #""id":"überholt","host":"localhost:8443""#, #""client_auth":"secret_post","scope":"a b""#, #""has_ca":true"#,
      ] {
        #expect(list.contains(part), "\(part) is not in \(list)")
      }
      for (id, secret) in [
        ("nordvik", "nordvik test secret 1"), ("überholt", "überholt test secret 3"),
        ("fjordkraft", "fjordkraft test password 2"),
      ] {
        try expect(secret, in: try instance.vault.open(connection: id).live)
      }
      #expect(try instance.vault.status(connection: "fjordkraft").live.isRejected)
      #expect(try instance.vault.auditVerify(against: nil).json.contains(#""intact":true"#))
      #expect(try instance.vaultStatus().contains(#""format":2"#))
      // A name that was deleted begins above its old numbers.
      #expect(try instance.vault.put(connection: "gone", NewCredential(record: SecretBytes(copying: [1]))) >= 3)
      try instance.vault.delete(connection: "gone")
      instance.close()
      instance = try open()
    }
    instance.close()
  }

  @Test func aVaultOfFormatTwoOpensWithAllThatIsInIt() throws {
    try copyFixture("format-2.vault")
    let head =
      #"{"vault_id":"dd3190d9ab1ab250a04a15c7ef83ca76","count":18,"#
      + #""hash":"06ff0f02a8c4fb715c03848923a6a585b1ef3aab9cc8353ceb97e3f6b6e34b80","generation":14}"#
    let instance = try open()
    defer { instance.close() }
    let list = try instance.describeConnections()
    for part in [
      #""id":"fjordkraft","host":"my300001-api.s4hana.cloud.sap","auth":"basic""#, #""user":"FJORD_USER""#,
      #""expires_at":"2027-03-31T00:00:00Z""#, #""id":"fjordkraft 2""#,
      #""state":"expired","since":"2026-11-23T21:21:58.451Z","last_proof":null,"last_error":"invalid_client""#,
      #""id":"nordvik","host":"localhost:34857","auth":"client_credentials""#, #""generation":4,"state":"active""#,
      #""beside":{"role":"former""#, #""id":"sertifikat-ø""#,
      #""host":"my300002-api.s4hana.cloud.sap","auth":"certificate""#,
      #""certificate":{"subject":"O=Askel,CN=sertifikat of the fixture","not_after":"2046-11-18T21:21:57Z"}"#,
    ] {
      #expect(list.contains(part), "\(part) is not in \(list)")
    }
    for (id, secret) in [("fjordkraft", "fjordkraft test password 2"), ("fjordkraft 2", "wrong")] {
      try expect(secret, in: try instance.vault.open(connection: id).live)
    }
    let nordvik = try instance.vault.open(connection: "nordvik", beside: true)
    try expect("RdHS5KsSzita818PbZ084TPWs9ST27Tq", in: nordvik.live)
    try expect("qM2GwWb1R1sms03MvL6JqMGDYggCNmmy", in: try #require(nordvik.beside))
    let settings = try ConnectionRecord.decode(try instance.vault.open(connection: "sertifikat-ø").live)
    // Stored as it was judged: the key is that of the certificate.
    let certificate = try #require(settings.certificate)
    #expect(try ClientCertificate(chain: certificate.chain, key: certificate.key).subject == certificate.subject)
    #expect(try instance.vault.auditVerify(against: AuditHead(json: head)).json.contains(#""intact":true"#))
    #expect(try instance.vault.put(connection: "gone", NewCredential(record: SecretBytes(copying: [1]))) == 3)
  }

  private func expect(_ secret: String, in record: SecretBytes, _ here: SourceLocation = #_sourceLocation) throws {
    let found: SecretBytes
    switch try ConnectionRecord.decode(record).auth {
    case .basic(_, let password): found = password
    case .clientCredentials(let client): found = client.authentication.secret ?? SecretBytes(copying: [])
    case .certificate: found = SecretBytes(copying: [])
    }
    #expect(found == SecretBytes(copying: Array(secret.utf8)), sourceLocation: here)
  }

  @Test func anotherKeyLeavesTheOldFormatAlone() throws {
    try copyFixture("format-1.vault")
    #expect(fault { _ = try open(8) }?.code == .vaultKeyRefused)
    let store = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: true)
    #expect(try store.format == 1)
    store.close()
    try open().close()
  }

  @Test func ofManyThatOpenAtOnceOneMigrates() throws {
    try copyFixture("format-1.vault")
    let problems = Locked<[String]>([])
    onThreads(6) { _ in
      let error = fault {
        let instance = try open()
        let count = try instance.vault.ids().count
        if count != 3 { problems.withLock { $0.append("\(count) connections") } }
        instance.close()
      }
      if let error { problems.withLock { $0.append(error.message) } }
    }
    #expect(problems.withLock { $0 } == [])
  }
}

extension Vault {
  fileprivate func ids() throws(S4Error) -> [String] { try list().map(\.id) }
}
