// SPDX-License-Identifier: Apache-2.0

import Basics
import Testing

@testable import OData

@Suite struct ParameterTests {
  private func literal(_ parameter: Parameter, _ property: String) throws(S4Error) -> String {
    try parameter.literal(for: SalesOrders.order.property(property))
  }

  @Test(
    arguments: [
      (.text("1"), "SalesOrder", "'1'"), (.text(""), "SalesOrder", "''"), (.text("O'Neil"), "SalesOrder", "'O''Neil'"),
      (.text("'' or 1 eq 1"), "SalesOrder", "''''' or 1 eq 1'"), (.text("ü&+%\n😀"), "SalesOrder", "'ü&+%\n😀'"),
      (.text("longer than ten characters"), "SalesOrder", "'longer than ten characters'"),
      (.decimal("12.50"), "TotalNetAmount", "12.50M"), (.decimal("-0.001"), "TotalNetAmount", "-0.001M"),
      (.decimal("9999999999999.999"), "TotalNetAmount", "9999999999999.999M"),
      (.decimal("0012.5000000"), "TotalNetAmount", "0012.5000000M"), (.integer(5), "TotalNetAmount", "5M"),
      (.integer(-5), "TotalNetAmount", "-5M"), (.integer(5), "Counter", "5"),
      (.integer(Int64(Int32.min)), "Counter", "-2147483648"), (.integer(255), "Small", "255"),
      (.integer(-128), "Signed", "-128"), (.integer(32_767), "Short", "32767"), (.integer(5), "Long", "5L"),
      (.integer(.min), "Long", "-9223372036854775808L"), (.integer(2), "Ratio", "2d"),
      (.decimal("2.5"), "Ratio", "2.5d"),
      (.integer(2), "Share", "2f"), (.decimal("2.5"), "Share", "2.5f"), (.boolean(true), "IsBlocked", "true"),
      (.boolean(false), "IsBlocked", "false"), (.date("2026-10-24"), "CreationDate", "datetime'2026-10-24T00:00:00'"),
      (.date("2024-02-29"), "CreationDate", "datetime'2024-02-29T00:00:00'"),
      (.date("9999-12-31"), "CreationDate", "datetime'9999-12-31T00:00:00'"),
      (.date("0001-01-01"), "CreationDate", "datetime'0001-01-01T00:00:00'"),
      (.dateTime("2026-10-24T09:30:00"), "CreationDate", "datetime'2026-10-24T09:30:00'"),
      (.dateTime("2026-10-24T09:30:00Z"), "CreationDate", "datetime'2026-10-24T09:30:00'"),
      (.dateTime("2026-10-24T01:30:00+02:00"), "CreationDate", "datetime'2026-10-23T23:30:00'"),
      (.dateTime("2026-10-24T09:30:00.1234567Z"), "CreationDate", "datetime'2026-10-24T09:30:00.1234567'"),
      (.dateTime("2026-10-24T09:30:00Z"), "LastChangeDateTime", "datetimeoffset'2026-10-24T09:30:00Z'"),
      (.dateTime("2026-12-31T23:30:00.50-01:00"), "LastChangeDateTime", "datetimeoffset'2027-01-01T00:30:00.5Z'"),
      (.dateTime("2026-10-24T09:30:00+05:45"), "LastChangeDateTime", "datetimeoffset'2026-10-24T03:45:00Z'"),
      (.time("09:30:00"), "CreationTime", "time'PT09H30M00S'"),
      (.time("23:59:59"), "CreationTime", "time'PT23H59M59S'"),
      (
        .guid("25fae728-0000-0000-0000-00000000ABCD"), "UUID", "guid'25fae728-0000-0000-0000-00000000ABCD'"
      ), (.null, "SalesOrder", "null"), (.null, "TotalNetAmount", "null"),
    ] as [(Parameter, String, String)])
  func literalGoesByThePropertysType(parameter: Parameter, property: String, literal: String) throws {
    #expect(try self.literal(parameter, property) == literal)
  }

