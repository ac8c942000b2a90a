// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Basics

@Suite struct JSONReaderTests {
  /// Reads one whole value; nil where it is JSON, else why not.
  private func fault(in text: [UInt8]) -> JSONFault? {
    text.withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      do throws(JSONFault) {
        try reader.skipValue()
        try reader.finish()
        return nil
      } catch { return error }
    }
  }

  private func fault(in text: String) -> JSONFault? { fault(in: Array(text.utf8)) }

  private func read<Result>(_ text: String, _ body: (inout JSONReader) throws -> Result) rethrows -> Result {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var reader = JSONReader(bytes)
      return try body(&reader)
    }
  }

  @Test(arguments: [
    "{}", "[]", " [ ] ", "\t{ \r\n}", "null", "true", "false", "0", "-0", "-0.5", "1e5", "1E+05", "12.50e-3", "\"\"",
    #"{"a":{"b":[1,2,{"c":null}]},"d":"e"}"#, #""\"\\\/\b\f\n\r\t\u0041""#, #""\ud83d\ude00""#, "\"üß漢😀\"",
    "[[],[],{}]", #"[{"a":[]},{"b":{}}]"#, "1234567890123456789012345678901234567890",
  ])
  func jsonIsRead(text: String) {
    #expect(fault(in: text) == nil)
  }

  @Test(arguments: [
    "", " ", "{", "[", "}", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
    #"{"a" 1}"#, #"{a:1}"#, "{1:2}", "{null:1}", "[}", "{]", "tru", "True", "nul", "NaN", "Infinity", "01", "-", "+1",
    "1.", ".5", "1e", "1e+", "0x10", "1_000", "\"", "\"a", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "'a'",
    #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ude00""#, #""\ud83d\ud83d""#, "\"a\nb\"",
    "\"a\u{0}b\"", "\"\u{1F}\"", "[1]]", "{}{}", "null null", "[1]x", "/**/1", "\u{FEFF}1",
  ])
  func brokenJSONIsRefused(text: String) {
    #expect(fault(in: text) != nil)
  }

  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
      [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
    ] as [[UInt8]])
  func invalidUTF8IsRefusedWhereverItStands(sequence: [UInt8]) {
    // The scanner goes eight bytes at a time: the fault must be seen at every place in a block, and at the end.
    for lead in 0..<20 {
      for tail in [0, 1, 7, 8, 20] {
        let inside = [UInt8](repeating: 0x61, count: lead) + sequence + [UInt8](repeating: 0x62, count: tail)
        #expect(fault(in: [0x22] + inside + [0x22])?.reason.description == "a string is not valid UTF-8")
      }
    }
  }

  @Test func controlCharactersAndEscapesAreSeenAtEveryPlaceOfABlock() {
    for lead in 0..<20 {
      let plain = [UInt8](repeating: 0x61, count: lead)
      for control in UInt8(0)..<0x20 {
        #expect(fault(in: [0x22] + plain + [control, 0x22])?.offset == lead + 1)
      }
      #expect(fault(in: [0x22] + plain + [0x7F, 0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7E, 0x22]) == nil)
      let escaped = String(decoding: plain, as: UTF8.self) + #"\"end"#
      read("\"" + escaped + "\"") { reader in
        let string = try? reader.readString()
        #expect(string?.hasEscapes == true)
        #expect(string.map { reader.text($0) } == String(decoding: plain, as: UTF8.self) + "\"end")
      }
    }
  }

  @Test func aTextThatEndsAnywhereIsRefused() {
    let whole = Array(#"{"a":["ü😀\u00fc\ud83d\ude00x",-12.5e+3,true,false,null],"b":{"c":""}}"#.utf8)
    #expect(fault(in: whole) == nil)
    for length in 0..<whole.count {
      #expect(fault(in: Array(whole[..<length])) != nil, "cut after \(length) bytes")
    }
  }

  @Test func depthIsBounded() {
    let deepest = JSONReader.maximumDepth
    #expect(fault(in: String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest)) == nil)
    #expect(
      fault(in: String(repeating: "[", count: deepest + 1) + String(repeating: "]", count: deepest + 1))
        == JSONFault(offset: deepest, reason: "objects and arrays are nested too deeply"))
    #expect(fault(in: String(repeating: "[", count: 1_000_000)) != nil)
    #expect(fault(in: String(repeating: #"{"a":"#, count: 1_000_000)) != nil)
  }

  @Test func mixedNestingClosesInItsOwnKind() {
    #expect(fault(in: #"[{"a":[{"b":[]}]}]"#) == nil)
    #expect(fault(in: #"[{"a":[{"b":[}]}]}]"#) != nil)
    #expect(fault(in: #"{"a":[1,2}"#) != nil)
    #expect(fault(in: #"[{"a":1]"#) != nil)
  }

  @Test func membersComeInTheirOrder() throws {
    try read(#" { "a" : 1.50 , "b" : [ true , null ] , "c" : "x\ty" } "#) { reader in
      #expect(try reader.peek() == .object)
      try reader.beginObject()
      var key = try reader.nextKey()
      #expect(key.map { reader.isText($0, "a") } == true)
      let number = try reader.readNumber()
      #expect(String(decoding: reader.bytes[number], as: UTF8.self) == "1.50")
      key = try reader.nextKey()
      #expect(key.map { reader.isText($0, "a") } == false)
      try reader.beginArray()
      #expect(try reader.nextElement())
      #expect(try reader.readBoolean())
      #expect(try reader.nextElement())
      try reader.readNull()
      #expect(try !reader.nextElement())
      _ = try reader.nextKey()
      #expect(try reader.peek() == .string)
      #expect(reader.text(try reader.readString()) == "x\ty")
      #expect(try reader.nextKey() == nil)
      try reader.finish()
    }
  }

  @Test func skippedValueIsItsTextWithoutWhitespaceAround() throws {
    try read(#"[ {"a": [1 , 2]} , "x" ]"#) { reader in
      try reader.beginArray()
      _ = try reader.nextElement()
      let object = try reader.skipValue()
      #expect(String(decoding: reader.bytes[object], as: UTF8.self) == #"{"a": [1 , 2]}"#)
      _ = try reader.nextElement()
      let string = try reader.skipValue()
      #expect(String(decoding: reader.bytes[string], as: UTF8.self) == "\"x\"")
    }
  }

  @Test func escapesAreUndone() throws {
    try read(#""\u00e9\u20AC\ud83d\ude00\/\"\\\b\f\n\r\t\u0000""#) { reader in
      let text = reader.text(try reader.readString())
      #expect(Array(text.unicodeScalars) == Array("é€😀/\"\\\u{8}\u{C}\n\r\t\u{0}".unicodeScalars))
    }
  }

  @Test func escapedNamesAreComparedAsTheyAreMeant() throws {
    try read(#"{"\u0064":1,"\u0065":2}"#) { reader in
      try reader.beginObject()
      let first = try reader.nextKey()
      #expect(first.map { reader.isText($0, "d") } == true)
      try reader.skipValue()
      let second = try reader.nextKey()
      #expect(second.map { reader.isText($0, "d") } == false)
    }
  }

  @Test func mutatedTextNeverTraps() {
    var random = Randomness(seed: 1)
    let seeds = [
      #"{"d":{"results":[{"a":"\/Date(1)\/","b":null,"c":[1,-2.5e3,true]}],"__next":"x\u00fc"}}"#,
      "\"ü漢😀\\ud83d\\ude00\"",
    ].map { Array($0.utf8) }
    for _ in 0..<20_000 {
      var text = seeds.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
        let place = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[place] = UInt8.random(in: 0...255, using: &random)
        case 1: text.remove(at: place)
        case 2: text.insert(contentsOf: text[place...].prefix(7), at: place)
        default: text.removeSubrange(place...)
        }
      }
      // What passes as JSON is valid UTF-8 too.
      if fault(in: text) == nil { #expect(String(validating: text, as: UTF8.self) != nil) }
      text.withUnsafeBytes { bytes in
        var plain: [UInt8] = []
        JSONReader.unescape(bytes, into: &plain)
      }
    }
  }
}
