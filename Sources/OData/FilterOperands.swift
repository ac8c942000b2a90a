// SPDX-License-Identifier: Apache-2.0

/// Tells with what each `?` of a filter is compared, from the tokens around it.
struct FilterOperands {
  /// What a `?` takes its type from.
  enum Source: Equatable, Sendable {
    /// A property, by its path.
    case path(String)
    /// A function of a known result: "length", or an argument of one.
    case type(EdmType, of: String)
    case unknown
  }

  static let comparisons: Set<String> = ["eq", "ne", "gt", "ge", "lt", "le"]
  static let arithmetics: Set<String> = ["add", "sub", "mul", "div", "mod"]
  static let otherWords: Set<String> = ["and", "or", "not", "true", "false", "null"]
  private static let connectives: Set<String> = comparisons.union(arithmetics)

  let tokens: [FilterToken]
  /// The tokens' texts, of those that are names.
  let names: [String?]
  /// For each parenthesis, the index of its partner.
  private let partners: [Int?]

  init(tokens: [FilterToken], bytes: [UInt8]) {
    self.tokens = tokens
    names = tokens.map { token in
      guard token.kind == .name else { return nil }
      return String(decoding: bytes[token.range], as: UTF8.self)
    }
    var partners: [Int?] = Array(repeating: nil, count: tokens.count)
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      if token.kind == .open { open.append(index) }
      if token.kind == .close, let start = open.popLast() {
        partners[start] = index
        partners[index] = start
      }
    }
    self.partners = partners
  }

  /// Tells what the `?` at this token is compared with.
  func source(ofParameterAt index: Int) -> Source {
    var first = index
    var last = index
    // (?) is ?: look at what stands around the parentheses.
    while kind(first &- 1) == .open, kind(last &+ 1) == .close, name(first &- 2).map(isOperator) ?? true {
      first &-= 1
      last &+= 1
    }
    if kind(first &- 1) == .open || kind(first &- 1) == .comma, kind(last &+ 1) == .close || kind(last &+ 1) == .comma {
      return argumentSource(at: first)
    }
    var source = Source.unknown
    if let word = name(first &- 1), Self.connectives.contains(word) { source = operand(endingAt: first &- 2) }
    if source == .unknown, let word = name(last &+ 1), Self.connectives.contains(word) {
      source = operand(beginningAt: last &+ 2)
    }
    return source
  }

  /// Says whether the name at this token is that of a property: no operator, no function, no type.
  func isPath(at index: Int) -> Bool {
    guard let name = name(index), !isOperator(name), !Self.otherWords.contains(name) else { return false }
    // Edm.Int64 in a cast; a property's name has no dot.
    return kind(index &+ 1) != .open && !name.contains(".")
  }

  func isOperator(_ name: String) -> Bool {
    Self.connectives.contains(name) || name == "and" || name == "or" || name == "not"
  }

  private func operand(endingAt index: Int) -> Source {
    var end = index
    while true {
      let found = term(endingAt: end)
      if found.source != .unknown { return found.source }
      // `Price add 5 eq ?`: the number says nothing, what it is added to does.
      guard let before = found.start, let word = name(before &- 1), Self.arithmetics.contains(word) else {
        return .unknown
      }
      end = before &- 2
    }
  }

  private func operand(beginningAt index: Int) -> Source {
    guard let kind = kind(index) else { return .unknown }
    if kind == .name, self.kind(index &+ 1) == .open, let close = partners[index &+ 1] {
      return term(endingAt: close).source
    }
    if kind == .open, let close = partners[index] { return term(endingAt: close).source }
    return kind == .name ? term(endingAt: index).source : .unknown
  }

  /// Tells the type of the name, literal, call or group that ends at this token, and where it begins.
  private func term(endingAt index: Int) -> (source: Source, start: Int?) {
    guard let kind = kind(index) else { return (.unknown, nil) }
    switch kind {
    case .name: return (isPath(at: index) ? .path(name(index) ?? "") : .unknown, index)
    case .literal, .parameter: return (.unknown, index)
    case .close:
      guard let open = partners[index] else { return (.unknown, nil) }
      guard let function = name(open &- 1), !isOperator(function) else {
        // ((Price)) is Price.
        var (inner, last) = (open &+ 1, index &- 1)
        while inner < last, partners[inner] == last { (inner, last) = (inner &+ 1, last &- 1) }
        return (inner == last && isPath(at: inner) ? .path(name(inner) ?? "") : .unknown, open)
      }
      return (result(of: function, argument: open &+ 1), open &- 1)
    case .open, .comma, .equals: return (.unknown, nil)
    }
  }

  /// Source: OData V2 URI Conventions, section 4.5 "Filter System Query Option".
  private func result(of function: String, argument: Int) -> Source {
    switch function {
    case "length", "indexof", "day", "month", "year", "hour", "minute", "second": .type(.int32, of: function)
    case "tolower", "toupper", "trim", "concat", "substring", "replace": .type(.string, of: function)
    case "substringof", "startswith", "endswith": .type(.boolean, of: function)
    case "round", "floor", "ceiling": isPath(at: argument) ? .path(name(argument) ?? "") : .unknown
    default: .unknown
    }
  }

  private func argumentSource(at index: Int) -> Source {
    var position = 0
    var at = index &- 1
    // No function has more than three arguments.
    while position < 3, let kind = kind(at) {
      switch kind {
      case .comma: position &+= 1
      case .close: at = partners[at] ?? at
      case .open:
        switch (name(at &- 1), position) {
        case ("substring", 1...): return .type(.int32, of: "substring")
        case ("substringof", _), ("startswith", _), ("endswith", _), ("indexof", _), ("replace", _), ("concat", _),
          ("tolower", _), ("toupper", _), ("trim", _), ("length", _), ("substring", _):
          return .type(.string, of: name(at &- 1) ?? "")
        default: return .unknown
        }
      default: break
      }
      at &-= 1
    }
    return .unknown
  }

  private func kind(_ index: Int) -> FilterToken.Kind? {
    tokens.indices.contains(index) ? tokens[index].kind : nil
  }

  private func name(_ index: Int) -> String? {
    names.indices.contains(index) ? names[index] : nil
  }
}
