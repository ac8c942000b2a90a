// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// An https origin, normalised: `Host` and `host.` and `host:443` are one. What a credential is bound to.
/// Source: RFC 6454 section 4, RFC 3986 section 3.2.
package struct Origin: Hashable, Sendable {
  /// Lower case, without a trailing dot; an IPv6 address without its brackets and in its shortest form.
  package let host: String
  package let port: UInt16
  /// "https://host", with ":port" where it is not 443. Kept, since each request and each record has it.
  package let url: String

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

  // Bytes, not characters: grapheme breaking was a third of the cost of opening a connection (measured).
  private static func split(_ text: String, schemeIsOptional: Bool) throws(Fault) -> (Origin, String) {
    guard !text.isEmpty else { throw .empty }
    let bytes = Array(text.utf8)
    // Nothing that could end a line or hide a part of the URL from a reader has a place in one.
    guard bytes.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") }) else { throw .host }
    var rest = bytes[...]
    if let count = schemeCount(bytes) {
      guard String(decoding: bytes[..<count], as: UTF8.self).lowercased() == "https" else { throw .notHTTPS }
      rest = rest.dropFirst(count + 3)
    } else if !schemeIsOptional {
      throw .notHTTPS
    }
    let authority = rest.prefix {
      $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
    }
    rest = rest.dropFirst(authority.count)
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userInfo }
    return (try Origin(authority: authority), String(decoding: rest, as: UTF8.self))
  }

  /// Bytes in front of "://"; nil where it is not there.
  private static func schemeCount(_ bytes: [UInt8]) -> Int? {
    guard let colon = bytes.firstIndex(of: colon), bytes[colon...].starts(with: "://".utf8) else { return nil }
    return colon
  }

  private init(authority: ArraySlice<UInt8>) throws(Fault) {
    var name = authority
    var digits: ArraySlice<UInt8>? = nil
    if authority.first == UInt8(ascii: "[") {
      guard let close = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
      name = authority[..<close].dropFirst()
      let tail = authority[close...].dropFirst()
      guard tail.isEmpty || tail.first == Self.colon else { throw .host }
      if !tail.isEmpty { digits = tail.dropFirst() }
      guard !name.isEmpty, name.allSatisfy(Self.isAddressByte), name.contains(Self.colon) else { throw .host }
    } else {
      if let colon = authority.firstIndex(of: Self.colon) {
        name = authority[..<colon]
        digits = authority[colon...].dropFirst()
      }
      if name.last == UInt8(ascii: ".") { name = name.dropLast() }
      guard 1...253 ~= name.count, Self.areLabels(name) else { throw .host }
    }
    if let digits {
      guard 1...5 ~= digits.count, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
        let number = UInt16(String(decoding: digits, as: UTF8.self)), number > 0
      else { throw .port }
      port = number
    } else {
      port = 443
    }
    let lower = String(decoding: name, as: UTF8.self).lowercased()
    let isIPv6 = name.contains(Self.colon)
    if isIPv6 || Self.endsInNumber(name) {
      guard let address = Self.address(lower, isIPv6 ? AF_INET6 : AF_INET) else { throw .host }
      host = address
    } else {
      host = lower
    }
    let plain = isIPv6 ? "https://[" + host + "]" : "https://" + host
    url = port == 443 ? plain : plain + ":" + String(port)
  }

  package static func == (left: Origin, right: Origin) -> Bool { left.port == right.port && left.host == right.host }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(host)
    hasher.combine(port)
  }

  private static let colon = UInt8(ascii: ":")

  /// "127.1", "0x7f.1" and "2130706433" are addresses to some and names to others. Source: WHATWG URL, "ends in a number".
  private static func endsInNumber(_ name: ArraySlice<UInt8>) -> Bool {
    let dot = name.lastIndex(of: UInt8(ascii: "."))
    var last = dot.map { name[($0 + 1)...] } ?? name
    let isHex = last.starts(with: "0x".utf8) || last.starts(with: "0X".utf8)
    if isHex { last = last.dropFirst(2) }
    return last.allSatisfy { isHex ? JSONReader.hexValue($0) != nil : UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  /// The one spelling of an address; nil for what is none.
  private static func address(_ text: String, _ family: Int32) -> String? {
    var bytes = [UInt8](repeating: 0, count: 16)
    var name = [UInt8](repeating: 0, count: 64)
    guard inet_pton(family, text, &bytes) == 1 else { return nil }
    let hasName = name.withUnsafeMutableBytes { room in
      inet_ntop(family, bytes, room.baseAddress?.assumingMemoryBound(to: CChar.self), socklen_t(room.count)) != nil
    }
    return hasName ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : nil
  }

  /// Names of 1 to 63 letters, digits, underscores and inner hyphens, with a dot between two.
  private static func areLabels(_ name: ArraySlice<UInt8>) -> Bool {
    let hyphen = UInt8(ascii: "-")
    let dot = UInt8(ascii: ".")
    var count = 0
    var last = dot
    for byte in name {
      if byte == dot {
        guard 1...63 ~= count, last != hyphen else { return false }
        count = 0
      } else {
        guard isLabelByte(byte), count > 0 || byte != hyphen else { return false }
        count += 1
      }
      last = byte
    }
    return 1...63 ~= count && last != hyphen
  }

  private static func isLabelByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isAddressByte(_ byte: UInt8) -> Bool {
    JSONReader.hexValue(byte) != nil || byte == colon || byte == UInt8(ascii: ".")
  }
}
