// SPDX-License-Identifier: Apache-2.0

import Basics

/// Takes a filter or key apart, without knowing what its names mean.
struct FilterLexer {
  static let maximumSize = 64 << 10
  static let maximumDepth = 64

  private let bytes: [UInt8]
  /// "filter", "key" or "arguments", for messages: an equals sign stands in none but the first.
  private let argument: String
  private var position = 0
  private var depth = 0

  /// - Throws: `.invalidArgument` where the text has control characters, unbalanced quotes or parentheses, characters
  ///   that stand in no filter, or passes 64 KiB or 64 levels; and where the number of `?` is not `parameterCount`.
  static func tokens(of text: String, argument: String, parameterCount: Int) throws(S4Error) -> [FilterToken] {
    guard text.utf8.count <= maximumSize else {
      throw .invalidArgument(argument, "it has \(text.utf8.count) bytes, and \(maximumSize) is the most; split it")
    }
    var lexer = FilterLexer(bytes: Array(text.utf8), argument: argument)
    var tokens: [FilterToken] = []
    while let token = try lexer.next() { tokens.append(token) }
    guard lexer.depth == 0 else { throw lexer.fault("a parenthesis is open at its end; close it") }
    guard !tokens.isEmpty else { throw lexer.fault("it is empty; leave it out") }
    let found = tokens.count { $0.kind == .parameter }
    guard found == parameterCount else {
      throw .invalidArgument(
        "params", "the \(argument) has \(found) \"?\" and \(parameterCount) parameters came with it")
    }
    return tokens
  }

  private init(bytes: [UInt8], argument: String) {
    self.bytes = bytes
    self.argument = argument
  }

  private mutating func next() throws(S4Error) -> FilterToken? {
    while byte(at: position) == UInt8(ascii: " ") { position &+= 1 }
    guard let first = byte(at: position) else { return nil }
    let start = position
    position &+= 1
    switch first {
    case UInt8(ascii: "?"):
      // 'a'?'b' would become one literal of three.
      guard isBoundary(byte(at: start &- 1)), isBoundary(byte(at: position)) else {
        throw fault("the \"?\" at byte \(start) touches its neighbour; put spaces around it", at: start)
      }
      return FilterToken(kind: .parameter, range: start..<position)
    case UInt8(ascii: "'"):
      try skipQuoted(from: start)
      return FilterToken(kind: .literal, range: start..<position)
    case UInt8(ascii: "("):
      depth &+= 1
      guard depth <= Self.maximumDepth else {
        throw fault("its parentheses are nested more than \(Self.maximumDepth) deep", at: start)
      }
      return FilterToken(kind: .open, range: start..<position)
    case UInt8(ascii: ")"):
      guard depth > 0 else { throw fault("the \")\" at byte \(start) closes nothing", at: start) }
      depth &-= 1
      return FilterToken(kind: .close, range: start..<position)
    case UInt8(ascii: ","): return FilterToken(kind: .comma, range: start..<position)
    case UInt8(ascii: "=") where argument != "filter": return FilterToken(kind: .equals, range: start..<position)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
      skipWord()
      return FilterToken(kind: .literal, range: start..<position)
    case _ where isWord(first):
      skipWord()
      guard byte(at: position) == UInt8(ascii: "'") else {
        return FilterToken(kind: .name, range: start..<position)
      }
      position &+= 1
      try skipQuoted(from: start)
      return FilterToken(kind: .literal, range: start..<position)
    default:
      throw fault(
        "byte \(start) is none that stands in a \(argument) outside quotes; write it plain, not encoded", at: start)
    }
  }

  /// Moves behind the closing quote; a doubled quote is one of the text. Source: OData V2 Overview, section 6.
  private mutating func skipQuoted(from start: Int) throws(S4Error) {
    while let next = byte(at: position) {
      guard next >= 0x20, next != 0x7F else {
        throw fault("a control character is at byte \(position); pass such text as a parameter", at: position)
      }
      position &+= 1
      guard next == UInt8(ascii: "'") else { continue }
      guard byte(at: position) == UInt8(ascii: "'") else { return }
      position &+= 1
    }
    throw fault("the quote at byte \(start) is not closed; a quote inside text is written twice", at: start)
  }

  private mutating func skipWord() {
    while let next = byte(at: position), isWord(next) { position &+= 1 }
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "/"), 0x80...:
      true
    default: false
    }
  }

  private func isBoundary(_ byte: UInt8?) -> Bool {
    switch byte {
    case nil, UInt8(ascii: " "), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","): true
    case UInt8(ascii: "="): argument != "filter"
    default: false
    }
  }

  private func byte(at index: Int) -> UInt8? {
    bytes.indices.contains(index) ? bytes[index] : nil
  }

  private func fault(_ message: String, at index: Int = 0) -> S4Error {
    // What stands around the place, without what comes long before it.
    let excerpt = String(decoding: bytes.dropFirst(max(0, index &- 12)).prefix(40), as: UTF8.self)
    return .invalidArgument(argument, message + (excerpt.isEmpty ? "" : ": " + MessageText.quoted(excerpt)))
  }
}
