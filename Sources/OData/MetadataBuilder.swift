// SPDX-License-Identifier: Apache-2.0

import Basics

/// Collects what `$metadata` declares while expat reads it; `finish` resolves the references.
final class MetadataBuilder: XMLHandler {
  private enum Context {
    case document, edmx, dataServices, schema, entityType, key, association, container, operation, other
  }

  private static let v4 = "http://docs.oasis-open.org/odata/ns/edm"

  private var contexts: [Context] = [.document]
  private var namespace = ""
  private(set) var draft = MetadataDraft()

  func start(_ element: borrowing XMLElement) {
    let isV4 = element.namespace == Self.v4
    let isEdm =
      isV4 || element.namespace.hasPrefix("http://schemas.microsoft.com/ado/") && element.namespace.hasSuffix("/edm")
    var context = Context.other
    switch (contexts.last ?? .other, element.name) {
    case (.document, "Edmx"):
      draft.hasRoot = true
      draft.version = element["Version"] ?? ""
      context = .edmx
    case (.edmx, "DataServices"): context = .dataServices
    case (.dataServices, "Schema") where isEdm:
      namespace = element["Namespace"] ?? ""
      if let alias = element["Alias"] { draft.aliases[alias] = namespace }
      context = .schema
    case (.schema, "EntityType") where isEdm:
      draft.beginType(
        name: qualified(element["Name"]), baseType: element["BaseType"],
        isAggregate: element[sap: "semantics"] == "aggregate")
      context = .entityType
    case (.entityType, "Key") where isEdm: context = .key
    case (.key, "PropertyRef") where isEdm: draft.addKey(element["Name"])
    case (.entityType, "Property") where isEdm: draft.addProperty(Self.property(element, isV4: isV4))
    case (.entityType, "NavigationProperty") where isV4:
      draft.addNavigation(name: element["Name"], type: element["Type"] ?? "")
    case (.entityType, "NavigationProperty") where isEdm:
      draft.addNavigation(
        name: element["Name"], relationship: element["Relationship"] ?? "", toRole: element["ToRole"] ?? "")
    case (.schema, "Association") where isEdm:
      draft.beginAssociation(name: qualified(element["Name"]))
      context = .association
    case (.association, "End") where isEdm:
      draft.addEnd(
        role: element["Role"] ?? "", type: element["Type"] ?? "", isCollection: element["Multiplicity"] == "*")
    case (.schema, "EntityContainer") where isEdm: context = .container
    case (.container, "EntitySet") where isEdm:
      draft.addSet(name: element["Name"], type: element["EntityType"] ?? "")
    default: if isEdm { context = operation(element, isV4: isV4) }
    }
    contexts.append(context)
  }

  /// What belongs to functions and actions.
  private func operation(_ element: borrowing XMLElement, isV4: Bool) -> Context {
    switch (contexts.last ?? .other, element.name) {
    case (.container, "FunctionImport") where !isV4:
      let method = element["http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\nHttpMethod"]
      draft.beginOperation(name: element["Name"] ?? "", verb: method ?? "GET", isBound: false)
      draft.setReturnType(element["ReturnType"])
      return .operation
    case (.schema, "Function") where isV4, (.schema, "Action") where isV4:
      draft.beginOperation(
        name: qualified(element["Name"]), verb: element.name == "Action" ? "POST" : "GET",
        isBound: element["IsBound"] == "true")
      return .operation
    case (.operation, "Parameter"): draft.addParameter(Self.property(element, isV4: isV4), type: element["Type"] ?? "")
    case (.operation, "ReturnType"): draft.setReturnType(element["Type"])
    case (.container, "FunctionImport"): draft.addImport(name: element["Name"], of: element["Function"])
    case (.container, "ActionImport"): draft.addImport(name: element["Name"], of: element["Action"])
    default: break
    }
    return .other
  }

  func end() {
    _ = contexts.popLast()
  }

  func text(_ piece: UnsafeRawBufferPointer) {}

  /// Resolves what was collected.
  func finish() throws(S4Error) -> Metadata {
    try draft.resolve()
  }

  private func qualified(_ name: String?) -> String {
    guard let name, !name.isEmpty else { return "" }
    return namespace.isEmpty ? name : namespace + "." + name
  }

  private static func property(_ element: borrowing XMLElement, isV4: Bool) -> Property {
    Property(
      name: element["Name"] ?? "", type: EdmType(element["Type"] ?? ""), maxLength: length(element["MaxLength"]),
      precision: length(element["Precision"]), scale: length(element["Scale"]),
      isNullable: element["Nullable"] != "false", isSortable: element[sap: "sortable"] != "false",
      isFilterable: element[sap: "filterable"] != "false", isV4: isV4)
  }

  /// "Max", an absent and a senseless value all say that there is no bound to go by.
  private static func length(_ text: String?) -> Int? {
    text.flatMap { Int($0) }.flatMap { 0...1_000_000_000 ~= $0 ? $0 : nil }
  }
}
