// SPDX-License-Identifier: Apache-2.0

/// Where and why a text is not JSON. `offset` is in bytes from its beginning.
package struct JSONFault: Error, Equatable, Sendable {
  package var offset: Int
  package var reason: StaticString

  package init(offset: Int, reason: StaticString) {
    self.offset = offset
    self.reason = reason
  }

  package static func == (left: JSONFault, right: JSONFault) -> Bool {
    left.offset == right.offset && left.reason.description == right.reason.description
  }
}

/// A string as it stands in a JSON text: the bytes between its quotes, checked for form but not yet unescaped.
package struct JSONString: Equatable, Sendable {
  /// Range in the text, without the quotes.
  package var range: Range<Int>
  package var hasEscapes: Bool
}

/// Reads a JSON text in place, value by value, without building a tree. Strict: UTF-8, RFC 8259 grammar, a depth limit.
///
/// Every read is checked against the buffer's end; no text, however made, can trap. Each value is read exactly once:
/// `beginObject` then `nextKey` until nil, and after each key exactly one value (`skipValue` at least).
/// Source: RFC 8259.
package struct JSONReader {
  package enum Kind: Equatable, Sendable { case object, array, string, number, boolean, null }

  package static let maximumDepth = 64

  package let bytes: UnsafeRawBufferPointer
  package internal(set) var position = 0
  var depth = 0
  /// The container that was just begun has had no member yet.
  var isAtStart = false

  /// - Parameter bytes: the text; it outlives the reader.
  package init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Tells the kind of the value that comes next, without reading it.
  package mutating func peek() throws(JSONFault) -> Kind {
    skipWhitespace()
    guard let byte = current else { throw fault("the text ends where a value should be") }
    switch byte {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    default: throw fault("no value begins with this byte")
    }
  }

  package mutating func beginObject() throws(JSONFault) {
    try begin(UInt8(ascii: "{"), "an object should be here")
  }

  package mutating func beginArray() throws(JSONFault) {
    try begin(UInt8(ascii: "["), "an array should be here")
  }

  /// Reads the next member's name of the object that was begun last.
  /// - Returns: nil when the object has ended.
  package mutating func nextKey() throws(JSONFault) -> JSONString? {
    guard try nextMember(closing: UInt8(ascii: "}")) else { return nil }
    skipWhitespace()
    let key = try readString()
    skipWhitespace()
    guard current == UInt8(ascii: ":") else { throw fault("a colon should follow the member's name") }
    position &+= 1
    return key
  }

  /// Moves to the next element of the array that was begun last.
  /// - Returns: false when the array has ended.
  package mutating func nextElement() throws(JSONFault) -> Bool {
    try nextMember(closing: UInt8(ascii: "]"))
  }

  /// Reads a string value.
  package mutating func readString() throws(JSONFault) -> JSONString {
    skipWhitespace()
    guard current == UInt8(ascii: "\"") else { throw fault("a string should be here") }
    position &+= 1
    let start = position
    let hasEscapes = try scanString()
    return JSONString(range: start..<(position &- 1), hasEscapes: hasEscapes)
  }

  /// Reads true or false.
  package mutating func readBoolean() throws(JSONFault) -> Bool {
    skipWhitespace()
    if current == UInt8(ascii: "t") {
      try expect("true")
      return true
    }
    try expect("false")
    return false
  }

  package mutating func readNull() throws(JSONFault) {
    skipWhitespace()
    try expect("null")
  }

  /// Reads a number and gives its text's range.
  package mutating func readNumber() throws(JSONFault) -> Range<Int> {
    skipWhitespace()
    let start = position
    try scanNumber()
    return start..<position
  }

  /// Reads any value, checked through and through, and gives its text's range.
  @discardableResult
  package mutating func skipValue() throws(JSONFault) -> Range<Int> {
    skipWhitespace()
    let start = position
    let outer = depth
    repeat {
      // One value, or one step inside a container that this loop has entered.
      switch try peek() {
      case .object:
        try beginObject()
      case .array:
        try beginArray()
      case .string: _ = try readString()
      case .number: try scanNumber()
      case .boolean: _ = try readBoolean()
      case .null: try readNull()
      }
      // Leave every container that ends here; stop at the next value of one that does not.
      while depth > outer, try !enterNext() {}
    } while depth > outer
    return start..<position
  }

  /// Checks that nothing but white space is left.
  package mutating func finish() throws(JSONFault) {
    skipWhitespace()
    guard position == bytes.count else { throw fault("the text goes on after its value") }
  }

  package func fault(_ reason: StaticString) -> JSONFault {
    JSONFault(offset: position, reason: reason)
  }

  // Which kind of container is open at each depth, a bit each: 1 is an object. `maximumDepth` is the width.
  private var kinds: UInt64 = 0

  @inline(__always)
  private var current: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func begin(_ opening: UInt8, _ reason: StaticString) throws(JSONFault) {
    skipWhitespace()
    guard current == opening else { throw fault(reason) }
    guard depth < Self.maximumDepth else { throw fault("objects and arrays are nested too deeply") }
    kinds = kinds << 1 | (opening == UInt8(ascii: "{") ? 1 : 0)
    depth &+= 1
    position &+= 1
    isAtStart = true
  }

  private mutating func nextMember(closing: UInt8) throws(JSONFault) -> Bool {
    skipWhitespace()
    if current == closing {
      position &+= 1
      depth &-= 1
      kinds >>= 1
      isAtStart = false
      return false
    }
    if !isAtStart {
      guard current == UInt8(ascii: ",") else { throw fault("a comma or the end should follow the value") }
      position &+= 1
      skipWhitespace()
      // "[1,]" is no JSON.
      if current == closing { throw fault("a value should follow the comma") }
    }
    isAtStart = false
    return true
  }

  private mutating func enterNext() throws(JSONFault) -> Bool {
    kinds & 1 == 1 ? try nextKey() != nil : try nextElement()
  }

  private mutating func expect(_ literal: StaticString) throws(JSONFault) {
    let count = literal.utf8CodeUnitCount
    guard bytes.count &- position >= count else { throw fault("the text ends inside a value") }
    for index in 0..<count where bytes[position &+ index] != literal.utf8Start[index] {
      throw fault("no value is spelled like this")
    }
    position &+= count
  }

  @inline(__always)
  private mutating func skipWhitespace() {
    // Most of what comes from machines has none.
    if position < bytes.count, bytes[position] > 0x20 { return }
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0A, 0x0D, 0x09: position &+= 1
      default: return
      }
    }
  }
}
