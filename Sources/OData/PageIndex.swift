// SPDX-License-Identifier: Apache-2.0

import Basics

/// What is where in a page: views into its body, which the owner of the page keeps.
package struct PageIndex: Sendable {
  /// Range of each row's JSON object in the body.
  package internal(set) var rows: [Range<Int>] = []
  /// `__next` as SAP sent it; nil where there is none.
  package internal(set) var nextLink: String?
  /// `__count`; nil where there is none.
  package internal(set) var count: Int64?
  /// A hash for each row's key, in the order of the rows; empty where the rows have no key (aggregated rows, say).
  package internal(set) var keys: [RowKey] = []
  /// How many expanded collections inside the rows were cut off by the server (they hold a next link of their own).
  package internal(set) var partialExpansions = 0

  /// The values of the rows' keys: as many for each row as the key has properties.
  var keyValues: [JSONValue] = []

  /// Gives a row's key as OData text: "SalesOrder='1',SalesOrderItem='10'".
  /// - Parameters:
  ///   - body: the body that this index was read from.
  ///   - type: the type that it was read with.
  /// - Returns: nil for a row that is not there and for rows that have no key.
  package func keyText(row: Int, of body: UnsafeRawBufferPointer, type: EntityType) -> String? {
    guard rows.indices.contains(row), type.hasKey else { return nil }
    let width = type.key.count
    let first = row &* width
    guard first &+ width <= keyValues.count else { return nil }
    var parts: [String] = []
    for (offset, name) in type.key.enumerated() {
      let field = RowReader.decode(keyValues[first &+ offset], type: type.property(name)?.type, of: body)
      parts.append(name + "=" + KeyText.literal(of: field, type: type.property(name)?.type, body: body))
    }
    return parts.joined(separator: ",")
  }
}
