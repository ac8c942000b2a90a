// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Vault

@Suite struct SealedPlaceTests {
  private let place = SealedPlace(
    vaultID: [1, 2], kind: .credential, keyVersion: 3, rowID: [4, 5], lookup: [6, 7], dataKeyVersion: 8, generation: 9)

  @Test func everyPartOfAPlaceCounts() {
    var places = [place]
    places.append(
      SealedPlace(
        vaultID: [1, 3], kind: .credential, keyVersion: 3, rowID: [4, 5], lookup: [6, 7], dataKeyVersion: 8,
        generation: 9))
    for change in [
      { $0.kind = .name }, { $0.keyVersion = 4 }, { $0.rowID = [4, 6] }, { $0.lookup = [6, 8] },
      { $0.dataKeyVersion = 9 }, { $0.generation = 10 }, { $0.context = [1] }, { $0.format = 3 },
    ] as [(inout SealedPlace) -> Void] {
      var other = place
      change(&other)
      places.append(other)
    }
    #expect(Set(places.map(\.associatedData)).count == 10)
  }

  @Test func partsCannotRunIntoEachOther() {
    var shifted = place
    (shifted.rowID, shifted.lookup) = ([4], [5, 6, 7])
    #expect(shifted.associatedData != place.associatedData)
    (shifted.rowID, shifted.lookup) = ([], [4, 5, 6, 7])
    #expect(shifted.associatedData != place.associatedData)
  }

  /// Part of the file's format: another form of these bytes opens no vault that exists.
  @Test func theBytesAreThoseOfTheFormat() {
    let expected = [
      "0000000e" + "61736b656c2d7334207661756c74", "00000008" + "0000000000000001", "00000002" + "0102",
      "00000002" + "0405", "00000002" + "0607", "0000000a" + "63726564656e7469616c",
      "00000008" + "0000000000000003", "00000008" + "0000000000000008", "00000008" + "0000000000000009",
    ]
    var place = place
    place.format = 1
    #expect(Display.hex(place.associatedData) == expected.joined())
    place.format = 2
    place.context = [0xAB]
    let second = expected.map { $0 == "00000008" + "0000000000000001" ? "00000008" + "0000000000000002" : $0 }
    #expect(Display.hex(place.associatedData) == second.joined() + "00000001" + "ab")
  }
}
