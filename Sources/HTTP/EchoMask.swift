// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#endif
import Secrets

/// Blots out what a request showed for itself where an answer repeats it: a proxy's page that lists the request's headers
/// would carry a token into messages and logs, and a service that tells what it was asked would hand it to the product.
enum EchoMask {
  /// Shorter pieces are no secrets, and could stand in any text.
  private static let shortest = 8

  /// The pieces of a request that must not come back: the value of each secret header, each cookie's, and each value of
  /// a secret form.
  /// - Parameter inSession: those of its CSRF session too.
  static func pieces(of request: HTTPRequest, inSession: Bool = true) -> [SecretBytes] {
    var pieces: [SecretBytes] = []
    func add(_ part: Slice<UnsafeRawBufferPointer>) {
      guard part.count >= shortest else { return }
      pieces.append(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: part)))
    }
    for line in [request.authorization].compactMap({ $0 }) + (inSession ? request.session?.lines ?? [] : []) {
      line.withUnsafeBytes { bytes in
        // Behind the name, and of a credential behind its scheme.
        for word in bytes.dropLast().split(separator: UInt8(ascii: " ")).dropFirst() {
          add(word)
          if let equals = word.firstIndex(of: UInt8(ascii: "=")) {
            add(word[word.index(after: equals)...].prefix { $0 != UInt8(ascii: ";") })
          }
        }
      }
    }
    request.body?.withUnsafeBytes { bytes in
      for field in bytes.split(separator: UInt8(ascii: "&")) {
        if let equals = field.firstIndex(of: UInt8(ascii: "=")) { add(field[field.index(after: equals)...]) }
      }
    }
    return pieces
  }

  /// Overwrites each place where a piece stands in the bytes, also as JSON writes it ("\/").
  static func blot(_ pieces: [SecretBytes], in bytes: UnsafeMutableRawBufferPointer) {
    for piece in pieces {
      piece.withUnsafeBytes { plain in
        blot(plain, in: bytes)
        guard plain.contains(UInt8(ascii: "/")) else { return }
        var escaped = SecretBuilder(capacity: 2 * plain.count)
        for byte in plain {
          if byte == UInt8(ascii: "/") { escaped.append(UInt8(ascii: "\\")) }
          escaped.append(byte)
        }
        escaped.finish().withUnsafeBytes { blot($0, in: bytes) }
      }
    }
  }

  private static func blot(_ piece: UnsafeRawBufferPointer, in bytes: UnsafeMutableRawBufferPointer) {
    guard let sought = piece.baseAddress, let first = piece.first, var place = bytes.baseAddress else { return }
    let end = place + bytes.count
    while end - place >= piece.count, let found = memchr(place, Int32(first), end - place - piece.count + 1) {
      let isThere = memcmp(found, sought, piece.count) == 0
      if isThere { memset(found, Int32(UInt8(ascii: "*")), piece.count) }
      place = found + (isThere ? piece.count : 1)
    }
  }
}

extension Body {
  /// For the I/O thread, before the answer is handed over.
  func blot(_ pieces: [SecretBytes]) {
    EchoMask.blot(pieces, in: UnsafeMutableRawBufferPointer(mutating: bytes))
  }
}
