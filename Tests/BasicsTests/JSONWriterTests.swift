// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Basics

@Suite struct JSONWriterTests {
  @Test func commasStandBetweenMembersOnly() {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("id", "nordvik")
      writer.member("generation", 1)
      writer.member("has_ca", true)
      writer.member("scope", nil as String?)
      writer.key("empty")
      writer.object { _ in }
      writer.key("list")
      writer.array { writer in
        writer.integer(-5)
        writer.array { _ in }
        writer.null()
        writer.object { $0.member("a", false) }
        writer.string("x")
      }
      writer.key("raw")
      writer.raw("[1]")
    }
    #expect(
      writer.text
        == #"{"id":"nordvik","generation":1,"has_ca":true,"scope":null,"empty":{},"#
        + #""list":[-5,[],null,{"a":false},"x"],"raw":[1]}"#)
  }

  @Test func nothingWrittenIsNothing() {
    #expect(JSONWriter().text == "")
  }

  @Test func everyTextComesBackAsItWas() throws {
    var random = Randomness(seed: 2)
    var texts = ["", "\"", "\\", "\u{0}\u{1F}\u{7F}", "a\nb\r\tc", "üß漢😀", "\u{2028}", "</script>"]
    for _ in 0..<500 {
      var text = ""
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        let scalar = Unicode.Scalar(UInt32.random(in: 0...0x2_0000, using: &random))
        text.unicodeScalars.append(scalar ?? "x")
      }
      texts.append(text)
    }
    for text in texts {
      var writer = JSONWriter()
      writer.object { $0.member(text, text) }
      let back = try Array(writer.text.utf8).withUnsafeBytes { bytes in
        var reader = JSONReader(bytes)
        try reader.beginObject()
        let key = try reader.nextKey().map { reader.text($0) }
        let value = reader.text(try reader.readString())
        _ = try reader.nextKey()
        try reader.finish()
        return [key, value]
      }
      // Compared by bytes: == would call different spellings of a letter the same.
      #expect(back.map { Array(($0 ?? "").utf8) } == [Array(text.utf8), Array(text.utf8)])
    }
  }
}
