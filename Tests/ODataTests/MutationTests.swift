// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import OData

/// Valid input with a few bytes changed: never a trap, never a hang, and what passes keeps its promises.
@Suite struct MutationTests {
  private static func mutate(_ text: [UInt8], _ random: inout Randomness) -> [UInt8] {
    var text = text
    for _ in 0..<Int.random(in: 1...4, using: &random) where !text.isEmpty {
      let place = Int.random(in: 0..<text.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: text[place] = UInt8.random(in: 0...255, using: &random)
      case 1: text[place] = Array("\"\\{}[],:<>&'()?#/%;0e-".utf8).randomElement(using: &random) ?? 0
      case 2: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...9, using: &random)))
      case 3: text.insert(contentsOf: text[place...].prefix(30), at: Int.random(in: 0...place, using: &random))
      case 4: text.swapAt(place, Int.random(in: 0..<text.count, using: &random))
      default: if Int.random(in: 0..<4, using: &random) == 0 { text.removeSubrange(place...) }
      }
    }
    return text
  }

  @Test func pagesAndDocuments() {
    var random = Randomness(seed: 7)
    let row =
      #"{"__metadata":{"uri":"x","type":"SO.OrderType","etag":"W/\"1\""},"SalesOrder":"1","TotalNetAmount":"2656.24","#
      + #""CreationDate":"\/Date(1130112000000+0000)\/","IsBlocked":false,"Ratio":1.5E3,"#
      + #""to_Item":{"results":[],"__next":"x"}}"#
    let page = Array(#"{"d":{"results":[\#(row),\#(row)],"__next":"A?$skiptoken=1","__count":"2"}}"#.utf8)
    let document = Array(#"{"d":\#(row)}"#.utf8)
    var read = 0
    for _ in 0..<20_000 {
      bytes(Self.mutate(page, &random)) { body in
        guard let index = try? Page.read(body, type: SalesOrders.order) else { return }
        read += 1
        #expect(index.keys.count == index.rows.count)
        for (number, row) in index.rows.enumerated() {
          #expect(body[row].first == UInt8(ascii: "{") && body[row].last == UInt8(ascii: "}"))
          #expect(index.keyText(row: number, of: body, type: SalesOrders.order)?.hasPrefix("SalesOrder=") == true)
          for property in SalesOrders.order.properties {
            let field = try? RowReader.field(property.name, inRow: row, of: body, type: SalesOrders.order)
            #expect(field != nil)
          }
        }
      }
      bytes(Self.mutate(document, &random)) { body in
        guard let index = try? Document.read(body, type: SalesOrders.order) else { return }
        #expect(body[index.object].first == UInt8(ascii: "{") && body[index.object].last == UInt8(ascii: "}"))
      }
    }
    #expect(read > 1_000)
  }

  @Test func metadata() {
    var random = Randomness(seed: 8)
    let whole = Array(SalesOrders.metadata.utf8)
    var read = 0
    for _ in 0..<3_000 {
      let parsed = bytes(Self.mutate(whole, &random)) { try? Metadata.parse($0) }
      guard let parsed else { continue }
      read += 1
      for type in parsed.entityTypes.values { #expect(type.key.allSatisfy { type.property($0) != nil }) }
    }
    #expect(read > 100)
  }

  @Test func operationsAndDocumentsOfV4() throws {
    var random = Randomness(seed: 10)
    let whole = Array(OperationTests.v4.utf8)
    let document = Array(
      #"{"@odata.context":"$metadata#Bill/$entity","@odata.etag":"W/\"1\"","Id":"x","Count":5}"#.utf8)
    let wrapped = Array(#"{"d":{"Post":{"__metadata":{"type":"a.b"},"Id":"\u0041","results":[1]}}}"#.utf8)
    let service = try ServicePath("/sap/x/0001")
    let arguments = try PreparedKey("Language='EN',On=?", parameterCount: 1, argument: "arguments")
    var called = 0
    for _ in 0..<5_000 {
      let parsed = bytes(Self.mutate(whole, &random)) { try? Metadata.parse($0) }
      for operation in parsed?.operations ?? [] {
        let target = try? operation.target(service: service, place: nil, arguments: arguments, [.date("2026-11-23")])
        guard let target else { continue }
        called += 1
        #expect(target.utf8.allSatisfy { 0x21...0x7E ~= $0 } && target.hasPrefix("/sap/x/0001/"))
      }
      bytes(Self.mutate(document, &random)) { body in
        guard let index = try? Document.read4(body) else { return }
        #expect(body[index.object].first == UInt8(ascii: "{") && body[index.object].last == UInt8(ascii: "}"))
      }
      bytes(Self.mutate(wrapped, &random)) { body in
        guard let range = try? Document.result(body, of: "Post"), let first = body[range].first else { return }
        #expect(first == UInt8(ascii: "{") || first == UInt8(ascii: "["))
      }
    }
    #expect(called > 500)
  }

  @Test func errorBodies() {
    var random = Randomness(seed: 9)
    let seeds = [
      #"{"error":{"code":"A/1","message":{"lang":"en","value":"x"},"innererror":{"#
        + #""errordetails":[{"code":"B","message":"y"}]}}}"#,
      "<?xml version=\"1.0\"?><error><code>A/1</code><message>x</message></error>", "<html><body>x</body></html>",
      "plain text",
    ].map { Array($0.utf8) }
    for _ in 0..<10_000 {
      let body = Self.mutate(seeds.randomElement(using: &random) ?? [], &random)
      let status = [200, 400, 401, 404, 500, 503].randomElement(using: &random) ?? 400
      let error = bytes(body) { AnswerError.from(status: status, contentType: "", body: $0, target: "/x") }
      #expect(!error.message.isEmpty && !error.message.utf8.contains { $0 < 0x20 || $0 == 0x7F })
      #expect(error.message.utf8.count < 4_096)
      _ = bytes(body) { AnswerError.unexpectedContent(contentType: "", body: $0, target: "/x") }
    }
  }
}
