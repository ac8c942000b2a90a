// SPDX-License-Identifier: Apache-2.0

import Basics

/// A client certificate with its chain and its private key, as TLS shows them to a server.
/// Source: RFC 5280 (certificates), RFC 7468 (PEM), RFC 8446 section 4.4.2 (the client's first).
package struct ClientCertificate: Sendable {
  /// PEM: the client's own certificate first, then those that lead to its authority. No secret, but its memory has to
  /// stay where it is while libcurl reads it.
  package let chain: SecretBytes
  /// PEM of the private key, not encrypted.
  package let key: SecretBytes
  /// Whose it is, on one line: "CN=nordvik,O=Nordvik AG". At most `longestSubject` bytes, no control characters.
  package let subject: String
  /// After this moment no server takes it (notAfter).
  package let notAfter: Timestamp

  /// Bytes of the largest chain and key.
  package static let largestChain = 64 << 10
  package static let largestKey = 16 << 10
  /// Bytes of the longest subject that is shown.
  package static let longestSubject = 512

  /// Judges what the product gave.
  /// - Throws: `.invalidArgument` that names `client_certificate` or `client_key` and says what to do; `.hostUnfit`.
  package init(chain: SecretBytes, key: SecretBytes) throws(S4Error) {
    defer { SecretMemory.wipeStack() }
    let facts = try CertificateJudge.judge(chain: chain, key: key)
    self.init(judged: chain, key: key, subject: facts.subject, notAfter: facts.notAfter)
  }

  /// Takes what was judged before: a sealed record.
  package init(judged chain: SecretBytes, key: SecretBytes, subject: String, notAfter: Timestamp) {
    self.chain = chain
    self.key = key
    self.subject = subject
    self.notAfter = notAfter
  }
}
