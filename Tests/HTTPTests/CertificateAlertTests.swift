// SPDX-License-Identifier: Apache-2.0

import Basics
import CCurl
import Testing

@testable import HTTP

@Suite struct CertificateAlertTests {
  @Test func alertIsReadFromItsNumberAlone() {
    let words = "OpenSSL SSL_read: error:0A000415:SSL routines::sslv3 alert certificate expired, errno 0"
    #expect(CertificateAlert(words)?.name == "certificate_expired")
    #expect(CertificateAlert("error:0A00045C:whatever")?.name == "certificate_required")
    #expect(CertificateAlert("error:0A000418")?.name == "unknown_ca")
  }

  @Test func whatIsNoAlertOfACertificateIsNone() {
    for words in [
      "", "error:", "error:0A00041", "error:0A000126:SSL routines::unexpected eof while reading", "error:0A000410",
      "error:0B000415", "error:XXXXXXXX", "certificate expired", "erroré:0A000415",
    ] { #expect(CertificateAlert(words) == nil, "\(words)") }
  }

  @Test func onlyAnEncryptedAlertEndsACredential() throws {
    let alert = try #require(CertificateAlert("error:0A000415"))
    #expect(alert.error(CURLE_RECV_ERROR, host: "h").code == .credentialExpired)
    #expect(alert.error(CURLE_SSL_CONNECT_ERROR, host: "h").code == .tlsRefused)
  }

  @Test func aHandshakeThatWasCutOffIsNoRefusal() {
    for words in [
      "", "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:443 ",
      "OpenSSL SSL_connect: Connection reset by peer in connection to h:443 ",
      "error:0A000126:SSL routines::unexpected eof while reading",
    ] {
      #expect(CertificateAlert.isCutOff(words), "\(words)")
    }
    for words in [
      "error:0A000410:SSL routines::sslv3 alert handshake failure",
      "error:0A00010B:SSL routines::wrong version number", "error:0A000102:SSL routines::unsupported protocol",
      "error:00000126:lib(0)::reason(294)",
    ] {
      #expect(!CertificateAlert.isCutOff(words), "\(words)")
    }
  }
}
