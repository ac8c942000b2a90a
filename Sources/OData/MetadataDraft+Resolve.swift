// SPDX-License-Identifier: Apache-2.0

import Basics

extension MetadataDraft {
  /// A type inherits from a few others at most; a longer chain is a loop.
  private static let maximumInheritance = 16

  /// Follows the references between the declarations.
  /// - Throws: `.malformedAnswer` where the document is no EDMX; `.invalidArgument` for OData V4.
  func resolve() throws(S4Error) -> Metadata {
    guard hasRoot else {
      throw .malformedAnswer(
        "$metadata is XML and no EDMX document; check that the service's path is right", target: "$metadata")
    }
    guard version.isEmpty || version.hasPrefix("1.") else {
      throw .invalidArgument(
        "service",
        "it speaks OData V4 (EDMX version \(MessageText.quoted(version))), and V2 is what is read; name its V2 service")
    }
    var draft = self
    let entityTypes = draft.resolveTypes()
    var entitySets: [String: EntityType] = [:]
    for (name, typeName) in sets {
      guard let type = entityTypes[unaliased(typeName)] else {
        draft.warn("entity set \(name) is of type \(MessageText.quoted(typeName)), which is not declared")
        continue
      }
      if entitySets.updateValue(type, forKey: name) != nil { draft.warn("entity set \(name) is declared twice") }
    }
    return Metadata(entitySets: entitySets, entityTypes: entityTypes, warnings: draft.warnings)
  }

  private mutating func resolveTypes() -> [String: EntityType] {
    var byName: [String: Entity] = [:]
    for type in types {
      if byName[type.name] == nil {
        byName[type.name] = type
      } else {
        warn("entity type \(MessageText.quoted(type.name)) is declared twice; the first counts")
      }
    }
    var resolved: [String: EntityType] = [:]
    for type in types where resolved[type.name] == nil {
      resolved[type.name] = resolve(byName[type.name] ?? type, among: byName)
    }
    return resolved
  }

  private mutating func resolve(_ type: Entity, among byName: [String: Entity]) -> EntityType {
    // Base types first, so that properties keep the order of inheritance.
    var line = [type]
    while let base = line.first?.baseType, line.count < Self.maximumInheritance {
      guard let found = byName[unaliased(base)] else {
        warn("\(type.name) is based on \(MessageText.quoted(base)), which is not declared")
        break
      }
      line.insert(found, at: 0)
    }
    var properties: [Property] = []
    var names: Set<String> = []
    for property in line.flatMap(\.properties) {
      if names.insert(property.name).inserted {
        properties.append(property)
      } else {
        warn("\(type.name) declares \(property.name) twice; the first counts")
      }
    }
    var navigations: [NavigationProperty] = []
    for navigation in line.flatMap(\.navigations) where names.insert(navigation.name).inserted {
      navigations.append(resolve(navigation, of: type))
    }
    return EntityType(
      qualifiedName: type.name, properties: properties,
      key: key(line.flatMap(\.key), of: type, properties: properties), navigations: navigations,
      isAggregate: type.isAggregate)
  }

  /// A key of which a part is missing would call different rows the same: it counts as none.
  private mutating func key(_ names: [String], of type: Entity, properties: [Property]) -> [String] {
    let declared = Set(properties.map(\.name))
    if let missing = names.first(where: { !declared.contains($0) }) {
      warn("the key of \(type.name) names \(MessageText.quoted(missing)), which is not declared; it has no usable key")
      return []
    }
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  private mutating func resolve(_ navigation: Navigation, of type: Entity) -> NavigationProperty {
    let ends = associations[unaliased(navigation.relationship)]
    guard let end = ends?.first(where: { $0.role == navigation.toRole }) else {
      warn(
        "\(type.name)/\(navigation.name) follows \(MessageText.quoted(navigation.relationship)), which leads nowhere")
      // It can still be expanded; only what is behind it is not known.
      return NavigationProperty(name: navigation.name, targetEntityType: "", isCollection: true)
    }
    return NavigationProperty(
      name: navigation.name, targetEntityType: unaliased(end.type), isCollection: end.isCollection)
  }

  private func unaliased(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), let namespace = aliases[String(name[..<dot])] else { return name }
    return namespace + name[dot...]
  }
}
