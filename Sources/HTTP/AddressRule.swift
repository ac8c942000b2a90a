// SPDX-License-Identifier: Apache-2.0

/// Which addresses a tenant may have. A name that resolves into our own network would turn a pasted URL into a probe
/// of it, with a credential attached. Source: IANA special-purpose address registries (RFC 6890 and successors).
package enum AddressRule {
  /// - Parameter bytes: 4 or 16 bytes in network order.
  package static func isPublic(_ bytes: [UInt8]) -> Bool {
    switch bytes.count {
    case 4: isPublicIPv4(bytes)
    case 16: isPublicIPv6(bytes)
    default: false
    }
  }

  private static func isPublicIPv4(_ byte: [UInt8]) -> Bool {
    switch (byte[0], byte[1], byte[2]) {
    case (0, _, _), (10, _, _), (127, _, _): false
    case (100, 64...127, _): false  // carrier-grade NAT
    case (169, 254, _): false  // link-local, cloud metadata services
    case (172, 16...31, _), (192, 168, _): false
    case (192, 0, 0), (192, 0, 2), (192, 88, 99): false
    case (198, 18...19, _), (198, 51, 100), (203, 0, 113): false
    case (224...255, _, _): false  // multicast, reserved, broadcast
    default: true
    }
  }

  private static func isPublicIPv6(_ byte: [UInt8]) -> Bool {
    let head = byte[0..<12]
    // IPv4 in IPv6 clothes (mapped, compatible, NAT64) is judged as what it is.
    if head.allSatisfy({ $0 == 0 }) || (head.prefix(10).allSatisfy { $0 == 0 } && byte[10] == 0xFF && byte[11] == 0xFF)
      || Array(head) == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
    {
      return isPublicIPv4(Array(byte[12..<16]))
    }
    if byte[0] == 0x20 && byte[1] == 0x02 { return isPublicIPv4(Array(byte[2..<6])) }  // 6to4
    if byte[0] == 0x20 && byte[1] == 0x01 && byte[2] < 2 { return false }  // Teredo and protocol assignments
    if byte[0] == 0x20 && byte[1] == 0x01 && byte[2] == 0x0D && byte[3] == 0xB8 { return false }  // documentation
    // Only 2000::/3 is given out; fc00::/7, fe80::/10, ff00::/8 and ::/128 are not in it.
    return byte[0] & 0xE0 == 0x20
  }
}
