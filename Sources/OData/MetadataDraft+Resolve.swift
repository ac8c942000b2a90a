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
    let isV4 = version.hasPrefix("4.")
    guard isV4 || version.isEmpty || version.hasPrefix("1.") else {
      throw .invalidArgument(
        "service", "it speaks another version of OData (EDMX \(MessageText.quoted(version))) than V2 and V4")
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
    let operations = isV4 ? draft.operations4() : draft.operations2()
    return Metadata(
      version: isV4 ? .v4 : .v2, entitySets: entitySets, entityTypes: entityTypes, operations: operations,
      warnings: draft.warnings)
  }

  private mutating func operations2() -> [Operation] {
    callables.compactMap { callable in
      guard isName(callable.name) else {
        warn("a function import is named \(MessageText.quoted(callable.name))")
        return nil
      }
      return Operation(
        name: callable.name, version: .v2, verb: callable.verb, boundTo: nil,
        parameters: callable.parameters, returnType: callable.returnType)
    }
  }

  private mutating func operations4() -> [Operation] {
    var operations: [Operation] = []
    for callable in callables where callable.isBound {
      let type = element(of: callable.bindingType)
      operations.append(
        Operation(
          name: callable.name, version: .v4, verb: callable.verb,
          boundTo: Operation.Binding(type: unaliased(type.name), isCollection: type.isCollection),
          parameters: callable.parameters, returnType: unaliased(callable.returnType)))
    }
    // By name, since a document may hold very many of both.
    var unbound: [String: Callable] = [:]
    for callable in callables.reversed() where !callable.isBound { unbound[callable.name] = callable }
    for (name, target) in imports {
      guard let callable = unbound[unaliased(target)] else {
        warn("\(name) is \(MessageText.quoted(target)), which is not declared")
        continue
      }
      operations.append(
        Operation(
          name: name, version: .v4, verb: callable.verb, boundTo: nil, parameters: callable.parameters,
          returnType: unaliased(callable.returnType)))
    }
    return operations
  }

  /// "Collection(X)" is any number of X.
  private func element(of type: String) -> (name: String, isCollection: Bool) {
    guard type.hasPrefix("Collection("), type.hasSuffix(")") else { return (type, false) }
    return (String(type.dropFirst("Collection(".count).dropLast()), true)
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
    if let target = navigation.type {
      let end = element(of: target)
      return NavigationProperty(
        name: navigation.name, targetEntityType: unaliased(end.name), isCollection: end.isCollection)
    }
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
