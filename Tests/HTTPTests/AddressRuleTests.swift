// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HTTP

@Suite struct AddressRuleTests {
  @Test(
    arguments: [
      [0, 0, 0, 0], [10, 0, 0, 1], [100, 64, 0, 1], [100, 127, 255, 255], [127, 0, 0, 1], [169, 254, 169, 254],
      [172, 16, 0, 1], [172, 31, 255, 255], [192, 168, 1, 1], [198, 18, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255],
    ] as [[UInt8]])
  func privateIPv4IsRefused(_ address: [UInt8]) {
    #expect(!AddressRule.isPublic(address))
  }

  @Test(
    arguments: [[8, 8, 8, 8], [100, 128, 0, 1], [172, 32, 0, 1], [155, 56, 1, 1], [192, 169, 0, 1]] as [[UInt8]])
  func publicIPv4IsAdmitted(_ address: [UInt8]) {
    #expect(AddressRule.isPublic(address))
  }

  @Test func privateIPv6IsRefused() {
    func address(_ head: [UInt8], _ tail: [UInt8] = []) -> [UInt8] {
      head + Array(repeating: 0, count: 16 - head.count - tail.count) + tail
    }
    for refused in [
      address([]), address([], [1]), address([0xFC]), address([0xFD, 1]), address([0xFE, 0x80], [1]),
      address([0xFF, 2], [1]), address([0x20, 1, 0x0D, 0xB8], [1]),
      address([], [0xFF, 0xFF, 127, 0, 0, 1]), address([], [127, 0, 0, 1]),
      address([0, 0x64, 0xFF, 0x9B], [10, 0, 0, 1]),
      address([0x20, 2, 192, 168, 0, 1]),
    ] {
      #expect(!AddressRule.isPublic(refused), "\(refused)")
    }
    #expect(AddressRule.isPublic(address([0x2A, 0, 0x14, 0x50], [1])))
    #expect(AddressRule.isPublic(address([], [0xFF, 0xFF, 8, 8, 8, 8])))
  }

  @Test func unknownAddressFamiliesAreRefused() {
    #expect(!AddressRule.isPublic([]))
    #expect(!AddressRule.isPublic([8, 8, 8]))
  }
}
