// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif

/// Where a host is, as its name resolved.
struct Addresses: Equatable, Sendable {
  /// As CURLOPT_RESOLVE takes them: "192.0.2.1,[2001:db8::1]".
  private(set) var text = ""
  /// None of them is inside a private network.
  private(set) var arePublic = true

  private static let most = 16

  /// "localhost" and what stands below it is this machine, and nobody is asked. Source: RFC 6761 section 6.3.
  static let loopback: Addresses = {
    var addresses = Addresses()
    addresses.text = "127.0.0.1,[::1]"
    addresses.arePublic = false
    return addresses
  }()

  /// Takes what getaddrinfo found.
  /// - Returns: nil where nothing of it is an address to connect to.
  init?(_ found: UnsafeMutablePointer<addrinfo>?) {
    var next = found
    var count = 0
    while let entry = next?.pointee, count < Self.most {
      next = entry.ai_next
      guard let address = entry.ai_addr else { continue }
      let raw = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
      guard let bytes = Self.bytes(entry.ai_family, raw) else { continue }
      // A link-local one means something together with its interface alone, which libcurl cannot be told.
      if bytes.count == 16, raw.count >= 28, raw[24..<28].contains(where: { $0 != 0 }) { continue }
      var name = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      guard inet_ntop(entry.ai_family, bytes, &name, socklen_t(name.count)) != nil else { continue }
      let shown = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if !text.isEmpty { text += "," }
      text += bytes.count == 16 ? "[" + shown + "]" : shown
      arePublic = arePublic && AddressRule.isPublic(bytes)
      count += 1
    }
    guard count > 0 else { return nil }
  }

  private init() {}

  /// The address in a socket's: 4 or 16 bytes in network order; nil for another family.
  static func bytes(_ family: Int32, _ raw: UnsafeRawBufferPointer) -> [UInt8]? {
    // sockaddr_in: 4 bytes at 4; sockaddr_in6: 16 bytes at 8.
    switch family {
    case AF_INET where raw.count >= 8: Array(raw[4..<8])
    case AF_INET6 where raw.count >= 24: Array(raw[8..<24])
    default: nil
    }
  }
}
