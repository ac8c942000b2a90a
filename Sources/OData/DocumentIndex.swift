// SPDX-License-Identifier: Apache-2.0

/// What is where in the answer that holds one document.
package struct DocumentIndex: Sendable {
  /// Range of the document's JSON object in the body.
  package let object: Range<Int>
  /// `__metadata.etag` as SAP sent it, to be sent back byte for byte; nil where there is none.
  package let etag: String?
  /// How many expanded collections inside the document were cut off by the server.
  package let partialExpansions: Int
}
