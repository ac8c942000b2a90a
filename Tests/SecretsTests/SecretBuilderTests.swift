// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Secrets

@Suite struct SecretBuilderTests {
  /// Source: RFC 4648 section 10; the last one from RFC 7617 section 2.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"), ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
  ])
  func base64IsThatOfTheStandard(_ text: String, _ encoded: String) {
    var builder = SecretBuilder()
    builder.appendBase64(SecretBytes(copying: Array(text.utf8)))
    #expect(builder.finish().copy == Array(encoded.utf8))
  }

  @Test func base64KnowsEveryDigit() {
    var builder = SecretBuilder()
    let bytes = hex(
      "00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf")
    builder.appendBase64(SecretBytes(copying: bytes))
    #expect(builder.finish().copy == Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8))
  }

  /// Source: RFC 6749 appendix B for the first.
  @Test(arguments: [
    (" %&+£€", "+%25%26%2B%C2%A3%E2%82%AC"), ("aZ09-._*", "aZ09-._*"), ("~!'()", "%7E%21%27%28%29"),
    ("a=b:c/d?e", "a%3Db%3Ac%2Fd%3Fe"), ("", ""), ("\u{0}\u{7F}", "%00%7F"),
  ])
  func formEncodingIsThatOfTheStandard(_ text: String, _ encoded: String) {
    var builder = SecretBuilder()
    builder.appendFormEncoded(SecretBytes(copying: Array(text.utf8)))
    #expect(builder.finish().copy == Array(encoded.utf8))
    var other = SecretBuilder()
    other.appendFormEncoded(public: text)
    #expect(other.finish().copy == Array(encoded.utf8))
  }

  @Test func partsComeInTheirOrder() {
    var builder = SecretBuilder(capacity: 0)
    builder.append("Authorization: Bearer ")
    builder.append(SecretBytes(copying: Array("t0ken".utf8)))
    builder.append(public: " äöü")
    builder.append(0x0A)
    builder.append(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(builder.count == 22 + 5 + 7 + 1)
    #expect(builder.finish().copy == Array("Authorization: Bearer t0ken äöü\n".utf8))
    #expect(SecretBuilder().finish().count == 0)
  }

  @Test func growingLeavesNoCopyBehind() throws {
    let pattern = try Random.bytes(48)
    let secret = SecretBytes(copying: pattern)
    var encoder = SecretBuilder()
    encoder.appendBase64(secret)
    let encoded = encoder.finish().copy
    do {
      var builder = SecretBuilder(capacity: 1)
      builder.append(secret)
      builder.appendBase64(secret)
      // Through every slot size and on to pages of its own.
      for _ in 0..<2_000 { builder.append("0123456789") }
      #expect(builder.finish().count == 48 + 64 + 20_000)
      // All that is left is the secret itself, which this test still holds.
      #expect(!arenaContains(encoded))
      #expect(arenaContains(pattern))
    }
    withExtendedLifetime(secret) {}
  }

  @Test func aBuilderThatIsDroppedIsWiped() throws {
    let pattern = try Random.bytes(48)
    do {
      var builder = SecretBuilder()
      pattern.withUnsafeBytes { builder.append($0) }
    }
    #expect(!arenaContains(pattern))
  }
}
