// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct PreparedKeyTests {
  private func render(_ text: String, _ parameters: Parameter..., type: EntityType) throws(S4Error) -> String {
    try PreparedKey(text, parameterCount: parameters.count).render(parameters, type: type)
  }

  @Test func keyOfOnePropertyHasAShortForm() throws {
    #expect(try render("?", .text("1"), type: SalesOrders.order) == "('1')")
    #expect(try render(" ? ", .text("1"), type: SalesOrders.order) == "('1')")
    #expect(try render("SalesOrder=?", .text("1"), type: SalesOrders.order) == "(SalesOrder='1')")
    #expect(try render("'1'", type: SalesOrders.order) == "('1')")
  }

  @Test func partsComeInTheOrderOfMetadata() throws {
    let type = SalesOrders.item
    #expect(
      try render("SalesOrder=?,SalesOrderItem=?", .text("1"), .text("10"), type: type)
        == "(SalesOrder='1',SalesOrderItem='10')")
    #expect(
      try render("SalesOrderItem = ? , SalesOrder = ?", .text("10"), .text("1"), type: type)
        == "(SalesOrder='1',SalesOrderItem='10')")
    #expect(
      try render("SalesOrderItem='10',SalesOrder=?", .text("1"), type: type) == "(SalesOrder='1',SalesOrderItem='10')")
  }

  @Test func keyIsPercentEncodedForAPath() throws {
    #expect(
      try render("?", .text("a/b?c#d%e f;g&h+i'ü\n"), type: SalesOrders.order)
        == "('a%2Fb%3Fc%23d%25e%20f%3Bg%26h%2Bi''%C3%BC%0A')")
    let dated = EntityType(qualifiedName: "N.T", properties: [Property(name: "At", type: .dateTime)], key: ["At"])
    #expect(try render("?", .date("2026-10-24"), type: dated) == "(datetime'2026-10-24T00%3A00%3A00')")
  }

  @Test(
    arguments: [
      ("?", [.text("1")], "key"), ("SalesOrder=?", [.text("1")], "key"),
      ("SalesOrder=?,Wrong=?", [.text("1"), .text("2")], "key"),
      ("SalesOrder=?,SalesOrder=?", [.text("1"), .text("2")], "key"), ("?,?", [.text("1"), .text("2")], "key"),
      ("SalesOrder=?,?", [.text("1"), .text("2")], "key"),
      ("SalesOrder=?,SalesOrderItem=?,Material=?", [.text("1"), .text("2"), .text("3")], "key"), ("", [], "key"),
      ("(?)", [.text("1")], "key"),
      ("SalesOrder=?,", [.text("1")], "key"), (",SalesOrder=?", [.text("1")], "key"), ("SalesOrder", [], "key"),
      ("SalesOrder==?", [.text("1")], "key"), ("SalesOrder=?)/x(", [.text("1")], "key"),
      ("SalesOrder eq ?", [.text("1")], "key"),
      ("SalesOrder='1", [], "key"), ("SalesOrder=?/../x", [.text("1")], "key"), ("SalesOrder=?", [], "params"),
      ("SalesOrder=?,SalesOrderItem=?", [.text("1"), .integer(10)], "params"),
      ("SalesOrder=?,SalesOrderItem=?", [.text("1"), .null], "params"), ("?", [.text("1"), .text("2")], "params"),
    ] as [(String, [Parameter], String)])
  func otherKeysAreRefused(text: String, parameters: [Parameter], target: String) {
    let error = failure { () throws(S4Error) in
      try PreparedKey(text, parameterCount: parameters.count).render(parameters, type: SalesOrders.item)
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == target)
  }

  @Test func messageNamesTheKeyThatIsWanted() {
    #expect(
      failure { () throws(S4Error) in try render("Order=?", .text("1"), type: SalesOrders.item) }?.message
        == "key: \"Order\" is no property of it; the key of ItemType is \"SalesOrder=?,SalesOrderItem=?\"")
    let keyless = EntityType(qualifiedName: "N.T", properties: [Property(name: "A", type: .string)])
    #expect(failure { () throws(S4Error) in try render("A=?", .text("1"), type: keyless) }?.target == "key")
    #expect(failure { () throws(S4Error) in try render("?", .text("1"), type: keyless) }?.target == "key")
  }
}
