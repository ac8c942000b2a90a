// SPDX-License-Identifier: Apache-2.0

/// What the credential beside the live one is there for. The raw values stand in the product's JSON.
package enum BesideRole: String, Sendable {
  /// To take over once it is proven.
  case staged
  /// It was the live one until another was promoted.
  case former
}

/// How a connection stands: its live credential, and the one beside it.
package struct ConnectionStatus: Equatable, Sendable {
  package let id: String
  package var live: CredentialStatus
  package var beside: CredentialStatus?
  /// nil exactly where `beside` is.
  package var besideRole: BesideRole?

  /// The credential beside the live one can take over by itself: it was staged, proven, and not rejected since.
  package var canFallOver: Bool { besideRole == .staged && (beside?.isProven ?? false) }
}
