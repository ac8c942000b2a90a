// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL
import TestSupport
import Testing

@testable import Secrets

@Suite struct PrivateKeyTests {
  private func text(_ pem: String) -> SecretBytes { SecretBytes(copying: Array(pem.utf8)) }

  /// What OpenSSL's command line makes of a fresh key.
  private enum Form: CaseIterable { case pkcs8, traditional, withoutPublicKey }

  private func generate(_ kind: String, _ group: String?) throws -> OpaquePointer {
    let context = try #require(EVP_PKEY_CTX_new_from_name(nil, kind, nil))
    defer { EVP_PKEY_CTX_free(context) }
    #expect(EVP_PKEY_keygen_init(context) == 1)
    if let group { #expect(EVP_PKEY_CTX_set_group_name(context, group) == 1) }
    var pair: OpaquePointer?
    #expect(EVP_PKEY_generate(context, &pair) == 1)
    return try #require(pair)
  }

  private func pem(_ pair: OpaquePointer, _ form: Form) throws -> String {
    let output = try MemoryBIO()
    if form == .withoutPublicKey { EVP_PKEY_set_int_param(pair, "include-public", 0) }
    let code =
      form == .traditional
      ? PEM_write_bio_PrivateKey_traditional(output.bio, pair, nil, nil, 0, nil, nil)
      : PEM_write_bio_PrivateKey(output.bio, pair, nil, nil, 0, nil, nil)
    #expect(code == 1)
    return output.text(limit: 1 << 16)
  }

  /// Whether what one key signs is the other's signature.
  private func signs(_ own: OpaquePointer, for other: OpaquePointer, digest: String?) -> Bool {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    let message = [UInt8]("a handshake".utf8)
    var signature = [UInt8](repeating: 0, count: 1_024)
    var count = signature.count
    guard EVP_DigestSignInit_ex(context, nil, digest, nil, nil, own, nil) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    else { return false }
    let judge = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(judge) }
    return EVP_DigestVerifyInit_ex(judge, nil, digest, nil, nil, other, nil) == 1
      && EVP_DigestVerify(judge, signature, count, message, message.count) == 1
  }

  @Test(
    arguments: [
      ("RSA", nil), ("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"), ("EC", "brainpoolP256r1"), ("ED25519", nil),
      ("ED448", nil),
    ] as [(String, String?)])
  func keyIsTheOneThatOpenSSLWrote(kind: String, group: String?) throws {
    let pair = try generate(kind, group)
    defer { EVP_PKEY_free(pair) }
    for form in kind == "EC" ? Form.allCases : kind == "RSA" ? [.pkcs8, .traditional] : [.pkcs8] {
      let key = try PrivateKey(text(try pem(pair, form)))
      #expect(EVP_PKEY_eq(key.pair, pair) == 1, "\(form)")
      #expect(signs(key.pair, for: pair, digest: kind.hasPrefix("ED") ? nil : "SHA256"), "\(form)")
    }
  }

  @Test func textAroundAKeyDoesNotCount() throws {
    let pem = TestCertificates.key
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    let inOneLine = pem.split(separator: "\n").dropFirst().dropLast().joined()
    for text in [
      "Bag Attributes\n    friendlyName: nordvik\n" + pem + "more", TestCertificates.client + pem,
      parameters + TestCertificates.traditionalKey, pem.replacing("\n", with: "\r\n"), pem.replacing("\n", with: " \n"),
      "-----BEGIN PRIVATE KEY-----\n\(inOneLine)\n-----END PRIVATE KEY-----",
    ] {
      _ = try PrivateKey(self.text(text))
    }
  }

  @Test func whatIsNoKeyIsNamed() {
    let pem = TestCertificates.key
    let paddedWrong = "-----BEGIN PRIVATE KEY-----\nMIG=HAgE\n-----END PRIVATE KEY-----\n"
    for (text, word) in [
      (pem.replacing("END PRIVATE", with: "END RSA PRIVATE"), "is damaged"), (paddedWrong, "is damaged"),
      (pem.replacing("-----END", with: "----END"), "is damaged"), (pem.replacing("MIGH", with: "MIGI"), "is damaged"),
      (pem.replacing("cC9t", with: "cC9"), "is damaged"), (pem.replacing("cC9t", with: "cC9t="), "is damaged"),
      (pem.replacing("cC9t", with: "c-_t"), "is damaged"),
      (pem.replacing("PRIVATE KEY", with: "RSA PRIVATE KEY"), "is damaged"),
      (pem.replacing("PRIVATE KEY", with: "EC PRIVATE KEY"), "is damaged"),
      (pem.replacing("PRIVATE KEY", with: "OPENSSH PRIVATE KEY"), "kind that is not taken"),
      (pem.replacing("PRIVATE KEY", with: "DSA PRIVATE KEY"), "kind that is not taken"),
      (pem.replacing("PRIVATE KEY", with: "PUBLIC KEY"), "no private key"), (" " + pem, "no private key"),
      (TestCertificates.encryptedKey, "openssl pkey"), (TestCertificates.encryptedTraditionalKey, "openssl pkey"),
    ] {
      let error = fault { _ = try PrivateKey(self.text(text)) }
      #expect(error?.code == .invalidArgument && error?.target == "client_key")
      #expect(error?.message.contains(word) == true, "\(error?.message ?? "taken"): \(text)")
    }
    ERR_clear_error()
  }

  @Test func keyOfAnotherKindIsNamed() throws {
    for (kind, group) in [("X25519", nil), ("RSA-PSS", nil)] as [(String, String?)] {
      let pair = try generate(kind, group)
      defer { EVP_PKEY_free(pair) }
      let pem = try pem(pair, .pkcs8)
      #expect(fault { _ = try PrivateKey(self.text(pem)) }?.message.contains("RSA key") == true)
    }
  }

  /// Each byte of the encoding gone, and each one changed.
  @Test func damagedEncodingNeverTraps() throws {
    for (pem, label) in [
      (TestCertificates.key, "PRIVATE KEY"), (TestCertificates.traditionalKey, "EC PRIVATE KEY"),
      (TestCertificates.edwardsKey, "PRIVATE KEY"), (TestCertificates.rsaKey, "PRIVATE KEY"),
    ] {
      let der = try text(pem).withUnsafeBytes { (bytes) throws(S4Error) in try PEMKey(bytes).der }
      let bytes = der.withUnsafeBytes { Array($0) }
      for at in bytes.indices {
        _ = try? PrivateKey(block(Array(bytes[..<at]), label))
        for change: UInt8 in [0x01, 0x80, 0xFF] {
          var changed = bytes
          changed[at] ^= change
          _ = try? PrivateKey(block(changed, label))
        }
      }
    }
    ERR_clear_error()
  }

  private func block(_ der: [UInt8], _ label: String) -> SecretBytes {
    var builder = SecretBuilder()
    builder.append(public: "-----BEGIN \(label)-----\n")
    der.withUnsafeBytes { builder.appendBase64($0) }
    builder.append(public: "\n-----END \(label)-----\n")
    return builder.finish()
  }
}
