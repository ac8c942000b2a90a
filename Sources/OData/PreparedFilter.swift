// SPDX-License-Identifier: Apache-2.0

import Basics

/// A `$filter` with a `?` for each parameter: taken apart once, written with the types of `$metadata`.
package struct PreparedFilter: Sendable {
  private let bytes: [UInt8]
  private let tokens: [FilterToken]
  /// Paths of the properties that the filter names.
  private let paths: [String]
  /// What each `?` is compared with, in their order.
  private let sources: [FilterOperands.Source]

  /// Takes a filter apart.
  /// - Throws: `.invalidArgument` with target "filter" for text that is no filter, with target "params" where the
  ///   number of `?` is another one.
  package init(_ text: String, parameterCount: Int) throws(S4Error) {
    tokens = try FilterLexer.tokens(of: text, argument: "filter", parameterCount: parameterCount)
    bytes = Array(text.utf8)
    let operands = FilterOperands(tokens: tokens, bytes: bytes)
    paths = tokens.indices.filter(operands.isPath).compactMap { operands.names[$0] }
    sources = tokens.indices.filter { operands.tokens[$0].kind == .parameter }.map(operands.source)
  }

  /// Writes the filter with its parameters as literals. Everything else of it stays as it is.
  /// - Parameters:
  ///   - type: the type of the entity set that is read.
  ///   - metadata: where the types behind navigation properties are looked up; nil: what lies there is not checked.
  /// - Returns: the filter, not percent-encoded.
  /// - Throws: `.invalidArgument`, target "filter" for a property that does not exist, target "params" for a parameter
  ///   that does not fit the property that it is compared with.
  package func render(
    _ parameters: [Parameter], type: EntityType, in metadata: Metadata? = nil
  ) throws(S4Error) -> String {
    for path in paths { _ = try PropertyPath.resolve(path, from: type, in: metadata, argument: "filter") }
    guard parameters.count == sources.count else {
      throw .invalidArgument(
        "params", "the filter has \(sources.count) \"?\" and \(parameters.count) parameters came with it")
    }
    var rendered: [UInt8] = []
    var copied = 0
    var position = 0
    for token in tokens where token.kind == .parameter {
      guard parameters.indices.contains(position), sources.indices.contains(position) else { break }
      let property = try property(of: sources[position], type: type, metadata: metadata)
      let literal = try parameters[position].literal(for: property, position: position &+ 1)
      rendered += bytes[copied..<token.range.lowerBound]
      rendered += literal.utf8
      copied = token.range.upperBound
      position &+= 1
    }
    rendered += bytes[copied...]
    return String(decoding: rendered, as: UTF8.self)
  }

  private func property(
    of source: FilterOperands.Source, type: EntityType, metadata: Metadata?
  ) throws(S4Error) -> Property? {
    switch source {
    case .unknown: return nil
    case .type(let type, let function): return Property(name: function + "(…)", type: type)
    case .path(let path):
      let target = try PropertyPath.resolve(path, from: type, in: metadata, argument: "filter")
      if case .property(let property) = target { return property }
      return nil
    }
  }
}
