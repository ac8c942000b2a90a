// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Basics
import HTTP
import OAuth
import Secrets
import TestServer
import TestSupport
import Testing

@testable import Connector
@testable import Vault

/// A connection whose live credential the tenant rejects or not, a standby beside it, and a server that keeps the books.
final class StandbyBench {
  /// What the tenant takes: client secrets, and the same as passwords of "USER".
  final class Tenant: Sendable {
    private let valid: Locked<Set<String>>
    private let delays = Locked<[String: UInt32]>([:])
    init(_ valid: Set<String>) { self.valid = Locked(valid) }

    func set(_ secrets: Set<String>) { valid.withLock { $0 = secrets } }
    /// Milliseconds that answers to requests with this take.
    func delay(_ shown: String, _ milliseconds: UInt32) { delays.withLock { $0[shown] = milliseconds } }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Answer {
      let shown = StandbyBench.shown(request)
      let delay = delays.withLock { $0[shown] ?? 0 }
      let isToken = request.line.hasPrefix("POST")
      guard shown.hasPrefix("token-") || valid.withLock({ $0.contains(shown) }) else {
        return .init(401, isToken ? #"{"error":"invalid_client"}"# : "", delay: delay)
      }
      return .init(200, isToken ? #"{"access_token":"token-\#(shown)","expires_in":3600}"# : "{}", delay: delay)
    }
  }

  /// What the vault says to a fall-over, and how often it was asked.
  final class Keeper: Sendable {
    let verdict = Locked<Result<FallOver.Verdict, S4Error>>(.success(.taken))
    let asked = Locked<[FallOver]>([])

    func keep(_ fallOver: FallOver) throws(S4Error) -> FallOver.Verdict {
      asked.withLock { $0.append(fallOver) }
      return try verdict.withLock { $0 }.get()
    }
  }

  /// Waits for the ends of requests.
  final class Ends: Sendable {
    private let results = Locked<[Result<Exchange.Answer, S4Error>]>([])
    func add(_ result: Result<Exchange.Answer, S4Error>) { results.withLock { $0.append(result) } }

    func wait(for count: Int) -> [Result<Exchange.Answer, S4Error>] {
      for _ in 0..<5_000 where results.withLock({ $0.count }) < count { usleep(2_000) }
      return results.withLock { $0 }
    }
  }

  let tenant: Tenant
  let server: ScriptedServer
  let keeper = Keeper()
  let events: EventQueue
  let monitor: ConnectionMonitor
  let engine: Engine
  let vault: Vault
  private let directory = TemporaryDirectory()

  /// - Parameter valid: the secrets that the tenant takes.
  init(_ valid: Set<String>) throws {
    let tenant = Tenant(valid)
    self.tenant = tenant
    server = ScriptedServer { tenant.answer($0) }
    let key = try [UInt8](repeating: 7, count: 32).withUnsafeBytes { try LocalKeySource(raw: $0) }
    let store = try SQLiteStore(path: directory.vault, readOnly: false, checksIntegrity: false)
    vault = try Vault(store: store, key: key)
    try vault.put(connection: "nordvik", NewCredential(record: SecretBytes(copying: [1])))
    events = try EventQueue(capacity: 64)
    monitor = ConnectionMonitor(vault: vault, events: events) { [keeper] (step, _) throws(S4Error) in
      try keeper.keep(step)
    }
    engine = try Engine()
    monitor.note("nordvik", try vault.status(connection: "nordvik").live)
  }

  func end() {
    engine.close()
    server.stop()
    vault.close()
  }

  /// An OAuth client with this secret.
  func client(_ generation: Int64, _ secret: String, at server: ScriptedServer? = nil) throws -> Credential {
    let origin = try Origin(pasted: (server ?? self.server).origin)
    return credential(
      generation, origin,
      .clientCredentials(
        ClientCredentials(
          tokenOrigin: origin, tokenTarget: "/token", clientID: "client",
          authentication: .secretBasic(SecretBytes(copying: Array(secret.utf8))), scope: "")))
  }

  /// A communication user with this password.
  func user(_ generation: Int64, _ password: String) throws -> Credential {
    credential(
      generation, try Origin(pasted: server.origin),
      .basic(user: "USER", password: SecretBytes(copying: Array(password.utf8))))
  }

  private func credential(_ generation: Int64, _ origin: Origin, _ auth: ConnectionSettings.Auth) -> Credential {
    Credential(
      generation: generation,
      settings: ConnectionSettings(
        origin: origin, auth: auth, allowedHosts: ["127.0.0.1"],
        certificateAuthorities: Array(TestCertificates.authority.utf8)))
  }

  func source(
    _ live: Credential, _ standby: Credential?, isCheck: Bool = false, policy: MintPolicy = .perRequest
  ) -> TokenSource {
    TokenSource(
      connection: "nordvik", credential: live, standby: standby, engine: engine, monitor: monitor,
      mints: Mints(perSecond: 0), policy: policy, ignoresRejection: isCheck)
  }

  /// A live client with the secret "old", and "new" beside it.
  func oldAndNew() throws -> TokenSource { source(try client(1, "old"), try client(2, "new")) }

  /// Starts a request to the API.
  func start(_ source: TokenSource, at origin: Origin? = nil, prefetches: Bool = false, _ ends: Ends) {
    exchange(source).get("/api", at: origin, prefetchesNext: prefetches) { ends.add($0) }
  }

  func exchange(_ source: TokenSource) -> Exchange {
    Exchange(
      source: source, sessions: CSRFSessions(), flight: Flight(engine: engine),
      deadline: Deadline(milliseconds: 10_000),
      options: Client.Options(connection: "nordvik"))
  }

  /// One request to the API, waited for.
  func get(_ source: TokenSource, at origin: Origin? = nil) throws -> Exchange.Answer {
    let ends = Ends()
    start(source, at: origin, ends)
    return try #require(ends.wait(for: 1).first).get()
  }

  /// How often this was shown to the server: a secret, a password or a token.
  func count(_ shown: String) -> Int { server.requests.count { Self.shown($0) == shown } }

  func nextEvents() -> [String] {
    var found: [String] = []
    while let event = events.next() { found.append(event) }
    return found
  }

  /// What a request shows for itself.
  static func shown(_ request: ScriptedServer.Request) -> String {
    let header = request.header("Authorization") ?? ""
    if header.hasPrefix("Bearer ") { return String(header.dropFirst(7)) }
    return secrets.first { secret in
      ["client", "USER"].contains { name in
        var pair = SecretBuilder()
        pair.appendBase64(SecretBytes(copying: Array("\(name):\(secret)".utf8)))
        return pair.finish().withUnsafeBytes { header == "Basic " + String(decoding: $0, as: UTF8.self) }
      }
    } ?? header
  }

  private static let secrets = ["old", "new"]
}
