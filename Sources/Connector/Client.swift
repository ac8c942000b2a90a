// SPDX-License-Identifier: Apache-2.0

import Basics
import HTTP
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

    package init(connection: String) {
      self.connection = connection
    }
  }

  package let instance: Instance
  package let options: Options
  private let credential: Locked<(settings: ConnectionSettings, generation: Int64)>
  private let metadata = Locked<[ServicePath: Metadata]>([:])

  package init(instance: Instance, options: Options) throws(S4Error) {
    try instance.checkUsable()
    let (settings, status) = try instance.openConnection(options.connection)
    self.instance = instance
    self.options = options
    credential = Locked((settings, status.generation))
  }

  /// The credential for an operation that starts now, opened anew where another one was put meanwhile.
  /// - Throws: `credentialExpired` where it was rejected and has not changed, `notFound` where it was deleted.
  func tokenSource() throws(S4Error) -> TokenSource {
    try instance.checkUsable()
    let version = instance.monitor.version(options.connection)
    var status = try instance.vault.status(connection: options.connection)
    var (settings, generation) = credential.withLock { $0 }
    if generation != status.generation {
      (settings, status) = try instance.openConnection(options.connection)
      generation = status.generation
      let fresh = (settings, generation)
      credential.withLock { $0 = fresh }
    }
    try instance.monitor.admit(options.connection, status, asOf: version)
    return TokenSource(
      connection: options.connection, credential: Credential(generation: generation, settings: settings),
      engine: instance.engine, monitor: instance.monitor, mintCount: instance.mintCount, version: options.version)
  }

  /// Whether a token source that an earlier page made still has the credential that counts.
  func isCurrent(_ source: TokenSource) throws(S4Error) -> Bool {
    try instance.checkUsable()
    let version = instance.monitor.version(options.connection)
    let status = try instance.vault.status(connection: options.connection)
    try instance.monitor.admit(options.connection, status, asOf: version)
    return instance.monitor.generation(options.connection, stored: status.generation) == source.generation
  }

  func cachedMetadata(_ service: ServicePath) -> Metadata? {
    metadata.withLock { $0[service] }
  }

  func cache(_ fresh: Metadata, for service: ServicePath) {
    metadata.withLock { $0[service] = fresh }
  }

  func deadline(_ timeout: Int64) -> Deadline {
    Deadline(milliseconds: timeout > 0 ? timeout : options.timeout)
  }
}
