// SPDX-License-Identifier: Apache-2.0

import Basics

/// Where the next page is, as the page before says: opaque, bound to the connection's origin.
package enum NextLink {
  private static let maximumSize = 64 << 10

  /// Resolves a next link. Its query stays as it is, byte for byte; only bytes that no URL may hold are encoded.
  /// - Parameters:
  ///   - link: absolute, from the host's root ("/sap/…"), from the service root ("A_SalesOrder?$skiptoken=…"), or a
  ///     query alone ("?$skiptoken=…").
  ///   - requestTarget: path and query of the request whose answer brought the link.
  ///   - origin: the only one that the connection's credential may go to.
  /// - Returns: path and query for the next request.
  /// - Throws: `.originRefused`, target the foreign host; `.malformedAnswer` for what is no link.
  /// - Source: RFC 3986 section 5; KBA 3072317 for the relative form with %24skiptoken.
  package static func resolve(
    _ link: String, service: ServicePath, requestTarget: String, origin: Origin
  ) throws(S4Error) -> String {
    guard !link.isEmpty else { throw refusal("it is empty") }
    guard link.utf8.count <= maximumSize else { throw refusal("it has \(link.utf8.count) bytes") }
    let text = PercentEncoding.encodeNonASCII(link)
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else {
      throw refusal("it has a space, a backslash or a control character")
    }
    let withoutFragment = text.prefix { $0 != "#" }
    let target = try locate(withoutFragment, service: service, requestTarget: requestTarget, origin: origin)
    let path = target.prefix { $0 != "?" }
    guard path.hasPrefix("/"), !path.hasPrefix("//"), !hasDotSegment(path) else {
      throw refusal("its path has an empty or dotted segment")
    }
    return target
  }

  private static func locate(
    _ text: Substring, service: ServicePath, requestTarget: String, origin: Origin
  ) throws(S4Error) -> String {
    if hasScheme(text) { return try withinOrigin(text, origin: origin) }
    // A link without a scheme that names a host is foreign even where it names ours: no service writes it.
    if text.hasPrefix("//") { throw foreign(host: text.dropFirst(2).prefix { $0 != "/" && $0 != "?" }, origin: origin) }
    if text.hasPrefix("/") { return String(text) }
    if text.hasPrefix("?") { return String(requestTarget.prefix { $0 != "?" }) + text }
    guard !text.isEmpty else { throw refusal("it is a fragment alone") }
    return service.root + text
  }

  private static func withinOrigin(_ text: Substring, origin: Origin) throws(S4Error) -> String {
    let (found, rest): (Origin, String)
    do {
      (found, rest) = try Origin.split(url: String(text))
    } catch {
      let authority = text.drop { $0 != ":" }.drop { $0 == ":" || $0 == "/" }.prefix { $0 != "/" && $0 != "?" }
      // What stands before "@" may be a secret.
      throw foreign(host: authority.split(separator: "@").last ?? "", origin: origin, isHTTPS: error != .notHTTPS)
    }
    guard found == origin else { throw foreign(host: Substring(found.url.dropFirst(8)), origin: origin) }
    return rest.hasPrefix("/") ? rest : "/" + rest
  }

  /// Source: RFC 3986 section 3.1.
  private static func hasScheme(_ text: Substring) -> Bool {
    guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
    let scheme = text.utf8[..<colon]
    guard let first = scheme.first, isLetter(first) else { return false }
    return scheme.allSatisfy { byte in
      isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
  }

  /// Says whether a segment is "." or "..", also where dots and slashes are percent-encoded or a parameter (";")
  /// follows: some server on the way decodes, and then the path is another one than was read here.
  private static func hasDotSegment(_ path: Substring) -> Bool {
    var dots = 0
    var isDotted = true
    var rest = path.utf8[...]
    while let byte = rest.popFirst() {
      switch decoded(byte, &rest) {
      case UInt8(ascii: "/"), UInt8(ascii: "\\"):
        if isDotted, 1...2 ~= dots { return true }
        dots = 0
        isDotted = true
      case UInt8(ascii: ";"):
        if isDotted, 1...2 ~= dots { return true }
        isDotted = false
      case UInt8(ascii: "."): dots &+= 1
      default: isDotted = false
      }
    }
    return isDotted && 1...2 ~= dots
  }

  /// Gives the byte that a percent sign stands for where that is a dot, a slash or a backslash.
  private static func decoded(_ byte: UInt8, _ rest: inout Substring.UTF8View.SubSequence) -> UInt8 {
    guard byte == UInt8(ascii: "%") else { return byte }
    let meaning: UInt8
    switch rest.prefix(2).map({ $0 | 0x20 }) {
    case [UInt8(ascii: "2") | 0x20, UInt8(ascii: "e")]: meaning = UInt8(ascii: ".")
    case [UInt8(ascii: "2") | 0x20, UInt8(ascii: "f")]: meaning = UInt8(ascii: "/")
    case [UInt8(ascii: "5") | 0x20, UInt8(ascii: "c")]: meaning = UInt8(ascii: "\\")
    default: return byte
    }
    rest = rest.dropFirst(2)
    return meaning
  }

  private static func foreign(host: Substring, origin: Origin, isHTTPS: Bool = true) -> S4Error {
    let what = isHTTPS ? "points to" : "is no https link and points to"
    return S4Error(
      .originRefused,
      "the next link \(what) \(MessageText.quoted(host, limit: 100)), and this connection's origin is \(origin.url); "
        + "nothing was sent there: check what stands between here and the tenant",
      outcome: .notSent, target: MessageText.line(host, limit: 253))
  }

  private static func refusal(_ message: String) -> S4Error {
    .malformedAnswer("the page's next link cannot be followed: \(message); the read cannot go on", target: "__next")
  }
}