  @Test(
    arguments: [
      (.text("5"), "Counter"), (.text("2026-10-24"), "CreationDate"), (.text("true"), "IsBlocked"),
      (.text("12.50"), "TotalNetAmount"), (.text("x"), "Raw"), (.text("a\u{0}b"), "SalesOrder"),
      (.integer(1), "SalesOrder"),
      (.integer(1), "IsBlocked"), (.integer(256), "Small"), (.integer(-1), "Small"), (.integer(128), "Signed"),
      (.integer(-129), "Signed"), (.integer(32_768), "Short"), (.integer(2_147_483_648), "Counter"),
      (.integer(.min), "TotalNetAmount"), (.integer(10_000_000_000_000), "TotalNetAmount"),
      (.decimal("1"), "SalesOrder"), (.decimal("1"), "Counter"), (.decimal("1"), "Long"),
      (.decimal("12.3456"), "TotalNetAmount"), (.decimal("10000000000000"), "TotalNetAmount"),
      (.decimal("12,50"), "TotalNetAmount"), (.decimal(""), "TotalNetAmount"), (.decimal("."), "TotalNetAmount"),
      (.decimal("1."), "TotalNetAmount"), (.decimal(".5"), "TotalNetAmount"), (.decimal("+1"), "TotalNetAmount"),
      (.decimal("--1"), "TotalNetAmount"), (.decimal("1e5"), "TotalNetAmount"), (.decimal("1M"), "TotalNetAmount"),
      (.decimal("1 or 1 eq 1"), "TotalNetAmount"), (.decimal("1.2.3"), "TotalNetAmount"),
      (.decimal("٣"), "TotalNetAmount"),
      (.decimal("1\u{0}"), "TotalNetAmount"), (.decimal(String(repeating: "1", count: 65)), "Ratio"),
      (.decimal("NaN"), "Ratio"), (.boolean(true), "Counter"), (.boolean(true), "SalesOrder"),
      (.date("2026-10-24"), "LastChangeDateTime"), (.date("2026-10-24"), "SalesOrder"),
      (.date("2026-13-01"), "CreationDate"),
      (.date("2026-02-29"), "CreationDate"), (.date("2026-00-10"), "CreationDate"),
      (.date("0000-01-01"), "CreationDate"),
      (.date("2026-1-1"), "CreationDate"), (.date("24.10.2026"), "CreationDate"),
      (.date("2026-10-24T00:00:00"), "CreationDate"),
      (.date("2026-10-24'"), "CreationDate"), (.date("-026-10-24"), "CreationDate"), (.date(""), "CreationDate"),
      (.dateTime("2026-10-24"), "CreationDate"), (.dateTime("2026-10-24 09:30:00"), "CreationDate"),
      (.dateTime("2026-10-24T24:00:00"), "CreationDate"), (.dateTime("2026-10-24T09:60:00"), "CreationDate"),
      (.dateTime("2026-10-24T09:30:60"), "CreationDate"), (.dateTime("2026-10-24T09:30:00."), "CreationDate"),
      (.dateTime("2026-10-24T09:30:00.12345678"), "CreationDate"),
      (.dateTime("2026-10-24T09:30:00+15:00"), "CreationDate"),
      (.dateTime("2026-10-24T09:30:00+01"), "CreationDate"), (.dateTime("2026-10-24T09:30:00Z'"), "CreationDate"),
      (.dateTime("2026-10-24T09:30:00"), "LastChangeDateTime"),
      (.dateTime("0001-01-01T00:00:00+01:00"), "CreationDate"),
      (.dateTime("9999-12-31T23:30:00-01:00"), "CreationDate"), (.time("9:30:00"), "CreationTime"),
      (.time("24:00:00"), "CreationTime"), (.time("09:30"), "CreationTime"), (.time("09:30:00Z"), "CreationTime"),
      (.time("09:30:00"), "CreationDate"), (.guid("25fae728"), "UUID"),
      (.guid("25fae728-0000-0000-0000-00000000abcg"), "UUID"),
      (.guid("{25fae728-0000-0000-0000-00000000abcd}"), "UUID"),
      (.guid("25fae728-0000-0000-0000-00000000abcd"), "SalesOrder"),
    ] as [(Parameter, String)])
  func whatDoesNotFitIsRefused(parameter: Parameter, property: String) {
    let error = failure { () throws(S4Error) in
      try parameter.literal(for: SalesOrders.order.property(property), position: 3)
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.target == "params")
    let message = error?.message ?? ""
    #expect(contains(message, "parameter 3"))
    #expect(contains(message, property))
    #expect(contains(message, SalesOrders.order.property(property)?.type.name ?? "none"))
    #expect(!message.utf8.contains { $0 < 0x20 })
  }

