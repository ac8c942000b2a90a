// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData
import Vault

extension Instance {
  /// What a check asks for beside a token.
  package enum CheckScope: Sendable {
    /// With client credentials mint and discard only.
    case token
    /// The service document of one: that it is not open is an error.
    case service(ServicePath)
    /// Those of several: of each it is told how it stands.
    case services([ServicePath])
  }

  package static let mostServicesInACheck = ServiceProbes.most

  /// Starts proving a connection's credential, also one that was rejected before: a person asked.
  /// - Parameters:
  ///   - timeout: milliseconds.
  ///   - beside: the credential beside the live one is proven.
  ///   - actor: who asked, for the audit trail.
  package func check(
    connection: String, _ scope: CheckScope, timeout: Int64, beside: Bool = false, actor: String? = nil
  ) throws(S4Error) -> Call {
    try checkUsable()
    try AuditEntry.checkActor(actor)
    let version = monitor.version(connection)
    let opened = try vault.open(connection: connection, beside: beside)
    let credential: Credential
    if beside {
      guard let status = opened.status.beside, let record = opened.beside else {
        throw S4Error(
          .conflict, "no credential stands beside the live one of connection \(connection): stage one first",
          target: connection)
      }
      credential = try Credential(status, record)
      monitor.noteBeside(connection, status)
    } else {
      credential = try Credential(opened.status.live, opened.live)
      monitor.note(connection, opened.status.live, asOf: version)
    }
    if case .token = scope, credential.settings.isSentToAPI {
      throw .invalidArgument(
        "service", "with HTTP Basic, and with a certificate at the API, there is nothing to mint: name a service to ask"
      )
    }
    var isList = false
    if case .services = scope { isList = true }
    let source = TokenSource(
      connection: connection, credential: credential, engine: engine, monitor: monitor, mints: mints,
      tellsCredentialAlone: isList, ignoresRejection: true)
    let call = try Call(.check, engine: engine) { [monitor, vault] result throws(S4Error) in
      monitor.settle()
      var code = "ok"
      if case .failure(let error) = result { code = ConnectionOutcome.failed(error).code ?? "\(error.code)" }
      try vault.auditCheck(connection: connection, generation: credential.generation, actor: actor, result: code)
    }
    ConnectionCheck(instance: self, source: source, call: call, timeout: timeout > 0 ? timeout : 30_000).start(scope)
    return call
  }
}

/// One check on its way.
final class ConnectionCheck: Sendable {
  private let source: TokenSource
  private let call: Call
  private let engine: Engine
  private let deadline: Deadline
  private let began = Deadline.now

  init(instance: Instance, source: TokenSource, call: Call, timeout: Int64) {
    self.source = source
    self.call = call
    engine = instance.engine
    deadline = Deadline(milliseconds: timeout)
  }

  func start(_ scope: Instance.CheckScope) {
    switch scope {
    case .token:
      source.mintAndDiscard(call.flight, deadline: deadline) { [self] result in
        if case .success = result { source.report(.proven, of: source.current) }
        finish(result)
      }
    case .service(let service): ask(service)
    case .services(let services):
      // With a token of its own: whatever the services answer, the credential has passed or not.
      source.mintAndDiscard(call.flight, deadline: deadline) { [self] result in
        if case .failure(let error) = result { fail(error) } else { ask(services) }
      }
    }
  }

  private func exchange(_ flight: Flight) -> Exchange {
    Exchange(
      source: source, sessions: CSRFSessions(), flight: flight, deadline: deadline,
      options: Client.Options(connection: source.connection))
  }

  private func ask(_ service: ServicePath) {
    let exchange = exchange(call.flight)
    exchange.get(service.root, maximumBody: ServiceProbes.maximumDocument, prefetchesNext: false) { [self] result in
      let outcome = Result<TokenFacts?, S4Error> { () throws(S4Error) in
        let answer = try result.get()
        try exchange.checkJSON(answer, target: service.path)
        return source.lastToken
      }
      finish(outcome, service: service)
    }
  }

  private func ask(_ services: [ServicePath]) {
    let exchanges = (0..<min(ServiceProbes.lanes, services.count)).map { _ in exchange(Flight(engine: engine)) }
    let probes = ServiceProbes(services, exchanges: exchanges) { [self] result in
      switch result {
      case .success(let findings):
        tell(findings)
        finish(.success(source.lastToken), findings: findings)
      case .failure(let error): fail(error)
      }
    }
    // Weak: it holds this check, which holds the call and its flight.
    call.flight.whenCancelled { [weak probes] in probes?.cancel() }
    probes.start()
  }

  /// Tells the connection's state what all services together mean: each by itself would make of one check a row of states
  /// that ends with whichever answered last.
  private func tell(_ findings: [ServiceProbes.Finding]) {
    let closed = findings.filter(\.isClosed)
    let readable = findings.filter(\.isReadable)
    // Who is let in or refused entry to a service was recognised.
    if source.current.settings.isSentToAPI, !closed.isEmpty || !readable.isEmpty { report(.minted) }
    if var error = closed.first?.error {
      let more = closed.count > 4 ? " and \(closed.count - 4) more" : ""
      let names = closed.prefix(4).map(\.service.path).joined(separator: ", ")
      error.message =
        "the API answered \(error.httpStatus) for \(names)\(more): look at the communication arrangement"
      for each in closed { report(.failed(error), at: each.service.root) }
    }
    for each in readable { report(.proven, at: each.service.root) }
    if closed.isEmpty, readable.isEmpty, let error = findings.first(where: \.isUnreachable)?.error {
      report(.failed(error))
    }
  }

  private func report(_ outcome: ConnectionOutcome, at place: String? = nil) {
    source.monitor.report(
      source.connection, generation: source.generation, outcome, of: place, isCheck: source.ignoresRejection)
  }

  /// Ends a check of a list. That the credential was rejected has been told.
  private func fail(_ error: S4Error) {
    if error.code != .credentialExpired { report(.failed(error)) }
    finish(.failure(error))
  }

  private func finish(
    _ outcome: Result<TokenFacts?, S4Error>, service: ServicePath? = nil, findings: [ServiceProbes.Finding]? = nil
  ) {
    let elapsed = (Deadline.now &- began) / 1_000_000
    source.finish()
    let credential = source.current
    var state = credential.expiry.workingState(at: .now)
    if findings != nil {
      state = source.monitor.state(source.connection, generation: credential.generation) ?? state
    }
    call.finish(
      outcome.map { token in
        var writer = JSONWriter()
        writer.object { result in
          result.member("connection", source.connection)
          result.member("state", state.rawValue)
          result.key("token")
          if let token {
            result.object { facts in
              facts.member("type", token.type)
              facts.key("expires_in_s")
              if let seconds = token.expiresIn { facts.integer(seconds) } else { facts.null() }
              facts.member("scope", token.scope)
            }
          } else {
            result.null()
          }
          result.member("service", service?.path)
          result.key("services")
          result.array { list in
            for each in findings ?? [] { list.object { each.describe(&$0) } }
          }
          result.member("ms", elapsed)
        }
        return .text(writer.text)
      })
  }
}

extension ServiceProbes.Finding {
  /// Writes the members that the header gives.
  fileprivate func describe(_ writer: inout JSONWriter) {
    writer.member("service", service.path)
    writer.member("status", status)
    writer.key("http_status")
    if wasAnswered { writer.integer(error?.httpStatus ?? 200) } else { writer.null() }
    writer.member("code", error.flatMap { ConnectionOutcome.failed($0).code })
    writer.member("message", error?.message)
    writer.member("ms", milliseconds)
  }
}
