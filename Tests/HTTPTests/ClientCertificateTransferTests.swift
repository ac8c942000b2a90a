// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import CCurl
import Secrets
import TestServer
import TestSupport
import Testing

@testable import HTTP

@Suite struct ClientCertificateTransferTests {
  private func certificate(_ chain: String, _ key: String) throws -> ClientCertificate {
    try ClientCertificate(chain: SecretBytes(copying: Array(chain.utf8)), key: SecretBytes(copying: Array(key.utf8)))
  }

  /// Sends one request and waits for what it comes to.
  private func send(
    _ server: ScriptedServer, _ engine: Engine, _ certificate: ClientCertificate?,
    version: HTTPRequest.Version = .http11, identity: String = ""
  ) throws -> Result<HTTPResponse, S4Error> {
    var request = HTTPRequest(
      .get, try Origin(pasted: server.origin), "/", headers: [], deadline: Deadline(milliseconds: 10_000),
      trust: Trust(certificateAuthorities: Array(TestCertificates.authority.utf8), allowedHosts: ["127.0.0.1"]),
      maximumBody: 1_024)
    request.certificate = certificate
    request.version = version
    request.identity = identity
    let box = Held()
    engine.submit(request) { result in box.set(result) }
    for _ in 0..<5_000 where box.get() == nil { usleep(2_000) }
    return try #require(box.get())
  }

  private final class Held: Sendable {
    private let value = Locked<Result<HTTPResponse, S4Error>?>(nil)
    func set(_ result: Result<HTTPResponse, S4Error>) { value.withLock { $0 = result } }
    func get() -> Result<HTTPResponse, S4Error>? { value.withLock { $0 } }
  }

  @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
  func requestsOfDifferentCertificatesShareNoConnection(version: Int32) throws {
    let server = ScriptedServer(version: version) { request in .init(200, request.client) }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    let one = try certificate(TestCertificates.client, TestCertificates.key)
    let other = try certificate(TestCertificates.other, TestCertificates.otherKey)
    // The same certificate, at another place in memory.
    let again = try certificate(TestCertificates.client, TestCertificates.key)
    for shown in [nil, one, other, nil, again, one, other, nil] {
      let response = try send(server, engine, shown).get()
      let name = String(decoding: response.body.bytes, as: UTF8.self)
      #expect(name == (shown?.subject.hasPrefix("CN=nordvik") == true ? "nordvik" : shown == nil ? "" : "other"))
    }
    // One of each kind, and each used again.
    #expect(server.connections == 3)
  }

  @Test func requestsOfDifferentCredentialsShareNoConnection() throws {
    let server = ScriptedServer { _ in .init(200, "") }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    for name in ["one#1", "other#1", "one#2", "one#1", "other#1", "one#2"] {
      _ = try send(server, engine, nil, identity: name).get()
    }
    #expect(server.connections == 3)
  }

  @Test func refusedCertificateIsARejectionAndIsNotSentAgain() throws {
    let server = ScriptedServer(refusesClients: true) { _ in .init(200, "") }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    let shown = try certificate(TestCertificates.client, TestCertificates.key)
    guard case .failure(let error) = try send(server, engine, shown) else {
      Issue.record("it was taken")
      return
    }
    #expect(error.code == .credentialExpired, "\(error.code) \(error.message)")
    #expect(error.outcome == .notProcessed)
    #expect(!error.isConnectionLost && !error.isRetryable)
    #expect(server.connections == 1 && server.requests.isEmpty)
    #expect(throws: Never.self) { try self.send(server, engine, nil).get() }
  }

  @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION]) func everyKindOfKeyIsShownWithItsChain(version: Int32) throws {
    let server = ScriptedServer(version: version) { request in .init(200, "\(request.client) \(request.clientChain)") }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    let chain = TestCertificates.client + TestCertificates.authority + TestCertificates.server
    for (chain, key, answer) in [
      (chain, TestCertificates.key, "nordvik 2"),
      // OpenSSL adds an issuer that it trusts.
      (TestCertificates.rsa, TestCertificates.rsaKey, "rsa 1"),
      (TestCertificates.edwards, TestCertificates.edwardsKey, "edwards 0"),
    ] {
      let response = try send(server, engine, try certificate(chain, key)).get()
      #expect(String(decoding: response.body.bytes, as: UTF8.self) == answer)
    }
  }

  /// The key is lent again, also by another owner than the one who opened the connection, and never shown to a request
  /// that has none.
  @Test func serverMayAskForACertificateLater() throws {
    let server = ScriptedServer(asksLate: true, version: TLS1_3_VERSION) { request in .init(200, request.client) }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    for _ in 0..<3 {
      let shown = try certificate(TestCertificates.client, TestCertificates.key)
      let response = try send(server, engine, shown).get()
      #expect(String(decoding: response.body.bytes, as: UTF8.self) == "nordvik")
      #expect(String(decoding: try send(server, engine, nil).get().body.bytes, as: UTF8.self) == "")
    }
    #expect(server.connections == 2)
  }

  @Test func keyThatOpenSSLDoesNotUseIsNamed() throws {
    let server = ScriptedServer { _ in .init(200, "") }
    defer { server.stop() }
    let engine = try Engine()
    defer { engine.close() }
    let weak = try certificate(TestCertificates.weak, TestCertificates.weakKey)
    guard case .failure(let error) = try send(server, engine, weak) else {
      Issue.record("it was taken")
      return
    }
    #expect(error.code == .tlsRefused && error.message.contains("too short"), "\(error.code) \(error.message)")
    #expect(server.requests.isEmpty)
  }
}
