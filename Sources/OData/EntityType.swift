// SPDX-License-Identifier: Apache-2.0

/// An entity type as `$metadata` declares it, with what it inherits. Source: MC-CSDL section 2.1.2.
package struct EntityType: Sendable {
  /// "API_SALES_ORDER_SRV.A_SalesOrderType"
  package let qualifiedName: String
  package let properties: [Property]
  /// Names of the key's properties in the order of `$metadata`; empty where there is no key to rely on.
  package let key: [String]
  package let navigations: [NavigationProperty]
  /// `sap:semantics="aggregate"`: `$select` sets the grain of the rows, so that the key tells them not apart.
  package let isAggregate: Bool

  /// Of what `$metadata` says nothing.
  package static let unknown = EntityType(qualifiedName: "", properties: [])

  private let propertyIndex: [String: Int]
  private let navigationIndex: [String: Int]

  package init(
    qualifiedName: String, properties: [Property], key: [String] = [], navigations: [NavigationProperty] = [],
    isAggregate: Bool = false
  ) {
    self.qualifiedName = qualifiedName
    self.properties = properties
    self.key = key
    self.navigations = navigations
    self.isAggregate = isAggregate
    propertyIndex = Self.index(properties.map(\.name))
    navigationIndex = Self.index(navigations.map(\.name))
  }

  /// The name without its namespace: "A_SalesOrderType".
  package var name: Substring { Self.localName(of: qualifiedName) }

  /// Rows of this type can be told apart by their key.
  package var hasKey: Bool { !isAggregate && !key.isEmpty }

  /// Finds a property by its name, in constant time.
  package func property(_ name: String) -> Property? {
    propertyIndex[name].map { properties[$0] }
  }

  /// Finds a navigation property by its name, in constant time.
  package func navigation(_ name: String) -> NavigationProperty? {
    navigationIndex[name].map { navigations[$0] }
  }

  static func localName(of qualifiedName: String) -> Substring {
    guard let dot = qualifiedName.lastIndex(of: ".") else { return qualifiedName[...] }
    return qualifiedName[qualifiedName.index(after: dot)...]
  }

  private static func index(_ names: [String]) -> [String: Int] {
    Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
