// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import HTTP
import OAuth
import Secrets
import TestSupport
import Testing

@testable import Connector
@testable import Vault

@Suite struct TokenSourceTests {
  /// A call that was cancelled may still be on its way to a token when the next call of its cursor begins to wait.
  @Test func everyRequestThatWaitsForOneMintGetsAnEnd() throws {
    let directory = TemporaryDirectory()
    let key = try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    let store = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
    let vault = try Vault(store: store, key: key)
    defer { vault.close() }
    // It answers nobody: the mint hangs in the handshake until its deadline.
    let server = SilentServer()
    let origin = try Origin(pasted: "127.0.0.1:\(server.port)")
    let client = ClientCredentials(
      tokenOrigin: origin, tokenTarget: "/oauth/token", clientID: "client",
      authentication: .secretBasic(SecretBytes(copying: [1])), scope: "")
    let engine = try Engine()
    defer { engine.close() }
    let source = TokenSource(
      connection: "nordvik",
      credential: Credential(
        generation: 1,
        settings: ConnectionSettings(
          origin: origin, auth: .clientCredentials(client), allowedHosts: ["127.0.0.1"], certificateAuthorities: [])),
      engine: engine, monitor: ConnectionMonitor(vault: vault, events: try EventQueue(capacity: 4)),
      mints: Mints(perSecond: 0))

    let ends = Locked(0)
    source.prefetch(deadline: Deadline(milliseconds: 300))
    let flights = [Flight(engine: engine), Flight(engine: engine)]
    for flight in flights {
      source.next(flight, deadline: Deadline(milliseconds: 600)) { _ in ends.withLock { $0 += 1 } }
    }
    for _ in 0..<1_500 where ends.withLock({ $0 }) < 2 { usleep(2_000) }
    #expect(ends.withLock { $0 } == 2)
  }
}
