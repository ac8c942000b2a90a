// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// One request to one origin. The credential in it goes to that origin and nowhere else: redirects are not followed.
package struct HTTPRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    /// OData V2's PATCH.
    case merge = "MERGE"
    case delete = "DELETE"
  }
  package enum Version: Sendable { case http11, http2 }

  /// What a request is called where it is told of.
  package struct Label: Sendable {
    package var connection = ""
    /// Sent with it; the same for each attempt.
    package var id = ""
    /// Its place in the product's own trace; nil where the product named none.
    package var trace: String?
    /// 1 for the first.
    package var attempt: UInt32 = 1

    package init() {}
  }

  package var method: Method
  package var origin: Origin
  /// Path and query, percent-encoded, beginning with "/".
  package var target: String
  /// Header lines without the credential: "Accept: application/json".
  package var headers: [String]
  /// The whole Authorization header line, ending with a NUL byte for libcurl.
  package var authorization: SecretBytes?
  /// What the client shows in the TLS handshake; nil: nothing. Requests with different ones share no connection and no
  /// TLS session either.
  package var certificate: ClientCertificate?
  /// Names the credential, or whose it is: requests with different ones share no connection and no TLS session.
  package var identity = ""
  /// The session that a write belongs to.
  package var session: SessionGrant?
  /// Form body of a POST, which holds a secret.
  package var body: SecretBytes?
  /// A body that holds none.
  package var payload: Body?
  package var deadline: Deadline
  package var trust: Trust
  package var version: Version = .http11
  /// Largest body in bytes after decompression.
  package var maximumBody: Int
  /// The answer holds a credential (a token): its body is wiped when it goes.
  package var isAnswerSecret = false
  /// The answer goes to the product as it came, and not only what OData says of it.
  package var isAnswerHandedOn = false
  /// The answer's CSRF token and cookies are wanted.
  package var wantsSession = false
  /// What the credential in it has to wait for; nil: nothing.
  package var turn: Turn?
  package var label = Label()

  package init(
    _ method: Method, _ origin: Origin, _ target: String, headers: [String], deadline: Deadline, trust: Trust,
    maximumBody: Int
  ) {
    self.method = method
    self.origin = origin
    self.target = target
    self.headers = headers
    self.deadline = deadline
    self.trust = trust
    self.maximumBody = maximumBody
  }
}

/// Whom a connection talks to: whose certificates count, and whether addresses inside a network do.
package struct Trust: Hashable, Sendable {
  /// PEM of the certificate authorities that count instead of the system's; empty: the system's.
  package var certificateAuthorities: [UInt8]
  /// Hosts whose names may resolve to private, loopback or link-local addresses.
  package var allowedHosts: [String]

  package init(certificateAuthorities: [UInt8] = [], allowedHosts: [String] = []) {
    self.certificateAuthorities = certificateAuthorities
    self.allowedHosts = allowedHosts
  }
}
