// SPDX-License-Identifier: Apache-2.0

import Basics

/// A property by its path from an entity: "SalesOrder", "to_Item/Material".
enum PropertyPath {
  /// A path through more entities than this is a mistake.
  private static let maximumSegments = 16

  /// What a path leads to.
  enum Target {
    case property(Property)
    case navigation(NavigationProperty)
    /// The first segment is known; what lies behind it is not.
    case unknown
  }

  /// Follows a path as far as `$metadata` is at hand.
  /// - Parameters:
  ///   - argument: the argument that holds the path, for the message.
  ///   - metadata: where the types behind navigation properties are looked up; nil: only the first segment is checked.
  /// - Throws: `.invalidArgument` for a segment that its type does not have, with names that are spelled alike.
  static func resolve(
    _ path: String, from type: EntityType, in metadata: Metadata?, argument: String
  ) throws(S4Error) -> Target {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    guard segments.count <= maximumSegments, !segments.contains(where: \.isEmpty) else {
      throw .invalidArgument(
        argument, "\(MessageText.quoted(path)) is no path; write the names with one \"/\" between them")
    }
    var current = type
    for (index, segment) in segments.enumerated() {
      let name = String(segment)
      let isLast = index &+ 1 == segments.count
      if let navigation = current.navigation(name) {
        if isLast { return .navigation(navigation) }
        guard let next = metadata?.entityTypes[navigation.targetEntityType] else { return .unknown }
        current = next
      } else if let property = current.property(name) {
        if isLast { return .property(property) }
        // Behind a property of a complex type there are names that are not kept.
        if case .other = property.type { return .unknown }
        throw .invalidArgument(
          argument, "\(MessageText.quoted(path)) goes on behind \(name), which is \(property.type.name)")
      } else {
        throw .invalidArgument(argument, unknown(name, of: current))
      }
    }
    return .unknown
  }

  private static func unknown(_ name: String, of type: EntityType) -> String {
    "\(type.name) has no property \(MessageText.quoted(name))"
      + NearNames.hint(name, in: type.properties.map(\.name) + type.navigations.map(\.name))
  }
}
