// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct QueryTests {
  private let order = SalesOrders.order

  @Test func requestTargetIsEncodedOnce() {
    let query = Query(
      filter: "SalesOrder eq 'O''Neil & Söhne+100%#;='", select: "SalesOrder,to_Item/Material", expand: "to_Item",
      orderby: "CreationDate desc,SalesOrder", top: 5, count: true)
    #expect(
      query.requestTarget(path: "/x/A_SalesOrder")
        == "/x/A_SalesOrder?$filter=SalesOrder%20eq%20%27O%27%27Neil%20%26%20S%C3%B6hne%2B100%25%23%3B%3D%27"
        + "&$select=SalesOrder,to_Item/Material&$expand=to_Item&$orderby=CreationDate%20desc,SalesOrder&$top=5"
        + "&$inlinecount=allpages")
    #expect(Query().requestTarget(path: "/x/A") == "/x/A")
    #expect(Query(top: .max).requestTarget(path: "/x/A") == "/x/A?$top=18446744073709551615")
  }

  @Test func noByteThatCouldEndALineOrAnOptionStays() {
    let all = String(String.UnicodeScalarView((0..<0x300).compactMap { Unicode.Scalar($0) }))
    let target = Query(filter: all).requestTarget(path: "/x")
    let value = target.utf8.dropFirst("/x?$filter=".utf8.count)
    #expect(value.allSatisfy { 0x21...0x7E ~= $0 && !"&#'\"<>+;=?\\".utf8.contains($0) })
    #expect(
      PercentEncoding.encode(all, for: .pathSegment).utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x2F && $0 != 0x3F })
  }

  @Test func selectGetsTheKey() throws {
    #expect(try Query.select(nil, type: order) == nil)
    #expect(try Query.select("CreationDate", type: order) == "CreationDate,SalesOrder")
    #expect(try Query.select(" SalesOrder , CreationDate,SalesOrder ", type: order) == "SalesOrder,CreationDate")
    #expect(try Query.select("*", type: order) == "*")
    #expect(
      try Query.select("RequestedQuantity", type: SalesOrders.item) == "RequestedQuantity,SalesOrder,SalesOrderItem")
  }

  @Test func selectOfAggregatedRowsKeepsItsGrain() throws {
    #expect(try Query.select("Amount", type: SalesOrders.line) == "Amount")
  }

  @Test func selectGetsWhatIsExpanded() throws {
    let service = SalesOrders.service
    #expect(try Query.select("SalesOrder", expand: "to_Item", type: order) == "SalesOrder,to_Item")
    #expect(try Query.select("SalesOrder", expand: "to_Item/to_Order", type: order) == "SalesOrder,to_Item")
    #expect(try Query.select("*", expand: "to_Item", type: order) == "*,to_Item")
    #expect(try Query.select("SalesOrder,to_Item", expand: "to_Item/to_Order", type: order) == "SalesOrder,to_Item")
    #expect(
      try Query.select("SalesOrder,to_Item/SalesOrderItem", expand: "to_Item", type: order, in: service)
        == "SalesOrder,to_Item/SalesOrderItem")
    #expect(
      try Query.select("SalesOrder,to_Item/SalesOrderItem", expand: "to_Item/to_Order", type: order, in: service)
        == "SalesOrder,to_Item/SalesOrderItem,to_Item/to_Order")
    #expect(try Query.select("SalesOrder,to_Item/*", expand: "to_Item", type: order) == "SalesOrder,to_Item/*")
    #expect(try Query.select(nil, expand: "to_Item", type: order) == nil)
  }

  @Test func expandTakesNavigationPropertiesOnly() throws {
    #expect(try Query.expand(nil, type: order) == nil)
    #expect(try Query.expand("to_Item, to_Item/to_Order", type: order) == "to_Item,to_Item/to_Order")
    #expect(failure { () throws(S4Error) in try Query.expand("SalesOrder", type: order) }?.target == "expand")
    #expect(failure { () throws(S4Error) in try Query.expand("*", type: order) }?.target == "expand")
    #expect(
      failure { () throws(S4Error) in try Query.expand("to_Items", type: order) }?.message
        == "expand: OrderType has no property \"to_Items\"; did you mean to_Item?")
    #expect(
      failure { () throws(S4Error) in try Query.expand("to_Item/to_X", type: order, in: SalesOrders.service) }?.target
        == "expand")
    #expect(try Query.expand("to_Item/to_X", type: order) == "to_Item/to_X")
  }

  @Test func orderIsThatOfTheKeyWhereNoneIsAskedFor() throws {
    #expect(try Query.orderby(nil, type: order) == "SalesOrder")
    #expect(try Query.orderby(nil, type: SalesOrders.item) == "SalesOrder,SalesOrderItem")
    #expect(try Query.orderby(nil, type: SalesOrders.line) == nil)
    let unsortable = EntityType(
      qualifiedName: "N.T", properties: [Property(name: "A", type: .string, isSortable: false)], key: ["A"])
    #expect(try Query.orderby(nil, type: unsortable) == nil)
    #expect(try Query.orderby(nil, type: EntityType(qualifiedName: "N.T", properties: [])) == nil)
  }

  @Test func ownOrderEndsWithTheKey() throws {
    #expect(try Query.orderby("CreationDate desc", type: order) == "CreationDate desc,SalesOrder")
    #expect(try Query.orderby("SalesOrder desc", type: order) == "SalesOrder desc")
    #expect(
      try Query.orderby("SalesOrderItem", type: SalesOrders.item) == "SalesOrderItem,SalesOrder")
  }

  @Test func orderbyIsNormalised() throws {
    #expect(
      try Query.orderby(" CreationDate   desc ,SalesOrder asc, Counter", type: order)
        == "CreationDate desc,SalesOrder asc,Counter")
  }

  @Test(arguments: [
    "", " ", ",", "SalesOrder,", "SalesOrder desc asc", "SalesOrder DESC", "SalesOrder up", "desc desc", "Unknown",
    "SalesOrder;",
    "SalesOrder&$top=1", "SalesOrder\n", "tolower(SalesOrder)", "SalesOrder'", "SalesOrder%20desc", "*",
  ])
  func otherOrdersAreRefused(text: String) {
    let error = failure { () throws(S4Error) in try Query.orderby(text, type: order) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "orderby")
  }

  @Test(arguments: [
    "", " ", ",", "SalesOrder,", "Sales Order", "Unknown", "SalesOrder&$top=1", "SalesOrder\n", "SalesOrder\u{0}", "/",
    "/SalesOrder",
    "SalesOrder/", "SalesOrder/*", "**", "*/SalesOrder", "to_Item//x", "SalesOrder'", "$count",
  ])
  func otherSelectionsAreRefused(text: String) {
    let error = failure { () throws(S4Error) in try Query.select(text, type: order) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "select")
  }

  @Test func listsAreBounded() {
    let long = String(repeating: "SalesOrder,", count: 7_000) + "SalesOrder"
    #expect(failure { () throws(S4Error) in try Query.select(long, type: order) }?.target == "select")
    #expect(failure { () throws(S4Error) in try Query.orderby(long, type: order) }?.target == "orderby")
    let path = Array(repeating: "to_Item", count: 17).joined(separator: "/")
    #expect(failure { () throws(S4Error) in try Query.expand(path, type: order) }?.target == "expand")
  }
}
