// SPDX-License-Identifier: Apache-2.0

/// An https origin, normalised: `Host` and `host.` and `host:443` are one. What a credential is bound to.
/// Source: RFC 6454 section 4, RFC 3986 section 3.2.
package struct Origin: Hashable, Sendable {
  /// Lower case, without a trailing dot; an IPv6 address without its brackets.
  package let host: String
  package let port: UInt16

  /// Why a text is no https origin.
  package enum Fault: Error, Equatable, Sendable {
    case notHTTPS, userInfo, path, port, host, empty
  }

  /// Reads a host as a person pastes it: "host", "host:port" or "https://host:port", and nothing behind it.
  package init(pasted text: String) throws(Fault) {
    let (origin, rest) = try Self.split(text, schemeIsOptional: true)
    guard rest.isEmpty else { throw .path }
    self = origin
  }

  /// Splits an absolute https URL into its origin and the rest ("/path?query", or "" where nothing follows).
  package static func split(url text: String) throws(Fault) -> (origin: Origin, rest: String) {
    try split(text, schemeIsOptional: false)
  }

  /// "https://host", with ":port" where it is not 443.
  package var url: String {
    let name = host.utf8.contains(UInt8(ascii: ":")) ? "[" + host + "]" : host
    return "https://" + name + (port == 443 ? "" : ":" + String(port))
  }

  private static func split(_ text: String, schemeIsOptional: Bool) throws(Fault) -> (Origin, String) {
    guard !text.isEmpty else { throw .empty }
    // Nothing that could end a line or hide a part of the URL from a reader has a place in one.
    guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") }) else { throw .host }
    var rest = text[...]
    if let scheme = Self.scheme(of: text) {
      guard scheme == "https" else { throw .notHTTPS }
      rest = rest.dropFirst(scheme.utf8.count + 3)
    } else if !schemeIsOptional {
      throw .notHTTPS
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    rest = rest.dropFirst(authority.count)
    guard !authority.contains("@") else { throw .userInfo }
    return (try Origin(authority: authority), String(rest))
  }

  private static func scheme(of text: String) -> String? {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
    return text[..<colon].lowercased()
  }

  private init(authority: Substring) throws(Fault) {
    var name = authority
    var digits: Substring? = nil
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw .host }
      name = authority[authority.index(after: authority.startIndex)..<close]
      let tail = authority[authority.index(after: close)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { throw .host }
      if tail.hasPrefix(":") { digits = tail.dropFirst() }
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isAddressByte), name.contains(":") else { throw .host }
    } else {
      if let colon = authority.firstIndex(of: ":") {
        name = authority[..<colon]
        digits = authority[authority.index(after: colon)...]
      }
      if name.hasSuffix(".") { name = name.dropLast() }
      guard 1...253 ~= name.utf8.count, Self.areLabels(name) else { throw .host }
    }
    if let digits {
      guard 1...5 ~= digits.utf8.count, digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
        let number = UInt16(digits), number > 0
      else { throw .port }
      port = number
    } else {
      port = 443
    }
    host = name.lowercased()
  }

  private static func areLabels(_ name: Substring) -> Bool {
    name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      1...63 ~= label.utf8.count && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
  }

  private static func isAddressByte(_ byte: UInt8) -> Bool {
    JSONReader.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
  }
}
