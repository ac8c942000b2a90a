// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a row of an entity type must look like: prepared once for all the rows of a page.
struct RowShape {
  /// How many values each row adds to `keyValues`.
  let keyWidth: Int

  private let type: EntityType
  private let qualifiedName: [UInt8]
  /// The names of the key's properties, then "__metadata".
  private let names: MemberNames

  init(_ type: EntityType) {
    self.type = type
    let key = type.hasKey ? type.key : []
    keyWidth = key.count
    qualifiedName = Array(type.qualifiedName.utf8)
    names = MemberNames(key + ["__metadata"])
  }

  /// Reads one row and checks it through and through.
  /// - Parameters:
  ///   - number: the row's place in its page, from 1 on, for messages.
  ///   - keyValues: gets the values of the row's key, in the key's order.
  ///   - partialExpansions: rises by the expanded collections that the server cut off.
  /// - Returns: the row's range, and its ETag where there is one.
  /// - Throws: `JSONFault` or `S4Error`.
  func read(
    _ reader: inout JSONReader, number: Int, keyValues: inout [JSONValue], partialExpansions: inout Int
  ) throws -> (range: Range<Int>, etag: String?) {
    guard try reader.peek() == .object else {
      throw S4Error.malformedAnswer("row \(number) is no JSON object; no row of this page was delivered")
    }
    let start = reader.position
    let firstKey = keyValues.count
    let missing = JSONValue(kind: .null, range: 0..<0)
    for _ in 0..<keyWidth { keyValues.append(missing) }
    var etag: String?
    try reader.beginObject()
    while let name = try reader.nextKey() {
      switch names.index(of: name, in: reader) {
      case nil:
        let value = try reader.readValue()
        if value.kind == .object || value.kind == .array {
          partialExpansions &+= NestedNextLinks.count(in: UnsafeRawBufferPointer(rebasing: reader.bytes[value.range]))
        }
      case keyWidth: etag = try readMetadata(&reader, number: number)
      case let part?:
        guard keyValues[firstKey &+ part] == missing else { throw fault(part, number, "comes twice in") }
        let value = try reader.readValue()
        guard value.kind == .string || value.kind == .number || value.kind == .boolean else {
          throw fault(part, number, "has no value in")
        }
        keyValues[firstKey &+ part] = value
      }
    }
    for part in 0..<keyWidth where keyValues[firstKey &+ part] == missing { throw fault(part, number, "is missing in") }
    return (start..<reader.position, etag)
  }

  /// Reads `__metadata`: the row's type must be the one that was asked for. Its namespace may be another one, since
  /// versions of a service rename it while the type stays what it is.
  private func readMetadata(_ reader: inout JSONReader, number: Int) throws -> String? {
    guard try reader.peek() == .object else {
      throw S4Error.malformedAnswer("__metadata of row \(number) is no JSON object; no row of this page was delivered")
    }
    var etag: String?
    try reader.beginObject()
    while let name = try reader.nextKey() {
      let value = try reader.readValue()
      guard value.kind == .string else { continue }
      if reader.isText(name, "etag") {
        etag = reader.text(value)
      } else if reader.isText(name, "type"), !reader.bytes[value.range].elementsEqual(qualifiedName) {
        let found = reader.text(value) ?? ""
        guard EntityType.localName(of: found) == type.name else {
          throw S4Error.malformedAnswer(
            "row \(number) is of type \(MessageText.quoted(EntityType.localName(of: found))), not \(type.name); "
              + "no row of this answer was delivered")
        }
      }
    }
    return etag
  }

  private func fault(_ part: Int, _ number: Int, _ what: String) -> S4Error {
    let name = type.key.indices.contains(part) ? type.key[part] : ""
    return .malformedAnswer("the key's property \(name) \(what) row \(number); no row of this answer was delivered")
  }
}
