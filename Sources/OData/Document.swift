// SPDX-License-Identifier: Apache-2.0

import Basics

/// Reads the answer that holds one document: {"d":{…}}. Source: OData V2 JSON Format, section 7 "Representing Entries".
package enum Document {
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
}
