// SPDX-License-Identifier: Apache-2.0

import Basics
import TestSupport
import Testing

@testable import OData

@Suite struct PreparedFilterTests {
  private func render(_ text: String, _ parameters: Parameter..., type: EntityType = SalesOrders.order) throws(S4Error)
    -> String
  {
    try PreparedFilter(text, parameterCount: parameters.count).render(parameters, type: type, in: SalesOrders.service)
  }

  @Test func parametersTakeTheTypeOfWhatTheyAreComparedWith() throws {
    #expect(
      try render(
        "SalesOrder eq ? and (CreationDate ge ? or ? lt TotalNetAmount) and not (IsBlocked eq ?)", .text("O'Neil"),
        .date("2026-10-24"), .integer(5), .boolean(true))
        == "SalesOrder eq 'O''Neil' and (CreationDate ge datetime'2026-10-24T00:00:00' or 5M lt TotalNetAmount) "
        + "and not (IsBlocked eq true)")
  }

  @Test(
    arguments: [
      ("substringof(?,SalesOrder)", .text("a"), "substringof('a',SalesOrder)"),
      ("substringof(?, tolower(SalesOrder)) eq true", .text("a"), "substringof('a', tolower(SalesOrder)) eq true"),
      ("startswith(SalesOrder,?)", .text("a"), "startswith(SalesOrder,'a')"),
      ("endswith(SalesOrder, ? )", .text("a"), "endswith(SalesOrder, 'a' )"),
      ("length(SalesOrder) eq ?", .integer(5), "length(SalesOrder) eq 5"),
      ("? eq length(SalesOrder)", .integer(5), "5 eq length(SalesOrder)"),
      ("tolower(SalesOrder) eq ?", .text("a"), "tolower(SalesOrder) eq 'a'"),
      ("day(CreationDate) eq ?", .integer(5), "day(CreationDate) eq 5"),
      ("month(CreationDate) eq ?", .integer(5), "month(CreationDate) eq 5"),
      ("year(CreationDate) eq ?", .integer(2026), "year(CreationDate) eq 2026"),
      ("substring(SalesOrder, ?) eq 'x'", .integer(1), "substring(SalesOrder, 1) eq 'x'"),
      ("substring(SalesOrder, 1, ?) eq 'x'", .integer(1), "substring(SalesOrder, 1, 1) eq 'x'"),
      ("indexof(SalesOrder, ?) eq 0", .text("1"), "indexof(SalesOrder, '1') eq 0"),
      ("round(TotalNetAmount) eq ?", .integer(5), "round(TotalNetAmount) eq 5M"),
      ("TotalNetAmount add ? gt 10", .integer(5), "TotalNetAmount add 5M gt 10"),
      ("TotalNetAmount add 5 gt ?", .integer(5), "TotalNetAmount add 5 gt 5M"),
      ("(TotalNetAmount) gt ?", .integer(5), "(TotalNetAmount) gt 5M"),
      ("((TotalNetAmount)) gt ((?))", .integer(5), "((TotalNetAmount)) gt ((5M))"),
      ("to_Item/RequestedQuantity gt ?", .integer(5), "to_Item/RequestedQuantity gt 5M"),
      ("Address/City eq ?", .text("x"), "Address/City eq 'x'"),
      ("substringof('a',SalesOrder) eq ?", .boolean(true), "substringof('a',SalesOrder) eq true"),
      ("? eq ?", .integer(1), "1 eq 1"), ("TotalNetAmount gt ? sub 1", .integer(5), "TotalNetAmount gt 5M sub 1"),
      ("Long eq 1 or Long eq ?", .integer(5), "Long eq 1 or Long eq 5L"),
    ] as [(String, Parameter, String)])
  func eachFormOfComparisonIsUnderstood(text: String, parameter: Parameter, rendered: String) throws {
    let count = text.utf8.count { $0 == UInt8(ascii: "?") }
    let filter = try PreparedFilter(text, parameterCount: count)
    let parameters = Array(repeating: parameter, count: count)
    #expect(try filter.render(parameters, type: SalesOrders.order, in: SalesOrders.service) == rendered)
  }

  @Test(
    arguments: [
      ("Counter eq ?", .text("x")), ("length(SalesOrder) eq ?", .text("x")), ("substringof(?,SalesOrder)", .integer(1)),
      ("? gt TotalNetAmount", .date("2026-10-24")), ("year(CreationDate) eq ?", .decimal("1.5")),
      ("to_Item/RequestedQuantity gt ?", .decimal("0.12345")),
    ] as [(String, Parameter)])
  func parameterThatDoesNotFitIsRefused(text: String, parameter: Parameter) {
    #expect(failure { () throws(S4Error) in try render(text, parameter) }?.target == "params")
  }

  @Test func navigationPathsAreTypedOnlyWhereMetadataIsAtHand() throws {
    let filter = try PreparedFilter("to_Item/RequestedQuantity gt ?", parameterCount: 1)
    #expect(try filter.render([.integer(5)], type: SalesOrders.order) == "to_Item/RequestedQuantity gt 5")
    let error = failure { () throws(S4Error) in try render("to_Item/Quantity gt 1") }
    #expect(error?.target == "filter")
  }

  @Test(arguments: [
    "SalesOrder eq 'a?b' and Counter eq 5", "CreationDate ge datetime'2026-10-24T00:00:00'", "Raw eq X'00FF'",
    "TotalNetAmount gt -12.50M", "SalesOrder eq 'it''s' or SalesOrder eq ''", "not IsBlocked", "true",
    "IsBlocked eq null",
    "SalesOrder eq 'ü&%+#;=\"'", "isof('SO.OrderType')", "cast(Counter,Edm.Int64) eq 5L", "  SalesOrder  eq  '1'  ",
    "Ratio eq 1.5E3d",
  ])
  func literalsOfTheTextStayUntouched(text: String) throws {
    #expect(try render(text) == text)
  }

  @Test func unknownPropertyIsNamedWithThoseSpelledAlike() {
    let error = failure { () throws(S4Error) in try render("SalesOrdr eq 'x'") }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "filter")
    #expect(error?.message == "filter: OrderType has no property \"SalesOrdr\"; did you mean SalesOrder?")
    #expect(
      failure { () throws(S4Error) in try render("creationdate ge ?", .date("2026-10-24")) }?.message
        == "filter: OrderType has no property \"creationdate\"; did you mean CreationDate or CreationTime?")
    #expect(
      failure { () throws(S4Error) in try render("Nonsense123456 eq 1") }?.message
        == "filter: OrderType has no property \"Nonsense123456\"")
    #expect(failure { () throws(S4Error) in try render("SalesOrder/x eq 1") }?.target == "filter")
    #expect(failure { () throws(S4Error) in try render("to_Item//x eq 1") }?.target == "filter")
    #expect(failure { () throws(S4Error) in try render("SalesOrder EQ 'x'") }?.target == "filter")
  }

  @Test(arguments: [
    "", " ", "(", ")", "a eq (1", "a eq 1)", "a eq 'x", "a eq ''x'", "a eq '", "a\u{0} eq 1", "a eq 'x\u{0}'",
    "a eq 1\n",
    "a\teq 1", "a eq 'x\u{7F}'", "a eq 1&$top=5", "a eq %27x%27", "a eq \"x\"", "a = 1", "a eq 1;", "a eq #",
    "a eq [1]", "a eq {1}",
    "a\\b eq 1", "$it/a eq 1", "a eq @p", "a*b", "a+b", "a<b", "a!b", "a|b", "a^b", "`a`", "a:b",
  ])
  func textThatIsNoFilterIsRefused(text: String) {
    let error = failure { () throws(S4Error) in try PreparedFilter(text, parameterCount: 0) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "filter")
    #expect(error?.message.utf8.contains { $0 < 0x20 } == false)
  }

  @Test(arguments: ["'a'?", "?'a'", "??", "a?", "?a", "datetime?", "1?", "?.5", "-?"])
  func parameterMustStandFree(text: String) {
    // 'a'? with a text would become one literal.
    let count = text.utf8.count { $0 == UInt8(ascii: "?") }
    #expect(failure { () throws(S4Error) in try PreparedFilter(text, parameterCount: count) }?.target == "filter")
  }

  @Test func numberOfParametersMustBeThatOfThePlaceholders() {
    for (text, count) in [("a eq ?", 0), ("a eq ?", 2), ("a eq '?'", 1), ("a eq 1", 1), ("a eq ?", -1)] {
      #expect(failure { () throws(S4Error) in try PreparedFilter(text, parameterCount: count) }?.target == "params")
    }
    #expect(
      failure { () throws(S4Error) in
        try PreparedFilter("Counter eq ?", parameterCount: 1).render([], type: SalesOrders.order)
      }?.target == "params")
  }

  @Test func lengthAndDepthAreBounded() {
    let long = "SalesOrder eq '" + String(repeating: "x", count: 70_000) + "'"
    #expect(failure { () throws(S4Error) in try PreparedFilter(long, parameterCount: 0) }?.target == "filter")
    let deep = String(repeating: "(", count: 65) + "true" + String(repeating: ")", count: 65)
    #expect(failure { () throws(S4Error) in try PreparedFilter(deep, parameterCount: 0) }?.target == "filter")
    let deepest = String(repeating: "(", count: 64) + "true" + String(repeating: ")", count: 64)
    #expect(failure { () throws(S4Error) in try PreparedFilter(deepest, parameterCount: 0) } == nil)
  }

  @Test func manyParametersAreRenderedInReasonableTime() throws {
    let text = Array(repeating: "SalesOrder eq ?", count: 3_000).joined(separator: " or ")
    let filter = try PreparedFilter(text, parameterCount: 3_000)
    let clock = ContinuousClock()
    let took = try clock.measure {
      let rendered = try filter.render(Array(repeating: .text("1"), count: 3_000), type: SalesOrders.order)
      #expect(rendered.utf8.count == text.utf8.count + 6_000)
    }
    #expect(took < .seconds(2))
  }

  @Test func textCannotLeaveItsLiteral() throws {
    var random = Randomness(seed: 4)
    let alphabet = Array("'?() abeq=&%\\\"\n\u{0}ü'")
    let filter = try PreparedFilter("SalesOrder eq ? and Counter eq 5", parameterCount: 1)
    for _ in 0..<5_000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...12, using: &random) { text.append(alphabet.randomElement(using: &random) ?? "'") }
      guard let rendered = try? filter.render([.text(text)], type: SalesOrders.order) else {
        #expect(text.utf8.contains(0))
        continue
      }
      // Reading the literal as a server does gives the text back, and the rest is what it was.
      let body = Array(rendered.utf8).dropFirst("SalesOrder eq ".utf8.count)
      var plain: [UInt8] = []
      var index = body.startIndex + 1
      while index < body.endIndex {
        if body[index] == UInt8(ascii: "'") {
          guard index + 1 < body.endIndex, body[index + 1] == UInt8(ascii: "'") else { break }
          index += 1
        }
        plain.append(body[index])
        index += 1
      }
      #expect(plain == Array(text.utf8))
      #expect(Array(body[(index + 1)...]) == Array(" and Counter eq 5".utf8))
    }
  }

  @Test func mutatedFiltersNeverTrap() {
    var random = Randomness(seed: 5)
    let pieces = [
      "SalesOrder", "Counter", "to_Item/RequestedQuantity", " eq ", " and ", "?", "(", ")", ",", "'", "''", " ",
      "length(", "5",
      "-", "datetime'", "substringof(", "/", ".", "ü", "add", "\u{0}", "not ",
    ]
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...14, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let count = text.utf8.count { $0 == UInt8(ascii: "?") }
      if let filter = try? PreparedFilter(text, parameterCount: count) {
        _ = try? filter.render(
          Array(repeating: .integer(1), count: count), type: SalesOrders.order, in: SalesOrders.service)
      }
      if let key = try? PreparedKey(text, parameterCount: count) {
        _ = try? key.render(Array(repeating: .text("1"), count: count), type: SalesOrders.item)
      }
    }
  }
}
