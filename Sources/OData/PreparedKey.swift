// SPDX-License-Identifier: Apache-2.0

import Basics

/// A key with a `?` for each parameter: "?" where it has one property, else "SalesOrder=?,SalesOrderItem=?".
package struct PreparedKey: Sendable {
  private struct Part: Sendable {
    /// nil for the short form.
    var name: String?
    /// nil for a `?`.
    var literal: String?
  }

  private let parts: [Part]
  private let parameterCount: Int

  /// Takes a key apart, or the arguments of an operation, which are written alike.
  /// - Parameter argument: what it is, for messages.
  /// - Throws: `.invalidArgument` with target "key" for text that is no key, with target "params" where the number of
  ///   `?` is another one.
  package init(_ text: String, parameterCount: Int, argument: String = "key") throws(S4Error) {
    let tokens = try FilterLexer.tokens(of: text, argument: argument, parameterCount: parameterCount)
    let bytes = Array(text.utf8)
    var parts: [Part] = []
    for piece in tokens.split(separator: FilterToken.Kind.comma, by: \.kind) {
      let value: FilterToken
      var name: String?
      switch piece.map(\.kind) {
      case [.parameter], [.literal]: value = piece[piece.startIndex]
      case [.name, .equals, .parameter], [.name, .equals, .literal]:
        name = String(decoding: bytes[piece[piece.startIndex].range], as: UTF8.self)
        value = piece[piece.startIndex &+ 2]
      default:
        throw .invalidArgument(
          argument, "\(MessageText.quoted(text)) is none; write \"?\", or \"SalesOrder=?,SalesOrderItem=?\"")
      }
      let literal = value.kind == .literal ? String(decoding: bytes[value.range], as: UTF8.self) : nil
      parts.append(Part(name: name, literal: literal))
    }
    self.parts = parts
    self.parameterCount = parameterCount
  }

  /// Writes the key as a path needs it.
  /// - Returns: "('1')" or "(SalesOrder='1',SalesOrderItem='10')", in the order of `$metadata`, percent-encoded.
  /// - Throws: `.invalidArgument`, target "key" where its properties are not exactly those of the type's key, target
  ///   "params" for a parameter that does not fit.
  package func render(_ parameters: [Parameter], type: EntityType) throws(S4Error) -> String {
    guard parameters.count == parameterCount else {
      throw .invalidArgument("params", "the key has \(parameterCount) \"?\" and \(parameters.count) parameters came")
    }
    var values: [String: String] = [:]
    var shortForm: String?
    var position = 0
    for part in parts {
      let name = part.name ?? (type.key.count == 1 ? type.key.first : nil) ?? ""
      guard type.key.contains(name), let property = type.property(name) else { throw mismatch(name, type) }
      var value = part.literal
      if value == nil, parameters.indices.contains(position) {
        guard parameters[position] != .null else {
          throw .invalidArgument("params", "parameter \(position &+ 1) is null, and a key has no null; give its value")
        }
        value = try parameters[position].literal(for: property, position: position &+ 1)
        position &+= 1
      }
      guard values.updateValue(value ?? "", forKey: name) == nil else { throw mismatch(name, type) }
      if part.name == nil { shortForm = value }
    }
    guard values.count == type.key.count, !values.isEmpty else { throw mismatch("", type) }
    let text = shortForm ?? type.key.map { $0 + "=" + (values[$0] ?? "") }.joined(separator: ",")
    return "(" + PercentEncoding.encode(text, for: .pathSegment) + ")"
  }

  /// Gives each name with its literal, as the parameters of an operation ask for it.
  /// - Throws: `.invalidArgument`, with target `argument` for a name that is none of them, or comes twice.
  func values(
    _ parameters: [Parameter], argument: String, of operation: String, among properties: [Property]
  ) throws(S4Error) -> [(name: String, literal: String)] {
    var given: [(name: String, literal: String)] = []
    var position = 0
    for part in parts {
      guard let property = properties.first(where: { $0.name == part.name ?? "" }) else {
        throw .invalidArgument(
          argument,
          "\(MessageText.quoted(part.name ?? "?")) is no parameter of \(operation)"
            + NearNames.hint(part.name ?? "", in: properties.map(\.name)))
      }
      guard !given.contains(where: { $0.name == property.name }) else {
        throw .invalidArgument(argument, "\(property.name) comes twice")
      }
      var literal = part.literal
      if literal == nil, parameters.indices.contains(position) {
        guard parameters[position] != .null else {
          throw .invalidArgument("params", "parameter \(position &+ 1) is null: leave \(property.name) out")
        }
        literal = try parameters[position].literal(for: property, position: position &+ 1)
        position &+= 1
      }
      given.append((property.name, literal ?? ""))
    }
    return given
  }

  private func mismatch(_ name: String, _ type: EntityType) -> S4Error {
    guard !type.key.isEmpty else { return .invalidArgument("key", "\(type.name) has no key to get a document by") }
    let wanted = type.key.count == 1 ? "?" : type.key.map { $0 + "=?" }.joined(separator: ",")
    let what =
      name.isEmpty || type.key.contains(name)
      ? "it does not name each property once" : "\(MessageText.quoted(name)) is no property of it"
    return .invalidArgument("key", "\(what); the key of \(type.name) is \"\(wanted)\"")
  }
}
