// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets

/// A session that a tenant grants: its CSRF token and its cookies, which belong together. Credentials: in wiped memory
/// alone, as the header lines that libcurl takes, ending with a NUL byte.
/// Source: SAP Gateway, "Cross-Site Request Forgery Protection"; RFC 6265.
package struct SessionGrant: Sendable {
  package let token: SecretBytes
  /// nil: the tenant set none.
  package let cookies: SecretBytes?

  /// The lines that a request of the session carries.
  var lines: [SecretBytes] { [token] + (cookies.map { [$0] } ?? []) }
}

/// Gathers a session from an answer's header lines. What passes its bounds is left out: a session that then does not
/// suffice is refused by the tenant.
struct SessionCollector {
  private static let longestValue = 8 << 10
  private static let mostCookies = 50

  private let host: String
  private var token: SecretBytes?
  private var cookies: [SecretBytes] = []

  /// - Parameter host: that answers; cookies for another one are not kept.
  init(host: String) {
    self.host = host
  }

  /// - Parameter value: of the header `X-CSRF-Token`, without blanks around it.
  mutating func add(token value: UnsafeRawBufferPointer) {
    guard 1...Self.longestValue ~= value.count, value.allSatisfy({ 0x21...0x7E ~= $0 }) else { return }
    var line = SecretBuilder(capacity: value.count + 16)
    line.append("X-CSRF-Token: ")
    line.append(value)
    line.append(0)
    token = line.finish()
  }

  /// - Parameter value: of a header `Set-Cookie`, without blanks around it.
  mutating func add(cookie value: UnsafeRawBufferPointer) {
    let pieces = value.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    guard let pair = pieces.first, 3...Self.longestValue ~= pair.count, pair.allSatisfy({ 0x21...0x7E ~= $0 }),
      let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex
    else { return }
    let name = UnsafeRawBufferPointer(rebasing: pair[...equals])
    // A later cookie of the same name takes the place of the earlier.
    cookies.removeAll { kept in
      kept.withUnsafeBytes { $0.count >= name.count && $0.prefix(name.count).elementsEqual(name) }
    }
    guard cookies.count < Self.mostCookies, pieces.dropFirst().allSatisfy(isKept) else { return }
    cookies.append(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: pair)))
  }

  /// Whether an attribute leaves a cookie for us: none that ends it, none that gives it to another host.
  private func isKept(_ attribute: Slice<UnsafeRawBufferPointer>) -> Bool {
    let text = String(decoding: attribute, as: UTF8.self).lowercased().filter { $0 != " " }
    if text.hasPrefix("domain=") {
      let domain = text.dropFirst("domain=".count).drop { $0 == "." }
      return domain.isEmpty || host == domain || host.hasSuffix("." + domain)
    }
    guard text.hasPrefix("max-age=") else { return true }
    return Int64(text.dropFirst("max-age=".count)).map { $0 > 0 } ?? true
  }

  /// The session, where there is a token.
  var grant: SessionGrant? {
    guard let token else { return nil }
    guard !cookies.isEmpty else { return SessionGrant(token: token, cookies: nil) }
    var line = SecretBuilder(capacity: 1 << 10)
    line.append("Cookie: ")
    for (index, cookie) in cookies.enumerated() {
      if index > 0 { line.append("; ") }
      line.append(cookie)
    }
    line.append(0)
    return SessionGrant(token: token, cookies: line.finish())
  }
}
