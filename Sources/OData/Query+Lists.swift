// SPDX-License-Identifier: Apache-2.0

import Basics

extension Query {
  private static let maximumSize = 64 << 10

  /// Checks a `$select` list, and completes it with what the read needs: the key's properties (not for aggregated rows,
  /// whose grain they would change) and the navigation properties that are expanded, which V2 leaves out otherwise.
  /// - Parameters:
  ///   - text: names, separated by commas; nil: all properties.
  ///   - expand: the `$expand` list of the same read.
  ///   - metadata: where the types behind navigation properties are looked up; nil: what lies there is not checked.
  /// - Returns: the list without spaces; nil for all properties.
  /// - Throws: `.invalidArgument` with target "select".
  /// - Source: OData V2 URI Conventions, section 4.8 "Select System Query Option".
  package static func select(
    _ text: String?, expand: String? = nil, type: EntityType, in metadata: Metadata? = nil
  ) throws(S4Error) -> String? {
    guard let text else { return nil }
    var items: [String] = []
    for item in try names(in: text, argument: "select") where !items.contains(item) {
      if item != "*" {
        // to_Item/* stands for what is behind to_Item.
        let path = item.hasSuffix("/*") ? String(item.dropLast(2)) : item
        let target = try PropertyPath.resolve(path, from: type, in: metadata, argument: "select")
        if path != item, case .property = target {
          throw .invalidArgument("select", "\(MessageText.quoted(path)) is a plain property; select it without /*")
        }
      }
      items.append(item)
    }
    if type.hasKey, !items.contains("*") { items += type.key.filter { !items.contains($0) } }
    if let expand {
      for path in try names(in: expand, argument: "expand") {
        if let missing = selection(of: path, missingIn: items) { items.append(missing) }
      }
    }
    return items.joined(separator: ",")
  }

  /// Checks an `$expand` list.
  /// - Returns: the list without spaces; nil for none.
  /// - Throws: `.invalidArgument` with target "expand".
  package static func expand(
    _ text: String?, type: EntityType, in metadata: Metadata? = nil
  ) throws(S4Error) -> String? {
    guard let text else { return nil }
    var items: [String] = []
    for item in try names(in: text, argument: "expand") where !items.contains(item) {
      if case .property(let property) = try PropertyPath.resolve(item, from: type, in: metadata, argument: "expand") {
        throw .invalidArgument(
          "expand", "\(MessageText.quoted(item)) is of type \(property.type.name) and no navigation property; select it"
        )
      }
      items.append(item)
    }
    return items.joined(separator: ",")
  }

  /// Checks an `$orderby` list, and ends it with the key: only in a total order pages neither overlap nor leave gaps.
  /// - Parameter text: "CreationDate desc, SalesOrder"; nil: by the key alone. Where the type has no key, or it is not
  ///   sortable, nothing is added.
  /// - Returns: the list with single spaces; nil for the service's own order.
  /// - Throws: `.invalidArgument` with target "orderby".
  package static func orderby(
    _ text: String?, type: EntityType, in metadata: Metadata? = nil
  ) throws(S4Error) -> String? {
    let isSortable = type.key.allSatisfy { type.property($0)?.isSortable == true }
    let key = type.hasKey && isSortable ? type.key : []
    guard let text else { return key.isEmpty ? nil : key.joined(separator: ",") }
    var items: [String] = []
    var named: Set<Substring> = []
    for item in try split(text, argument: "orderby") {
      let words = item.split(separator: " ")
      guard let path = words.first, words.count <= 2, isPath(path), words.dropFirst().allSatisfy(isDirection) else {
        throw .invalidArgument(
          "orderby", "\(MessageText.quoted(item)) is no order; write a property, then \"asc\" or \"desc\" or nothing")
      }
      _ = try PropertyPath.resolve(String(path), from: type, in: metadata, argument: "orderby")
      items.append(words.joined(separator: " "))
      named.insert(path)
    }
    return (items + key.filter { !named.contains($0[...]) }).joined(separator: ",")
  }

  private static func isDirection(_ word: Substring) -> Bool { word == "asc" || word == "desc" }

  /// What is to be selected so that an expanded path comes; nil where it is selected already.
  private static func selection(of path: String, missingIn items: [String]) -> String? {
    let isCovered = items.contains { $0 == path || $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
    guard !isCovered, let first = path.split(separator: "/").first else { return nil }
    // Selecting to_Item selects all of it; where parts of it are selected, only the path itself adds nothing else.
    return items.contains { $0.hasPrefix(first + "/") } ? path : String(first)
  }

  private static func names(in text: String, argument: String) throws(S4Error) -> [String] {
    var found: [String] = []
    for item in try split(text, argument: argument) {
      let isAll = argument == "select" && (item == "*" || item.hasSuffix("/*"))
      guard isPath(isAll ? item.dropLast(item == "*" ? 1 : 2) : item) || item == "*" && isAll else {
        throw .invalidArgument(
          argument, "\(MessageText.quoted(item)) is no name; write names with commas between them, \"to_Item/Material\""
        )
      }
      found.append(String(item))
    }
    return found
  }

  private static func split(_ text: String, argument: String) throws(S4Error) -> [Substring] {
    guard text.utf8.count <= maximumSize else {
      throw .invalidArgument(argument, "it has \(text.utf8.count) bytes, and \(maximumSize) is the most")
    }
    return text.split(separator: ",", omittingEmptySubsequences: false).map { item in
      var trimmed = item.drop { $0 == " " }
      while trimmed.last == " " { trimmed.removeLast() }
      return trimmed
    }
  }

  private static func isPath(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"), 0x80...:
          true
        default: false
        }
      }
  }
}
