// SPDX-License-Identifier: Apache-2.0

import Basics
import OData
import Secrets

/// Parsed `$metadata`, shared by the clients of an instance: tenants of one release say the same, and a product has
/// hundreds of them.
final class MetadataShelf: Sendable {
  /// Documents that are remembered; beyond that the shelf begins anew, and clients keep what they have.
  private static let most = 64

  private struct State {
    var parsed = TextMap<Metadata>()
    var count = 0
  }

  private let state = Locked(State())

  /// Parses a document, or gives what was made of the same before.
  /// - Parameter host: that the document came from; where the document names it is all that may differ.
  func metadata(_ document: UnsafeRawBufferPointer, from host: String) throws(S4Error) -> Metadata {
    let name = Self.without(host, document).withUnsafeBytes { SHA256.hex($0) }
    if let known = state.withLock({ $0.parsed[name] }) { return known }
    let fresh = try Metadata.parse(document)
    state.withLock { state in
      if state.count >= Self.most { state = State() }
      state.parsed[name] = fresh
      state.count += 1
    }
    return fresh
  }

  /// The document with a NUL byte, which no XML holds, in each place where "//host" stands: `atom:link` names it.
  private static func without(_ host: String, _ document: UnsafeRawBufferPointer) -> [UInt8] {
    let sought = Array("//".utf8) + host.utf8
    var kept: [UInt8] = []
    kept.reserveCapacity(document.count)
    var rest = document
    while let byte = rest.first {
      let isHost = byte == sought[0] && rest.starts(with: sought)
      kept.append(isHost ? 0 : byte)
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(isHost ? sought.count : 1))
    }
    return kept
  }
}
