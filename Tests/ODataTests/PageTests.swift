// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct PageTests {
  private func read(_ body: String, type: EntityType = SalesOrders.order) throws(S4Error) -> PageIndex {
    try bytes(body) { body throws(S4Error) in try Page.read(body, type: type) }
  }

  private func rows(_ body: String, type: EntityType = SalesOrders.order) throws(S4Error) -> [String] {
    try read(body, type: type).rows.map { String(decoding: Array(body.utf8)[$0], as: UTF8.self) }
  }

  private func keyTexts(_ body: String, type: EntityType) throws(S4Error) -> [String?] {
    try bytes(body) { body throws(S4Error) in
      let page = try Page.read(body, type: type)
      return page.rows.indices.map { page.keyText(row: $0, of: body, type: type) }
    }
  }

  @Test func rowsAreTheObjectsThatSAPSent() throws {
    let body = #" {"d" : {"results":[ {"SalesOrder":"1","a":[1, {"b":"}"}]} , {"SalesOrder":"2"}]}} "#
    #expect(try rows(body) == [#"{"SalesOrder":"1","a":[1, {"b":"}"}]}"#, #"{"SalesOrder":"2"}"#])
    let page = try read(body)
    #expect(page.nextLink == nil)
    #expect(page.count == nil)
    #expect(page.partialExpansions == 0)
  }

  @Test func anEmptyPageIsAPage() throws {
    #expect(try rows(#"{"d":{"results":[]}}"#) == [])
    #expect(try rows(#"{"d":[]}"#) == [])
  }

  @Test func formOfVersion1IsReadToo() throws {
    #expect(try rows(#"{"d":[{"SalesOrder":"1"},{"SalesOrder":"2"}]}"#).count == 2)
  }

  @Test func linkAndCountComeBeforeOrBehindTheRows() throws {
    let behind = try read(#"{"d":{"results":[],"__next":"A?%24skiptoken=1000&a=\u00fc\/","__count":"4200"}}"#)
    #expect(behind.nextLink == "A?%24skiptoken=1000&a=ü/")
    #expect(behind.count == 4_200)
    let before = try read(#"{"d":{"__count":4200,"__next":"A?x","results":[{"SalesOrder":"1"}],"more":{}}}"#)
    #expect(before.nextLink == "A?x")
    #expect(before.count == 4_200)
    #expect(before.rows.count == 1)
    #expect(try read(#"{"d":{"results":[],"__next":null,"__count":null}}"#).nextLink == nil)
    // An empty link could be a cut one: it is kept, and NextLink refuses it.
    #expect(try read(#"{"d":{"results":[],"__next":""}}"#).nextLink == "")
  }

  @Test func unknownMembersAreTolerated() throws {
    #expect(try rows(#"{"x":[{}],"d":{"__delta":"x","results":[{"SalesOrder":"1"}]},"y":null}"#).count == 1)
  }

  @Test func keysAreToldApart() throws {
    let page = try read(
      #"{"d":[{"SalesOrder":"1"},{"SalesOrder":"2"},{"SalesOrder":"\u0031"},{"SalesOrder":"12"},{"SalesOrder":""}]}"#)
    #expect(page.keys.count == 5)
    #expect(page.keys[0] == page.keys[2])
    #expect(Set(page.keys).count == 4)
    let pairs = try read(
      #"{"d":[{"SalesOrder":"1","SalesOrderItem":"23"},{"SalesOrder":"12","SalesOrderItem":"3"}"#
        + #",{"SalesOrderItem":"23","SalesOrder":"1"}]}"#, type: SalesOrders.item)
    #expect(pairs.keys[0] != pairs.keys[1])
    #expect(pairs.keys[0] == pairs.keys[2])
  }

  @Test func keysAreWrittenAsODataText() throws {
    #expect(
      try keyTexts(#"{"d":[{"SalesOrder":"1"},{"SalesOrder":"O'N\u00e9il\/"}]}"#, type: SalesOrders.order)
        == ["SalesOrder='1'", "SalesOrder='O''Néil/'"])
    #expect(
      try keyTexts(#"{"d":[{"SalesOrderItem":"10","x":1,"SalesOrder":"1"}]}"#, type: SalesOrders.item)
        == ["SalesOrder='1',SalesOrderItem='10'"])
    let types: [EdmType] = [.int32, .int64, .decimal, .boolean, .guid, .dateTime, .dateTimeOffset, .time, .double]
    let names = types.indices.map { "K\($0)" }
    let type = EntityType(
      qualifiedName: "N.T", properties: zip(names, types).map { Property(name: $0, type: $1) }, key: names)
    let row =
      #"{"K0":5,"K1":"6","K2":"7.50","K3":true,"K4":"25fae728-0000-0000-0000-00000000abcd","#
      + #""K5":"\/Date(1130112000000)\/","#
      + #""K6":"/Date(1130168212000+0000)/","K7":"PT00H00M00S","K8":"1.5E+2"}"#
    #expect(
      try keyTexts(#"{"d":{"results":[\#(row)]}}"#, type: type) == [
        "K0=5,K1=6L,K2=7.50M,K3=true,K4=guid'25fae728-0000-0000-0000-00000000abcd',K5=datetime'2005-10-24T00:00:00',"
          + "K6=datetimeoffset'2005-10-24T15:36:52Z',K7=time'PT00H00M00S',K8=150d"
      ])
    try bytes(#"{"d":[{"SalesOrder":"1"}]}"#) { body throws(S4Error) in
      let page = try Page.read(body, type: SalesOrders.order)
      #expect(page.keyText(row: 1, of: body, type: SalesOrders.order) == nil)
      #expect(page.keyText(row: -1, of: body, type: SalesOrders.order) == nil)
    }
  }

  @Test func aggregatedRowsNeedNoKey() throws {
    let page = try read(#"{"d":{"results":[{"Amount":"1"},{"Amount":"1"}]}}"#, type: SalesOrders.line)
    #expect(page.rows.count == 2)
    #expect(page.keys == [])
    #expect(try keyTexts(#"{"d":[{"Amount":"1"}]}"#, type: SalesOrders.line) == [nil])
  }

  @Test func expandedCollectionsThatAreCutOffAreCounted() throws {
    let whole = #"{"d":[{"SalesOrder":"1","to_Item":{"results":[{"x":"\"__next\":"},{"x":"__next"}]}}]}"#
    #expect(try read(whole).partialExpansions == 0)
    let cut =
      #"{"d":{"results":[{"SalesOrder":"1","to_Item":{"results":[{"to_X":{"results":[],"__next" : "a"}}],"#
      + #""__next":"b"}},"#
      + #"{"SalesOrder":"2","to_Item":{"results":[],"__next":"c"}}],"__next":"A?x"}}"#
    #expect(try read(cut).partialExpansions == 3)
    #expect(
      try bytes(cut) { body throws(S4Error) in
        // The document's own wrapping is no row.
        NestedNextLinks.count(in: body)
      } == 4)
  }

  @Test(arguments: [
    "SO.OrderType", "OTHER.NAMESPACE.OrderType", "OrderType", #"SO.\u004frderType"#,
  ])
  func rowsOfTheAskedTypeAreTaken(name: String) throws {
    #expect(try rows(#"{"d":[{"__metadata":{"uri":"x","type":"\#(name)"},"SalesOrder":"1"}]}"#).count == 1)
  }

  @Test(arguments: ["SO.ItemType", "SO.OrderTypeX", "", "SO.OrderType.", "SO.orderType"])
  func rowsOfAnotherTypeAreRefused(name: String) {
    let body = #"{"d":[{"SalesOrder":"1"},{"__metadata":{"type":"\#(name)"},"SalesOrder":"1"}]}"#
    let error = failure { () throws(S4Error) in try read(body) }
    #expect(error?.code == .malformedAnswer)
    #expect(contains(error?.message ?? "", "not OrderType"))
    #expect(contains(error?.message ?? "", "row 2"))
  }

  @Test(arguments: [
    (#"{"d":[1]}"#, "row 1 is no JSON object"), (#"{"d":[null]}"#, "row 1 is no JSON object"),
    (#"{"d":[[]]}"#, "row 1 is no JSON object"),
    (#"{"d":{"results":[{"SalesOrder":"1"},"x"]}}"#, "row 2 is no JSON object"),
    (#"{"d":[{}]}"#, "SalesOrder is missing in row 1"),
    (#"{"d":[{"SalesOrder":null}]}"#, "SalesOrder has no value in row 1"),
    (#"{"d":[{"SalesOrder":{}}]}"#, "SalesOrder has no value in row 1"),
    (#"{"d":[{"SalesOrder":"1","SalesOrder":"2"}]}"#, "SalesOrder comes twice in row 1"),
    (#"{"d":[{"SalesOrder":"1","__metadata":[]}]}"#, "__metadata of row 1"),
    (#"{"d":{"results":{}}}"#, "\"results\" is no array"),
    (#"{"d":{"results":null}}"#, "\"results\" is no array"), (#"{"d":{}}"#, "no \"results\""),
    (#"{"d":{"SalesOrder":"1"}}"#, "no \"results\""), (#"{"d":null}"#, "neither rows nor an object"),
    (#"{"d":"x"}"#, "neither rows nor an object"), ("{}", "no \"d\""), (#"{"value":[]}"#, "no \"d\""),
    ("[]", "no object"),
    ("1", "no object"), (#"{"d":[],"d":[]}"#, "\"d\" twice"),
    (#"{"d":{"results":[],"results":[]}}"#, "\"results\" twice"),
    (#"{"d":{"results":[],"__next":"a","__next":"a"}}"#, "\"__next\" twice"),
    (#"{"d":{"results":[],"__next":"a","\u005f_next":"b"}}"#, "\"__next\" twice"),
    (#"{"d":{"results":[],"__next":null,"__next":"a"}}"#, "\"__next\" twice"),
    (#"{"d":{"results":[],"__count":"1","__count":"1"}}"#, "\"__count\" twice"),
    (#"{"d":{"results":[],"__next":1}}"#, "\"__next\" is no text"),
    (#"{"d":{"results":[],"__next":{}}}"#, "\"__next\" is no text"),
    (#"{"d":{"results":[],"__count":"x"}}"#, "\"__count\" is"),
    (#"{"d":{"results":[],"__count":""}}"#, "\"__count\" is"),
    (#"{"d":{"results":[],"__count":-1}}"#, "\"__count\" is"),
    (#"{"d":{"results":[],"__count":1.5}}"#, "\"__count\" is"),
    (#"{"d":{"results":[],"__count":[]}}"#, "\"__count\" is"),
    (#"{"d":{"results":[],"__count":"99999999999999999999999"}}"#, "\"__count\" is"), ("", "cut off"), (" ", "cut off"),
    (#"{"d":{"results":[{"SalesOrder":"1"}"#, "cut off"), (#"{"d":[]}x"#, "cut off"), (#"{"d":[]}{}"#, "cut off"),
    ("{\"d\":[{\"SalesOrder\":\"a\u{0}b\"}]}", "cut off"), (#"{"d":[{"SalesOrder":"\ud800"}]}"#, "cut off"),
    ("<html></html>", "cut off"),
  ])
  func whatIsNoPageIsMalformed(body: String, reason: String) {
    let error = failure { () throws(S4Error) in try read(body) }
    #expect(error?.code == .malformedAnswer)
    #expect(error?.outcome == .unknown)
    #expect(contains(error?.message ?? "", reason), "\(error?.message ?? "")")
  }

  @Test func aPageThatIsCutAnywhereDeliversNothing() throws {
    let whole = Array(
      #"{"d":{"results":[{"__metadata":{"type":"SO.OrderType"},"SalesOrder":"1","N":-1.5,"x":"ü\u00fc"}]}}"#
        .utf8)
    _ = try bytes(whole) { body throws(S4Error) in try Page.read(body, type: SalesOrders.order) }
    for length in 0..<whole.count {
      let error = failure { () throws(S4Error) in
        try bytes(Array(whole[..<length])) { body throws(S4Error) in try Page.read(body, type: SalesOrders.order) }
      }
      #expect(error?.code == .malformedAnswer, "cut after \(length) bytes")
    }
  }

  @Test func anErrorThatComesAsSuccessIsSAPsError() {
    let error = failure { () throws(S4Error) in
      try read(#"{"error":{"code":"SY/530","message":{"lang":"en","value":"No such thing"}}}"#)
    }
    #expect(error?.code == .serviceError)
    #expect(error?.sapCode == "SY/530")
    #expect(error?.httpStatus == 200)
    #expect(contains(error?.message ?? "", "No such thing"))
    #expect(failure { () throws(S4Error) in try read(#"{"d":[],"error":{"code":"X"}}"#) }?.sapCode == "X")
    #expect(failure { () throws(S4Error) in try read(#"{"d":[],"error":null}"#) } == nil)
  }

  @Test func bombsEndInAnError() {
    let nested = #"{"d":[{"SalesOrder":"1","x":"# + String(repeating: "[", count: 1_000_000)
    #expect(failure { () throws(S4Error) in try read(nested) }?.code == .malformedAnswer)
    let objects = #"{"d":"# + String(repeating: #"{"d":"#, count: 500_000)
    #expect(failure { () throws(S4Error) in try read(objects) }?.code == .malformedAnswer)
    let long = #"{"d":[{"SalesOrder":""# + String(repeating: "x", count: 10_000_000)
    #expect(failure { () throws(S4Error) in try read(long) }?.code == .malformedAnswer)
    #expect(failure { () throws(S4Error) in try read(long + #""}]}"#) } == nil)
  }

  @Test func invalidUTF8IsRefusedInEveryPlace() {
    for place in [
      #"{"d":[{"SalesOrder":"~"}]}"#, #"{"d":[{"SalesOrder":"1","~":1}]}"#, #"{"d":{"results":[],"__next":"~"}}"#,
    ] {
      let body = Array(place.utf8).flatMap { $0 == UInt8(ascii: "~") ? [0xC3, 0x28] : [$0] as [UInt8] }
      let error = failure { () throws(S4Error) in
        try bytes(body) { body throws(S4Error) in try Page.read(body, type: SalesOrders.order) }
      }
      #expect(contains(error?.message ?? "", "UTF-8"))
    }
  }
}
