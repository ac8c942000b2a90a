// SPDX-License-Identifier: Apache-2.0

import Basics
import CCurl

/// A server's TLS alert that says what it does not like about the client certificate. Source: RFC 8446 section 6.2.
///
/// libcurl gives it only in its words, "... error:0A000415:SSL routines::...", where the number is OpenSSL's own code:
/// library and reason, and of an alert the reason is 1000 and the alert's number.
struct CertificateAlert: Equatable {
  let name: String

  /// - Returns: nil where no such alert is spoken of.
  init?(_ words: String) {
    guard let code = Self.code(in: words), code >> 23 & 0xFF == Self.library, let name = Self.names[code & 0x7F_FFFF]
    else { return nil }
    self.name = name
  }

  /// Whether a handshake that failed was cut off, and not refused: the other side closed or reset the connection, of
  /// which OpenSSL says so, or nothing.
  static func isCutOff(_ words: String) -> Bool {
    guard let code = code(in: words) else { return true }
    return code >> 23 & 0xFF == library && code & 0x7F_FFFF == UInt32(SSL_R_UNEXPECTED_EOF_WHILE_READING)
  }

  /// OpenSSL's code in libcurl's words; nil where there is none.
  private static func code(in words: String) -> UInt32? {
    let bytes = Array(words.utf8)
    let mark = Array("error:".utf8)
    guard bytes.count >= mark.count + 8,
      let start = (0...bytes.count - mark.count - 8).first(where: { bytes[$0...].starts(with: mark) })
    else { return nil }
    let digits = bytes[(start + mark.count)..<(start + mark.count + 8)]
    return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  /// An alert that came after the handshake was encrypted by the server itself, and so is its word. One that came in the
  /// middle of an older handshake may be anybody's on the way: it must not end a credential.
  func error(_ code: CURLcode, host: String) -> S4Error {
    guard code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR else {
      return S4Error(
        .tlsRefused, "\(host) did not take the client certificate (\(name)): check it and the host", sapCode: name)
    }
    return S4Error(
      .credentialExpired,
      "\(host) rejected the client certificate (\(name)): it is not sent again; put one that the tenant knows",
      outcome: .notProcessed, sapCode: name)
  }

  private static let library: UInt32 = 20
  private static let names: [UInt32: String] = [
    1042: "bad_certificate", 1043: "unsupported_certificate", 1044: "certificate_revoked", 1045: "certificate_expired",
    1046: "certificate_unknown", 1048: "unknown_ca", 1049: "access_denied", 1116: "certificate_required",
  ]
}
