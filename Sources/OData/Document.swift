// SPDX-License-Identifier: Apache-2.0

import Basics

/// Reads the answer that holds one document: {"d":{…}}. Source: OData V2 JSON Format, section 7 "Representing Entries".
package enum Document {
  /// Reads a document of OData V4, whose members stand in the answer itself: every byte of it is checked.
  /// Source: OData JSON Format 4.01, sections 4.6.8 "etag" and 6 "Entity".
  /// - Throws: as `Page.read` does.
  package static func read4(_ body: UnsafeRawBufferPointer) throws(S4Error) -> DocumentIndex {
    var found: (range: Range<Int>, etag: String?) = (0..<0, nil)
    var isError = false
    do throws(JSONFault) {
      var reader = JSONReader(body)
      guard try reader.peek() == .object else { throw reader.fault("no JSON object") }
      let start = reader.position
      try reader.beginObject()
      while let name = try reader.nextKey() {
        if reader.isText(name, "error") { isError = true }
        let isTag = reader.isText(name, "@odata.etag") || reader.isText(name, "@etag")
        let value = try reader.readValue()
        if isTag { found.etag = reader.text(value) }
      }
      found.range = start..<reader.position
      try reader.finish()
    } catch {
      throw .malformedAnswer(error, size: body.count)
    }
    guard !isError else {
      throw AnswerError.from(status: 200, contentType: "application/json", body: body, target: "")
    }
    return DocumentIndex(object: found.range, etag: found.etag, partialExpansions: 0)
  }

  /// Reads a document in one pass: every byte of it is checked.
  /// - Throws: as `Page.read` does.
  package static func read(_ body: UnsafeRawBufferPointer, type: EntityType) throws(S4Error) -> DocumentIndex {
    let shape = RowShape(type)
    var keyValues: [JSONValue] = []
    var partialExpansions = 0
    var document: (range: Range<Int>, etag: String?) = (0..<0, nil)
    try Envelope.read(body) { reader in
      document = try shape.read(&reader, number: 1, keyValues: &keyValues, partialExpansions: &partialExpansions)
    }
    return DocumentIndex(object: document.range, etag: document.etag, partialExpansions: partialExpansions)
  }

  /// Reads what an operation of OData V2 answered: a document, or the value that stands under the operation's name, or
  /// the list of those. Source: OData V2 JSON Format, section 9 "Representing Service Operation Results".
  /// - Returns: the range of that value; empty for null.
  /// - Throws: as `Page.read` does.
  package static func result(_ body: UnsafeRawBufferPointer, of operation: String) throws(S4Error) -> Range<Int> {
    var result = 0..<0
    try Envelope.read(body) { reader in
      let value = try reader.readValue()
      guard value.kind == .object else {
        result = value.kind == .array ? value.range : 0..<0
        return
      }
      result = value.range
      var inner = JSONReader(UnsafeRawBufferPointer(rebasing: body[value.range]))
      var members = 0
      var named: Range<Int>?
      try inner.beginObject()
      while let name = try inner.nextKey() {
        members += 1
        let isNamed = inner.text(name) == operation || inner.isText(name, "results")
        let member = try inner.readValue()
        if isNamed, member.kind == .object || member.kind == .array { named = member.range }
      }
      if members == 1, let named {
        result = (named.lowerBound &+ value.range.lowerBound)..<(named.upperBound &+ value.range.lowerBound)
      }
    }
    return result
  }
}
