// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct DocumentTests {
  private func read(_ body: String) throws(S4Error) -> DocumentIndex {
    try bytes(body) { body throws(S4Error) in try Document.read(body, type: SalesOrders.order) }
  }

  @Test func documentAndETagAreFound() throws {
    let object =
      #"{"__metadata":{"type":"SO.OrderType","etag":"W/\"datetimeoffset'2005-10-24T15%3A36%3A52.0000000Z'\""},"#
      + #""SalesOrder":"1"}"#
    let body = #"{"d": \#(object) }"#
    let document = try read(body)
    #expect(String(decoding: Array(body.utf8)[document.object], as: UTF8.self) == object)
    #expect(document.etag == "W/\"datetimeoffset'2005-10-24T15%3A36%3A52.0000000Z'\"")
    #expect(document.partialExpansions == 0)
    #expect(try read(#"{"d":{"SalesOrder":"1"}}"#).etag == nil)
    #expect(try read(#"{"d":{"SalesOrder":"1","to_Item":{"results":[],"__next":"x"}}}"#).partialExpansions == 1)
  }

  @Test(arguments: [
    #"{"d":[{"SalesOrder":"1"}]}"#, #"{"d":{"results":[{"SalesOrder":"1"}]}}"#, #"{"d":{}}"#, #"{"d":null}"#, "{}", "",
    #"{"d":{"__metadata":{"type":"SO.ItemType"},"SalesOrder":"1"}}"#, #"{"d":{"SalesOrder":"1"}} x"#,
    #"{"d":{"SalesOrder":"1"},"d":{"SalesOrder":"1"}}"#, #"{"d":{"SalesOrder":"1""#,
  ])
  func whatIsNoDocumentOfThisTypeIsMalformed(body: String) {
    #expect(failure { () throws(S4Error) in try read(body) }?.code == .malformedAnswer)
  }

  @Test func anErrorThatComesAsSuccessIsSAPsError() {
    #expect(failure { () throws(S4Error) in try read(#"{"error":{"code":"X"}}"#) }?.sapCode == "X")
  }
}
