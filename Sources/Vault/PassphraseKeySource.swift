// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A passphrase, stretched to a key-encryption key by scrypt with a salt of its own for each version of the key.
package final class PassphraseKeySource: KeySource {
  /// Bytes of a passphrase.
  package static let range = 8...1_024
  /// Keys kept at most: the version in use, and the one before it while a rotation runs, of a few attempts.
  private static let most = 4

  private struct State {
    /// nil after `close`.
    var passphrase: SecretBytes?
    /// What was derived already, the latest last: a derivation takes half a second and 128 MiB.
    var derived: [(parameters: [UInt8], key: SecretBytes)] = []
  }

  private let state: Locked<State>

  package var kindName: String { "passphrase" }

  /// - Parameter passphrase: 8 to 1024 bytes.
  /// - Throws: `.vaultKeyRefused`.
  package init(_ passphrase: SecretBytes) throws(S4Error) {
    guard Self.range ~= passphrase.count else {
      throw S4Error(
        .vaultKeyRefused,
        "the passphrase has \(passphrase.count) bytes: give \(Self.range.lowerBound) to \(Self.range.upperBound)")
    }
    state = Locked(State(passphrase: passphrase))
  }

  package func makeProvider() throws(S4Error) -> (provider: any KeyProvider, parameters: [UInt8]) {
    let parameters = KeyParameters.passphrase(
      salt: try Random.bytes(Scrypt.saltRange.lowerBound), cost: .standard)
    return (LocalKey(try key(parameters)), parameters.bytes)
  }

  package func provider(parameters: [UInt8]) throws(S4Error) -> (any KeyProvider)? {
    let parameters = try KeyParameters(parameters)
    guard case .passphrase = parameters else { return nil }
    return LocalKey(try key(parameters))
  }

  package func close() {
    state.withLock { $0 = State() }
  }

  /// Keys derived so far that are kept.
  var keptCount: Int { state.withLock { $0.derived.count } }

  // The lock is held while scrypt runs: who needs the same key gets it, and two at a time would take twice the memory.
  private func key(_ parameters: KeyParameters) throws(S4Error) -> SecretBytes {
    guard case .passphrase(let salt, let cost) = parameters else {
      throw S4Error(.internalDefect, "a passphrase was given the parameters of another key: please report this")
    }
    return try state.withLock { (state: inout State) throws(S4Error) in
      guard let passphrase = state.passphrase else { throw .closed }
      if let kept = state.derived.first(where: { $0.parameters == parameters.bytes }) { return kept.key }
      let key = try Scrypt.key(from: passphrase, salt: salt, cost: cost)
      if state.derived.count >= Self.most { state.derived.removeFirst() }
      state.derived.append((parameters.bytes, key))
      return key
    }
  }
}
