// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import Vault

@Suite struct AuditHeadTests {
  private let head = AuditHead(
    vaultID: [UInt8](repeating: 0xA1, count: 16), count: 17, hash: (0..<32).map { UInt8($0) }, generation: 23)

  @Test func itsTextIsReadAgain() throws {
    let hash = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    let id = String(repeating: "a1", count: 16)
    let text = #"{"vault_id":"\#(id)","count":17,"hash":"\#(hash)","generation":23}"#
    #expect(head.json == text)
    #expect(try AuditHead(json: text) == head)
    // As another program writes it.
    let other = """
       { "generation" : 23, "kept": {"by": ["us", null]},
         "hash":"\(hash.uppercased())", "count":17, "vault\\u005fid":"\(id)" }\n
      """
    #expect(try AuditHead(json: other) == head)
  }

  @Test(
    arguments: [
      ("", "an object", ""), ("null", "an object", ""), ("[]", "an object", ""), ("{", "a string should", ""),
      ("17", #"0"#, "no count"), ("17", "-1", "no count"), ("17", "1.5", "no count"), ("17", "1e3", "no count"),
      ("17", "9223372036854775808", "no count"), ("17", "\"17\"", "a digit"), ("17", "null", "a digit"),
      ("23", "-1", "no generation"), ("23", "99999999999999999999", "no generation"),
      ("a1a1", "a1a", "no vault_id"), ("a1a1", "g1a1", "no vault_id"), ("a1a1", "", "no vault_id"),
      ("0001", "", "no hash"), ("0001", "000", "no hash"), ("0001", "00010", "no hash"), ("0001", "zz01", "no hash"),
      ("hash", "hush", "no hash"), ("count", "Count", "no count"), ("vault_id", "id", "no vault_id"),
      ("generation", "gen", "no generation"), ("}", "} x", "goes on"), ("}", "", "the end should follow"),
    ])
  func whatIsNoHeadIsRefused(part: String, replacement: String, reason: String) throws {
    let text = reason.isEmpty ? part : replacing(part, replacement)
    let error = try #require(fault { _ = try AuditHead(json: text) })
    #expect(error.code == .invalidArgument)
    #expect(error.target == "head")
    #expect(error.message.contains(reason.isEmpty ? replacement : reason))
    #expect(error.message.contains("askel_s4_vault_audit_head"))
  }

  /// The head's text with the first occurrence of a part replaced.
  private func replacing(_ part: String, _ replacement: String) -> String {
    let text = Array(head.json.utf8)
    let sought = Array(part.utf8)
    for start in text.indices where text[start...].starts(with: sought) {
      return String(decoding: text[..<start] + Array(replacement.utf8) + text[(start + sought.count)...], as: UTF8.self)
    }
    return head.json
  }

  @Test func aTextOfAnySizeIsBounded() throws {
    let padded = "{" + String(repeating: " ", count: 5_000) + head.json.dropFirst()
    #expect(fault { _ = try AuditHead(json: padded) }?.message.contains("over 4096 bytes") == true)
    let deep = String(repeating: "[", count: 4_000)
    #expect(fault { _ = try AuditHead(json: "{\"x\":" + deep) }?.target == "head")
  }

  @Test func noTextTraps() {
    var randomness = Randomness(seed: 5)
    for _ in 0..<5_000 {
      var bytes = Array(head.json.utf8)
      for _ in 0...Int.random(in: 0..<3, using: &randomness) {
        bytes[Int.random(in: bytes.indices, using: &randomness)] = UInt8.random(in: 0...255, using: &randomness)
      }
      _ = try? AuditHead(json: String(decoding: bytes, as: UTF8.self))
    }
  }
}
