// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL

#if canImport(Glibc)
  import Glibc
#endif

/// Looks at a client certificate and its key before they are stored: mistakes come to light while a person is there to
/// mend them, and not with the first handshake.
enum CertificateJudge {
  typealias Facts = (subject: String, notAfter: Timestamp)

  static func judge(chain: SecretBytes, key: SecretBytes) throws(S4Error) -> Facts {
    OpenSSLRuntime.start()
    // The queue belongs to the thread, and so to the host: what the host left there must not be taken for ours, and
    // ours must not be left for the host.
    ERR_clear_error()
    defer { ERR_clear_error() }
    try checkSize(chain, ClientCertificate.largestChain, certificateName)
    try checkSize(key, ClientCertificate.largestKey, keyName)
    guard !chain.holds("PRIVATE KEY-----") else {
      throw .invalidArgument(certificateName, "holds a private key: give certificates alone, and the key in client_key")
    }
    let privateKey = try PrivateKey(key)
    let pair = privateKey.pair
    // It is wiped when all is judged, and not before.
    defer { withExtendedLifetime(privateKey) {} }
    return try chain.withUnsafeBytes { (bytes) throws(S4Error) in
      let input = try MemoryBIO(reading: bytes)
      guard let own = try nextCertificate(input, number: 1) else {
        throw .invalidArgument(
          certificateName,
          "holds no certificate in PEM form: give the text from -----BEGIN CERTIFICATE----- on (a .p12 or .pfx file "
            + "becomes such with: openssl pkcs12 -in FILE -nodes)")
      }
      defer { X509_free(own) }
      var other: Int?
      var number = 2
      while let certificate = try nextCertificate(input, number: number) {
        if other == nil, X509_check_private_key(certificate, pair) == 1 { other = number }
        X509_free(certificate)
        number += 1
      }
      guard X509_check_private_key(own, pair) == 1 else {
        if let other {
          throw .invalidArgument(
            certificateName, "its certificate number \(other) is the one of client_key: put that one first")
        }
        throw .invalidArgument(keyName, "is not the key of client_certificate: give the two that belong together")
      }
      return (try subject(of: own), try notAfter(of: own))
    }
  }

  private static let certificateName = "client_certificate"
  private static let keyName = "client_key"

  private static func checkSize(_ text: SecretBytes, _ limit: Int, _ name: String) throws(S4Error) {
    guard 1...limit ~= text.count else {
      throw .invalidArgument(
        name, text.count == 0 ? "is empty" : "has \(text.count) bytes, and at most \(limit) are taken")
    }
  }

  /// - Returns: nil at the end.
  private static func nextCertificate(_ input: borrowing MemoryBIO, number: Int) throws(S4Error) -> OpaquePointer? {
    if let certificate = PEM_read_bio_X509(input.bio, nil, { _, _, _, _ in -1 }, nil) { return certificate }
    guard askel_error_is_no_start_line(ERR_peek_last_error()) != 0 else {
      throw .invalidArgument(certificateName, "its certificate number \(number) is damaged: give the whole PEM text")
    }
    ERR_clear_error()
    return nil
  }

  private static func subject(of certificate: OpaquePointer) throws(S4Error) -> String {
    let output = try MemoryBIO()
    guard askel_x509_name_print(output.bio, X509_get_subject_name(certificate)) >= 0 else {
      throw .invalidArgument(certificateName, "its subject cannot be read: look at how it was issued")
    }
    var line = ""
    for scalar in output.text(limit: 4 * ClientCertificate.longestSubject).unicodeScalars {
      let isControl = scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value || 0x2028...0x2029 ~= scalar.value
      let shown = isControl ? "?" : scalar
      guard line.utf8.count + UTF8.width(shown) <= ClientCertificate.longestSubject else { break }
      line.unicodeScalars.append(shown)
    }
    return line
  }

  private static func notAfter(of certificate: OpaquePointer) throws(S4Error) -> Timestamp {
    var time = tm()
    guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 else {
      throw .invalidArgument(certificateName, "its end (notAfter) cannot be read: look at how it was issued")
    }
    // Within 0000 and 9999, as ASN.1 has four digits: nothing here can overflow.
    let days = Timestamp.days(
      year: Int64(time.tm_year) &+ 1_900, month: Int64(time.tm_mon) &+ 1, day: Int64(time.tm_mday))
    let seconds = (Int64(time.tm_hour) &* 60 &+ Int64(time.tm_min)) &* 60 &+ Int64(time.tm_sec)
    return Timestamp(milliseconds: (days &* 86_400 &+ seconds) &* 1_000)
  }
}

extension SecretBytes {
  /// Says whether a constant text stands in these bytes, without making a `String` of them.
  fileprivate func holds(_ text: StaticString) -> Bool {
    withUnsafeBytes { bytes in
      let sought = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      guard bytes.count >= sought.count else { return false }
      return (0...bytes.count - sought.count).contains { bytes[$0...].starts(with: sought) }
    }
  }
}
