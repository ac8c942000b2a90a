// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a service says of itself in `$metadata`: its entity sets and their types, and its operations.
/// Source: MC-EDMX, MC-CSDL (OData V2); OData CSDL XML 4.01.
package struct Metadata: Sendable {
  package enum Version: Sendable { case v2, v4 }

  package let version: Version
  /// Entity types by the names of their sets.
  package let entitySets: [String: EntityType]
  /// Entity types by their qualified names.
  package let entityTypes: [String: EntityType]
  package let operations: [Operation]
  /// What in the document does not add up (a reference to what is missing, a doubled name), one line each.
  package let warnings: [String]

  private static let maximumSize = 64 << 20

  init(
    version: Version = .v2, entitySets: [String: EntityType], entityTypes: [String: EntityType],
    operations: [Operation] = [], warnings: [String]
  ) {
    self.version = version
    self.entitySets = entitySets
    self.entityTypes = entityTypes
    self.operations = operations
    self.warnings = warnings
  }

  /// Reads a `$metadata` document. Elements, annotations and namespaces that it does not know cost nothing.
  /// - Throws: `.malformedAnswer` where it is not well-formed, declares a document type, or passes a limit;
  ///   `.tooLarge` above 64 MiB; `.invalidArgument` with target "service" for a version that is neither V2 nor V4.
  package static func parse(_ document: UnsafeRawBufferPointer) throws(S4Error) -> Metadata {
    guard document.count <= maximumSize else {
      throw S4Error(
        .tooLarge, "$metadata has \(document.count) bytes, and \(maximumSize) is the most that is read",
        outcome: .unknown, target: "$metadata")
    }
    let builder = MetadataBuilder()
    do {
      try XMLParser().parse(document, handler: builder)
    } catch {
      throw .malformedAnswer(
        "$metadata cannot be read: line \(error.line): \(error.reason); read it again, or check host and service",
        target: "$metadata")
    }
    return try builder.finish()
  }

  /// Finds the type of an entity set.
  /// - Throws: `.notFound` with target "entity_set", naming sets that are spelled alike.
  package func entityType(ofSet name: String) throws(S4Error) -> EntityType {
    if let type = entitySets[name] { return type }
    throw S4Error(
      .notFound,
      "the service has no entity set \(MessageText.quoted(name))" + NearNames.hint(name, in: entitySets.keys),
      target: "entity_set")
  }

  /// Finds the type that a navigation property leads to.
  /// - Throws: `.invalidArgument` with target "navigation".
  package func entityType(behind navigation: String, of type: EntityType) throws(S4Error) -> EntityType {
    guard let property = type.navigation(navigation) else {
      throw .invalidArgument(
        "navigation",
        "\(type.name) has no navigation property \(MessageText.quoted(navigation))"
          + NearNames.hint(navigation, in: type.navigations.map(\.name)))
    }
    if let target = entityTypes[property.targetEntityType] { return target }
    throw .invalidArgument(
      "navigation", "$metadata does not say where \(MessageText.quoted(navigation)) of \(type.name) leads to")
  }
}
