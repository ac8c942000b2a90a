// SPDX-License-Identifier: Apache-2.0

import Basics

/// Reads a page of rows: {"d":{"results":[…],"__next":…,"__count":…}}, or {"d":[…]} as V1 has it.
/// Source: OData V2 JSON Format, section 8 "Representing a Collection of Entries".
package enum Page {
  /// Reads a page in one pass: every byte of it is checked, and no row is delivered of a page that does not pass.
  /// - Parameters:
  ///   - body: the whole answer.
  ///   - type: the type of the entity set that was asked for.
  /// - Returns: where the rows are, as ranges of `body`.
  /// - Throws: `.malformedAnswer` for a page that is cut off, is none, holds another type or a row without its key;
  ///   SAP's own error where the body is one.
  package static func read(_ body: UnsafeRawBufferPointer, type: EntityType) throws(S4Error) -> PageIndex {
    let shape = RowShape(type)
    var page = PageIndex()
    try Envelope.read(body) { reader in
      switch try reader.peek() {
      case .array: try readRows(&reader, shape: shape, into: &page)
      case .object: try readCollection(&reader, shape: shape, into: &page)
      default: throw S4Error.malformedAnswer("\"d\" holds neither rows nor an object; read it again")
      }
    }
    page.keys = hash(page.keyValues, width: shape.keyWidth, of: body)
    return page
  }

  private static func readCollection(
    _ reader: inout JSONReader, shape: RowShape, into page: inout PageIndex
  ) throws {
    var hasRows = false
    var hasLink = false
    var hasCount = false
    try reader.beginObject()
    while let name = try reader.nextKey() {
      if reader.isText(name, "results") {
        try once(&hasRows, "results")
        guard try reader.peek() == .array else {
          throw S4Error.malformedAnswer("\"results\" is no array of rows; read it again")
        }
        try readRows(&reader, shape: shape, into: &page)
      } else if reader.isText(name, "__next") {
        try once(&hasLink, "__next")
        page.nextLink = try readLink(&reader)
      } else if reader.isText(name, "__count") {
        try once(&hasCount, "__count")
        page.count = try readCount(&reader)
      } else {
        try reader.skipValue()
      }
    }
    guard hasRows else {
      throw S4Error.malformedAnswer("the answer has no \"results\": it is one document and no page of rows")
    }
  }

  private static func readRows(_ reader: inout JSONReader, shape: RowShape, into page: inout PageIndex) throws {
    try reader.beginArray()
    while try reader.nextElement() {
      let row = try shape.read(
        &reader, number: page.rows.count &+ 1, keyValues: &page.keyValues, partialExpansions: &page.partialExpansions)
      page.rows.append(row.range)
    }
  }

  /// No link and null end the chain. An empty one could be a cut one: it is left to `NextLink`, which refuses it.
  private static func readLink(_ reader: inout JSONReader) throws -> String? {
    let value = try reader.readValue()
    if value.kind == .null { return nil }
    guard let link = reader.text(value) else {
      throw S4Error.malformedAnswer("\"__next\" is no text; the read cannot go on")
    }
    return link
  }

  /// V2 writes the count as text; a number is taken too.
  private static func readCount(_ reader: inout JSONReader) throws -> Int64? {
    let value = try reader.readValue()
    if value.kind == .null { return nil }
    let text = reader.text(value) ?? String(decoding: reader.bytes[value.range], as: UTF8.self)
    var scanner = TextScanner(text)
    guard 1...18 ~= text.utf8.count, let count = scanner.number(digits: text.utf8.count) else {
      throw S4Error.malformedAnswer(
        "\"__count\" is \(MessageText.quoted(text)) and no number of rows; read without count")
    }
    return count
  }

  private static func once(_ seen: inout Bool, _ name: String) throws {
    guard !seen else { throw S4Error.malformedAnswer("the answer has \"\(name)\" twice; read it again") }
    seen = true
  }

  private static func hash(_ values: [JSONValue], width: Int, of body: UnsafeRawBufferPointer) -> [RowKey] {
    guard width > 0 else { return [] }
    var keys: [RowKey] = []
    keys.reserveCapacity(values.count / width)
    var plain: [UInt8] = []
    var high = Hasher()
    for (index, value) in values.enumerated() {
      let raw = UnsafeRawBufferPointer(rebasing: body[value.range])
      if value.hasEscapes {
        plain.removeAll(keepingCapacity: true)
        JSONReader.unescape(raw, into: &plain)
        plain.withUnsafeBytes { feed(&high, $0) }
      } else {
        feed(&high, raw)
      }
      guard (index &+ 1) % width == 0 else { continue }
      var low = high
      low.combine(0xA5 as UInt8)
      keys.append(RowKey(high: high, low: low))
      high = Hasher()
    }
    return keys
  }

  /// The size goes first, so that ("1","23") and ("12","3") differ.
  private static func feed(_ hasher: inout Hasher, _ value: UnsafeRawBufferPointer) {
    hasher.combine(value.count)
    hasher.combine(bytes: value)
  }
}
