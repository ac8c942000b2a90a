// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Secrets

@Suite struct DERReaderTests {
  /// Reads one number, and says how many bytes it had; nil where there is none.
  private func count(_ bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBytes { bytes in
      var reader = DERReader(bytes)
      return reader.read(DERReader.integer)?.count
    }
  }

  @Test func lengthIsReadInEachForm() {
    #expect(count([2, 0]) == 0)
    #expect(count([2, 1, 7]) == 1)
    #expect(count([2, 0x81, 1, 7]) == 1)
    #expect(count([2, 0x82, 1, 0] + [UInt8](repeating: 1, count: 256)) == 256)
    #expect(count([2, 0x83, 1, 0, 0] + [UInt8](repeating: 1, count: 65_536)) == 65_536)
  }

  @Test func whatDoesNotFitIsNotRead() {
    for bytes: [UInt8] in [
      [], [2], [2, 1], [2, 2, 7], [2, 0x80], [2, 0x80, 0, 0], [2, 0x81], [2, 0x81, 2, 7], [2, 0x83, 0xFF, 0xFF, 0xFF],
      [2, 0x84, 0, 0, 0, 1, 7], [2, 0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [2, 0xFF], [3, 1, 7],
    ] {
      #expect(count(bytes) == nil, "\(bytes)")
    }
  }

  @Test func refusedValueStaysToBeRead() {
    let bytes: [UInt8] = [0x30, 5, 2, 1, 0x80, 4, 0, 2, 1, 5]
    bytes.withUnsafeBytes { bytes in
      var reader = DERReader(bytes)
      var inside = reader.enter(DERReader.sequence)
      #expect(inside?.read(DERReader.octetString) == nil)
      // A negative one.
      #expect(inside?.readNumber() == nil)
      #expect(inside?.read(DERReader.octetString)?.count == 0)
      #expect(inside?.readNumber() == nil)
      #expect(reader.readNumber()?.elementsEqual([5]) == true)
    }
  }
}
