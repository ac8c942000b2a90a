// SPDX-License-Identifier: Apache-2.0

import Basics
import COpenSSL
import TestSupport
import Testing

@testable import Secrets

@Suite struct ClientCertificateTests {
  private func judge(_ chain: String, _ key: String) throws -> ClientCertificate {
    try ClientCertificate(chain: SecretBytes(copying: Array(chain.utf8)), key: SecretBytes(copying: Array(key.utf8)))
  }

  /// The refusal of a pair, once it is sure that it is an argument's.
  private func refusal(_ chain: String, _ key: String) -> S4Error? {
    let error = fault { _ = try judge(chain, key) }
    #expect(error == nil || error?.code == .invalidArgument)
    return error
  }

  @Test func pairThatBelongsTogetherIsTaken() throws {
    for key in [TestCertificates.key, TestCertificates.traditionalKey] {
      let certificate = try judge(TestCertificates.client, key)
      #expect(certificate.subject == #"CN=nordvik,O=Nordvik Größe\, AG"#)
      #expect(certificate.notAfter.iso8601 == "2027-03-31T12:30:15Z")
    }
  }

  @Test func chainMayFollow() throws {
    let chain = "made by hand\n" + TestCertificates.client + "\n\n" + TestCertificates.authority + "\n"
    #expect(try judge(chain, TestCertificates.key).notAfter.iso8601 == "2027-03-31T12:30:15Z")
    #expect(try judge(TestCertificates.rsa, TestCertificates.rsaKey).subject == "CN=rsa")
  }

  @Test func subjectIsOneShortLine() throws {
    let odd = try judge(TestCertificates.controlCharacters, TestCertificates.key)
    #expect(odd.subject.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x2028 })
    #expect(odd.subject.hasPrefix("CN=a") && odd.subject.hasSuffix("c"))
    #expect(odd.notAfter.iso8601 == "2060-01-01T00:00:00Z")
    let long = try judge(TestCertificates.longSubject, TestCertificates.key).subject
    #expect(500...ClientCertificate.longestSubject ~= long.utf8.count && !long.unicodeScalars.contains("\u{FFFD}"))
  }

  @Test func keyThatIsNoneOrAnothersIsNamed() {
    for (key, word) in [
      (TestCertificates.otherKey, "belong together"), (TestCertificates.encryptedKey, "encrypted"),
      (TestCertificates.encryptedTraditionalKey, "encrypted"), ("", "empty"), ("a secret", "PEM"),
      (TestCertificates.client, "PEM"), (String(TestCertificates.key.dropLast(60)), "PEM"),
      (String(repeating: " ", count: ClientCertificate.largestKey + 1), "at most 16384"),
      ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "damaged"),
    ] {
      let error = refusal(TestCertificates.client, key)
      #expect(error?.target == "client_key" && error?.message.contains(word) == true, "\(error?.message ?? "taken")")
    }
  }

  @Test func certificateThatIsNoneIsNamed() {
    let broken = TestCertificates.client.replacing("MII", with: "MIJ", maxReplacements: 1)
    for (chain, word) in [
      ("", "empty"), ("text", "PEM"), (broken, "number 1 is damaged"),
      (TestCertificates.client + "\n" + broken, "number 2 is damaged"),
      (TestCertificates.authority + "\n" + TestCertificates.client, "number 2"),
      (TestCertificates.client + "\n" + TestCertificates.key, "holds a private key"),
      (String(repeating: "x", count: ClientCertificate.largestChain + 1), "at most 65536"),
    ] {
      let error = refusal(chain, TestCertificates.key)
      #expect(
        error?.target == "client_certificate" && error?.message.contains(word) == true, "\(error?.message ?? "taken")")
    }
  }

  @Test func nothingOfTheKeyIsInAMessage() {
    for key in [TestCertificates.otherKey, TestCertificates.encryptedKey, String(TestCertificates.key.dropLast(60))] {
      let message = refusal(TestCertificates.client, key)?.message ?? ""
      #expect(!key.split(separator: "\n").dropFirst().dropLast().contains { message.contains($0) })
    }
  }

  @Test func errorQueueIsLeftEmpty() throws {
    _ = try judge(TestCertificates.client + "\n" + TestCertificates.authority, TestCertificates.key)
    #expect(ERR_peek_error() == 0)
    _ = refusal(TestCertificates.client, TestCertificates.encryptedKey)
    #expect(ERR_peek_error() == 0)
    _ = refusal("text", TestCertificates.key)
    #expect(ERR_peek_error() == 0)
  }

  @Test func damagedTextsNeverTrap() {
    var random = Randomness(seed: 3)
    for _ in 0..<300 {
      var chain = Array(TestCertificates.client.utf8)
      var key = Array(TestCertificates.key.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        chain[Int.random(in: 0..<chain.count, using: &random)] = UInt8.random(in: 1...255, using: &random)
        key[Int.random(in: 0..<key.count, using: &random)] = UInt8.random(in: 1...255, using: &random)
      }
      _ = try? judge(String(decoding: chain, as: UTF8.self), TestCertificates.key)
      _ = try? ClientCertificate(
        chain: SecretBytes(copying: Array(TestCertificates.client.utf8)), key: SecretBytes(copying: key))
    }
    #expect(ERR_peek_error() == 0)
  }
}
