// SPDX-License-Identifier: Apache-2.0

import Basics

/// What a service can do beside reading and writing documents: a function import of OData V2, or a function or action of
/// V4. Source: MC-CSDL section 2.1.20; OData CSDL XML 4.01, sections 12 and 13.
package struct Operation: Sendable {
  /// How it stands in a path: "releaseApprovalRequest"; of one that is bound the qualified name.
  package let name: String
  package let version: Metadata.Version
  /// It may change something. All else is read with GET.
  package var hasEffect: Bool { verb != "GET" }
  /// "GET", "POST", or of OData V2 what it declares.
  package let verb: String
  /// The entity type that it belongs to; nil: it stands by itself.
  package let boundTo: Binding?
  package let parameters: [Property]
  /// Type of its result as the document has it: "API_SALES_ORDER_SRV.FunctionResult".
  package let returnType: String

  package struct Binding: Hashable, Sendable {
    package let type: String
    package let isCollection: Bool
  }

  /// Writes the place of a call.
  /// - Parameters:
  ///   - place: what it is bound to, as `ServicePath.path` gives it; nil: nothing.
  ///   - arguments: nil: none.
  /// - Throws: `.invalidArgument` with target "arguments" or "params".
  package func target(
    service: ServicePath, place: String?, arguments: PreparedKey?, _ values: [Parameter]
  ) throws(S4Error) -> String {
    let given = try arguments?.values(values, argument: "arguments", of: name, among: parameters) ?? []
    let path = (place.map { $0 + "/" } ?? service.root) + PercentEncoding.encode(name, for: .pathSegment)
    guard version == .v4 else {
      let query = given.map { $0.name + "=" + PercentEncoding.encode($0.literal, for: .queryValue) }
      return query.isEmpty ? path : path + "?" + query.joined(separator: "&")
    }
    guard !hasEffect else {
      guard given.isEmpty else {
        throw .invalidArgument("arguments", "\(name) is an action, whose parameters are members of the body")
      }
      return path
    }
    let list = given.map { $0.name + "=" + $0.literal }.joined(separator: ",")
    return path + "(" + PercentEncoding.encode(list, for: .pathSegment) + ")"
  }
}

extension Metadata {
  /// Finds an operation by its name, of one that is bound also without its namespace.
  /// - Parameter entitySet: what it is bound to; nil: nothing.
  /// - Throws: `.notFound` with target "operation", naming those that are spelled alike; `.notFound` with target
  ///   "entity_set".
  package func operation(named name: String, entitySet: String?) throws(S4Error) -> Operation {
    let type = try entitySet.map { (set) throws(S4Error) in try entityType(ofSet: set) }
    let all = operations.filter { $0.boundTo?.type == type?.qualifiedName }
    if let found = all.first(where: { $0.name == name })
      ?? all.first(where: { EntityType.localName(of: $0.name) == name })
    {
      return found
    }
    let place = type.map { "\($0.name) has" } ?? "the service has, bound to nothing,"
    throw S4Error(
      .notFound,
      "\(place) no operation \(MessageText.quoted(name))"
        + NearNames.hint(name, in: all.map { String(EntityType.localName(of: $0.name)) }),
      target: "operation")
  }
}
