// SPDX-License-Identifier: Apache-2.0

import Basics
import Secrets
import Testing

@testable import Vault

/// The stored form, put together here a second time: what one version of the library wrote, each later one must prove.
@Suite struct AuditFormatTests {
  private let vault = AuditedVault(id: 5)
  private let vaultID = [UInt8](repeating: 5, count: 16)

  init() throws { try vault.writeHistory() }

  private func number(_ value: Int64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  private func part(_ bytes: [UInt8]) -> [UInt8] { number(Int64(bytes.count)) + bytes }

  private func key(_ purpose: String) throws -> SecretBytes {
    let auditKey = try AuditedVault.auditKey(1, id: 5)
    return SecretBytes(copying: try HMACSHA256.code(for: purpose, key: auditKey))
  }

  @Test func eachEntryIsBoundToItsPlace() throws {
    var previous = [UInt8](repeating: 0, count: 32)
    for entry in Int64(1)...8 {
      let value = try #require(vault.store["audit/e/000000000000000\(entry)"])
      let (chain, sealed) = (Array(value[8..<40]), Array(value[40...]))
      #expect(Array(value[..<8]) == number(1))
      #expect(
        chain == (try HMACSHA256.code(for: part(previous) + number(1) + number(entry) + sealed, key: key("chain"))))
      let place = part(Array("askel-s4 audit entry".utf8)) + part(vaultID) + part(previous) + number(1) + number(entry)
      let opened = try AEAD.open(sealed, key: key("seal"), associatedData: place)
      if entry == 2 {
        var event = [1] + number(1_795_426_260_000) + number(1)
        for text in ["put", "nordvik", "anna@example.com", "ok"] { event += [0, UInt8(text.utf8.count)] + text.utf8 }
        #expect(opened.withUnsafeBytes { Array($0) } == event)
      }
      previous = chain
    }
    let plain = number(1) + number(8) + number(6) + previous
    let code = try HMACSHA256.code(
      for: part(Array("askel-s4 audit head".utf8)) + part(vaultID) + plain, key: key("head"))
    #expect(vault.store["audit/head"] == plain + code)
  }

  @Test func keysSortAsNumbersDo() {
    let numbers: [Int64] = [1, 9, 10, 15, 16, 255, 256, 65_535, 1 << 32, .max]
    let keys = numbers.map(AuditEntryRecord.key)
    #expect(keys == keys.sorted())
    #expect(keys.last == "audit/e/7fffffffffffffff")
    #expect(keys.map(AuditEntryRecord.number) == numbers)
  }
}
