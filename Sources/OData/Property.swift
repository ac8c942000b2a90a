// SPDX-License-Identifier: Apache-2.0

/// A property of an entity type, as `$metadata` declares it.
/// Source: MC-CSDL section 2.1.3; SAP Annotations for OData Version 2.0.
package struct Property: Hashable, Sendable {
  package var name: String
  package var type: EdmType
  /// In characters; nil where unbounded or not declared.
  package var maxLength: Int?
  /// Digits of a Edm.Decimal in all.
  package var precision: Int?
  /// Digits of a Edm.Decimal behind the point.
  package var scale: Int?
  package var isNullable: Bool
  /// `sap:sortable`, true where it is not declared.
  package var isSortable: Bool
  /// `sap:filterable`, true where it is not declared.
  package var isFilterable: Bool
  /// Of OData V4, whose literals are others.
  package var isV4: Bool

  package init(
    name: String, type: EdmType, maxLength: Int? = nil, precision: Int? = nil, scale: Int? = nil,
    isNullable: Bool = true, isSortable: Bool = true, isFilterable: Bool = true, isV4: Bool = false
  ) {
    self.name = name
    self.type = type
    self.maxLength = maxLength
    self.precision = precision
    self.scale = scale
    self.isNullable = isNullable
    self.isSortable = isSortable
    self.isFilterable = isFilterable
    self.isV4 = isV4
  }
}
