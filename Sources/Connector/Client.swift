// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
import OAuth
import OData
import Vault

/// One connection, open for work. Shareable between threads.
package final class Client: Sendable {
  package struct Options: Sendable {
    package var connection: String
    package var version: HTTPRequest.Version = .http11
    package var maximumAnswer = 256 << 20
    package var language = "en"
    package var timeout: Int64 = 60_000
    /// Retries of a request, at most: see `RetryRule`.
    package var retries = RetryRule.usualLimit
    package var mintPolicy = MintPolicy.perRequest

    package init(connection: String) {
      self.connection = connection
    }
  }

  package let instance: Instance
  package let options: Options
  private let opened: Locked<Opened>
  let sessions = CSRFSessions()
  private let metadata = Locked<[ServicePath: Metadata]>([:])

  /// The credentials as they were opened last.
  private struct Opened: Sendable {
    var live: Credential
    /// Proven, and ready to take over; nil where there is none.
    var standby: Credential?
  }

  package init(instance: Instance, options: Options) throws(S4Error) {
    try instance.checkUsable()
    self.instance = instance
    self.options = options
    opened = Locked(try Self.open(options.connection, instance).credentials)
  }

  /// The credential for an operation that starts now, opened anew where another one was put meanwhile.
  /// - Throws: `credentialExpired` where it was rejected and has not changed, `notFound` where it was deleted.
  func tokenSource() throws(S4Error) -> TokenSource {
    try instance.checkUsable()
    let version = instance.monitor.version(options.connection)
    var status = try instance.vault.status(connection: options.connection)
    var credentials = opened.withLock { $0 }
    let standby = status.canFallOver ? status.beside?.generation : nil
    if credentials.live.generation != status.live.generation || credentials.standby?.generation != standby {
      let (fresh, now) = try Self.open(options.connection, instance)
      (credentials, status) = (fresh, now)
      opened.withLock { $0 = fresh }
    }
    try instance.monitor.admit(
      options.connection, status.live, asOf: version, standby: credentials.standby?.generation)
    return TokenSource(
      connection: options.connection, credential: credentials.live, standby: credentials.standby,
      engine: instance.engine, monitor: instance.monitor, mints: instance.mints, version: options.version,
      retries: options.retries, policy: options.mintPolicy)
  }

  /// Whether a token source that an earlier page made still has the credential that counts.
  func isCurrent(_ source: TokenSource) throws(S4Error) -> Bool {
    try instance.checkUsable()
    let version = instance.monitor.version(options.connection)
    let status = try instance.vault.status(connection: options.connection)
    try instance.monitor.admit(
      options.connection, status.live, asOf: version, standby: status.canFallOver ? status.beside?.generation : nil)
    return instance.monitor.generation(options.connection, stored: status.live.generation) == source.generation
  }

  private static func open(
    _ connection: String, _ instance: Instance
  ) throws(S4Error) -> (credentials: Opened, status: ConnectionStatus) {
    let opened = try instance.vault.open(connection: connection)
    var credentials = Opened(live: try Credential(opened.status.live, opened.live))
    if let status = opened.status.beside, opened.status.canFallOver, let record = opened.beside {
      credentials.standby = try Credential(status, record)
    }
    return (credentials, opened.status)
  }

  func cachedMetadata(_ service: ServicePath) -> Metadata? {
    metadata.withLock { $0[service] }
  }

  func cache(_ fresh: Metadata, for service: ServicePath) {
    metadata.withLock { $0[service] = fresh }
  }

  func exchange(_ source: TokenSource, _ call: Call, timeout: Int64, trace: TraceParent?) -> Exchange {
    Exchange(
      source: source, sessions: sessions, flight: call.flight, deadline: deadline(timeout), options: options,
      trace: trace)
  }

  private func deadline(_ timeout: Int64) -> Deadline {
    Deadline(milliseconds: timeout > 0 ? timeout : options.timeout)
  }
}