  @Test func textOfAPersonStaysOutOfTheMessage() {
    #expect(
      failure { () throws(S4Error) in try literal(.text("Miller"), "Counter") }.map { contains($0.message, "Miller") }
        == false)
  }

  @Test func messageSaysHowManyDigitsFit() {
    #expect(
      failure { () throws(S4Error) in try literal(.decimal("1.2345"), "TotalNetAmount") }?.message
        == "params: parameter 1, a decimal number \"1.2345\", does not fit TotalNetAmount, which is Edm.Decimal with "
        + "16 digits, 3 of them behind the point; a decimal number is spelled -12.50 and fits Edm.Decimal, "
        + "Double and Single")
  }

  @Test(
    arguments: [
      (.null, "null"), (.text("a'b"), "'a''b'"), (.integer(5), "5"), (.integer(-2_147_483_649), "-2147483649L"),
      (.decimal("1.5"), "1.5M"), (.boolean(true), "true"), (.date("2026-10-24"), "datetime'2026-10-24T00:00:00'"),
      (.dateTime("2026-10-24T09:30:00"), "datetime'2026-10-24T09:30:00'"),
      (.dateTime("2026-10-24T09:30:00+01:00"), "datetimeoffset'2026-10-24T08:30:00Z'"),
      (.time("09:30:00"), "time'PT09H30M00S'"),
      (.guid("25fae728-0000-0000-0000-00000000abcd"), "guid'25fae728-0000-0000-0000-00000000abcd'"),
    ] as [(Parameter, String)])
  func withoutAPropertyTheLiteralGoesByItsOwnType(parameter: Parameter, literal: String) throws {
    #expect(try parameter.literal(for: nil) == literal)
    #expect(try parameter.literal(for: Property(name: "P", type: .other("N.T"))) == literal)
  }

  @Test(
    arguments: [
      .decimal("x"), .date("x"), .dateTime("x"), .time("x"), .guid("x"), .text("\u{0}"),
    ] as [Parameter])
  func formIsCheckedWithoutAPropertyToo(parameter: Parameter) {
    #expect(failure { () throws(S4Error) in try parameter.literal(for: nil) }?.target == "params")
  }

  @Test func decimalsOfAnyPropertyAreCheckedByWhatItDeclares() throws {
    let noScale = Property(name: "P", type: .decimal, precision: 5)
    #expect(try Parameter.decimal("12345").literal(for: noScale) == "12345M")
    #expect(failure { () throws(S4Error) in try Parameter.decimal("123456").literal(for: noScale) } != nil)
    let wider = Property(name: "P", type: .decimal, precision: 3, scale: 5)
    #expect(try Parameter.decimal("0.00001").literal(for: wider) == "0.00001M")
    #expect(failure { () throws(S4Error) in try Parameter.decimal("1").literal(for: wider) } != nil)
    #expect(
      try Parameter.decimal("123456789.123456789").literal(for: Property(name: "P", type: .decimal)).hasSuffix("M"))
  }
}
