// SPDX-License-Identifier: Apache-2.0

/// A navigation property of an entity type, its association already followed. Source: MC-CSDL section 2.1.4.
package struct NavigationProperty: Hashable, Sendable {
  package var name: String
  /// Qualified name of the entity type that it leads to; empty where `$metadata` does not say it (see its warnings).
  package var targetEntityType: String
  /// It leads to any number of entities (multiplicity `*`).
  package var isCollection: Bool

  package init(name: String, targetEntityType: String, isCollection: Bool) {
    self.name = name
    self.targetEntityType = targetEntityType
    self.isCollection = isCollection
  }
}
