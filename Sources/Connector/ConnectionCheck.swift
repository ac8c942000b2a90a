// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OData
import Vault

extension Instance {
  /// Starts proving a connection's credential, also one that was rejected before: a person asked.
  /// - Parameters:
  ///   - service: whose service document is asked for; nil: with client credentials mint and discard only.
  ///   - timeout: milliseconds.
  ///   - beside: the credential beside the live one is proven.
  ///   - actor: who asked, for the audit trail.
  package func check(
    connection: String, service: ServicePath?, timeout: Int64, beside: Bool = false, actor: String? = nil
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
    guard service != nil || !credential.settings.isSentToAPI else {
      throw .invalidArgument(
        "service", "with HTTP Basic, and with a certificate at the API, there is nothing to mint: name a service to ask"
      )
    }
    let source = TokenSource(
      connection: connection, credential: credential, engine: engine, monitor: monitor, mints: mints,
      ignoresRejection: true)
    let call = try Call(.check, engine: engine) { [monitor, vault] result throws(S4Error) in
      monitor.settle()
      var code = "ok"
      if case .failure(let error) = result { code = ConnectionOutcome.failed(error).code ?? "\(error.code)" }
      try vault.auditCheck(connection: connection, generation: credential.generation, actor: actor, result: code)
    }
    ConnectionCheck(instance: self, source: source, call: call, timeout: timeout > 0 ? timeout : 30_000).start(service)
    return call
  }
}

/// One check on its way.
final class ConnectionCheck: Sendable {
  private let source: TokenSource
  private let call: Call
  private let exchange: Exchange
  private let began = Deadline.now

  init(instance: Instance, source: TokenSource, call: Call, timeout: Int64) {
    self.source = source
    self.call = call
    exchange = Exchange(
      source: source, sessions: CSRFSessions(), flight: call.flight, deadline: Deadline(milliseconds: timeout),
      options: Client.Options(connection: source.connection))
  }

  func start(_ service: ServicePath?) {
    guard let service else {
      source.mintAndDiscard(call.flight, deadline: exchange.deadline) { [self] result in
        if case .success = result { source.report(.proven, of: source.current) }
        finish(result.map { $0 }, service: nil)
      }
      return
    }
    exchange.get(service.root, maximumBody: 16 << 20, prefetchesNext: false) { [self] result in
      let outcome = Result<TokenFacts?, S4Error> { () throws(S4Error) in
        let answer = try result.get()
        try exchange.checkJSON(answer, target: service.path)
        return source.lastToken
      }
      finish(outcome, service: service)
    }
  }

  private func finish(_ outcome: Result<TokenFacts?, S4Error>, service: ServicePath?) {
    let elapsed = (Deadline.now &- began) / 1_000_000
    source.finish()
    call.finish(
      outcome.map { token in
        var writer = JSONWriter()
        writer.object { result in
          result.member("connection", source.connection)
          result.member("state", source.current.expiry.workingState(at: .now).rawValue)
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
          result.member("ms", elapsed)
        }
        return .text(writer.text)
      })
  }
}
