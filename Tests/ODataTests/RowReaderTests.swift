// SPDX-License-Identifier: Apache-2.0

import Basics
import Glibc
import Testing

@testable import OData

@Suite struct RowReaderTests {
  private func field(_ name: String, _ row: String) throws(S4Error) -> (kind: FieldKind, text: String, isBorrowed: Bool)
  {
    // Something stands before the row, so that ranges of the row are told from ranges of the body.
    let lead = #"{"d":"#
    return try bytes(lead + row) { body throws(S4Error) in
      let range = lead.utf8.count..<body.count
      let field = try RowReader.field(name, inRow: range, of: body, type: SalesOrders.order)
      guard case .range = field.value else { return (field.kind, field.text(of: body), false) }
      return (field.kind, field.text(of: body), true)
    }
  }

  @Test(
    arguments: [
      ("SalesOrder", #""1""#, .text, "1"), ("SalesOrder", #""""#, .text, ""),
      ("SalesOrder", #""O\"N\u00e9il\n""#, .text, "O\"Néil\n"),
      ("SalesOrder", #""/Date(0)/""#, .text, "/Date(0)/"), ("SalesOrder", "null", .null, ""),
      ("SalesOrder", "5", .number, "5"),
      ("TotalNetAmount", #""2656.24""#, .number, "2656.24"), ("TotalNetAmount", #""1.000""#, .number, "1.000"),
      ("TotalNetAmount", #""-0.001""#, .number, "-0.001"), ("TotalNetAmount", "2656.24", .number, "2656.24"),
      ("TotalNetAmount", #""12345678901234567890.123""#, .number, "12345678901234567890.123"),
      ("TotalNetAmount", #""2656.2\u0034""#, .number, "2656.24"), ("TotalNetAmount", #""""#, .text, ""),
      ("TotalNetAmount", #""2.656,24""#, .text, "2.656,24"), ("TotalNetAmount", #""007""#, .text, "007"),
      ("TotalNetAmount", #"" 1""#, .text, " 1"), ("TotalNetAmount", #""+1""#, .text, "+1"),
      ("TotalNetAmount", #""12.50-""#, .text, "12.50-"),
      ("Long", #""9223372036854775807""#, .number, "9223372036854775807"), ("Counter", "-5", .number, "-5"),
      ("Ratio", #""1.5E+3""#, .number, "1500"), ("Ratio", "1.5E3", .number, "1500"),
      ("Ratio", #""-1.25e-3""#, .number, "-0.00125"),
      ("Ratio", "0e0", .number, "0"), ("Ratio", "1E400", .number, "1" + String(repeating: "0", count: 400)),
      ("Ratio", "1E401", .text, "1E401"), ("Ratio", #""1E99999999999999999999""#, .text, "1E99999999999999999999"),
      ("Ratio", #""NaN""#, .text, "NaN"), ("Ratio", #""INF""#, .text, "INF"),
      ("Ratio", "123.456E1", .number, "1234.56"),
      ("CreationDate", #""/Date(1130112000000)/""#, .dateTime, "2005-10-24T00:00:00Z"),
      ("CreationDate", #""\/Date(1130112000000)\/""#, .dateTime, "2005-10-24T00:00:00Z"),
      ("LastChangeDateTime", #""/Date(1130168212000+0000)/""#, .dateTime, "2005-10-24T15:36:52Z"),
      ("LastChangeDateTime", #""/Date(1130168212000+0120)/""#, .dateTime, "2005-10-24T15:36:52Z"),
      ("LastChangeDateTime", #""/Date(1130168212000-0720)/""#, .dateTime, "2005-10-24T15:36:52Z"),
      ("LastChangeDateTime", #""\/Date(1683923430388+0000)\/""#, .dateTime, "2023-05-12T20:30:30.388Z"),
      ("LastChangeDateTime", #""/Date(253402300799000+0000)/""#, .dateTime, "9999-12-31T23:59:59Z"),
      ("CreationDate", #""/Date(-62135596800000)/""#, .dateTime, "0001-01-01T00:00:00Z"),
      ("CreationDate", #""/Date(-1)/""#, .dateTime, "1969-12-31T23:59:59.999Z"),
      ("CreationDate", #""/Date(-62135769600000)/""#, .text, "/Date(-62135769600000)/"),
      ("CreationDate", #""/Date(253402300800000)/""#, .text, "/Date(253402300800000)/"),
      ("CreationDate", #""/Date(99999999999999999999999999)/""#, .text, "/Date(99999999999999999999999999)/"),
      // 2 to the 64th: wrapped around it would be 1970.
      ("CreationDate", #""/Date(18446744073709551616)/""#, .text, "/Date(18446744073709551616)/"),
      ("CreationDate", #""/Date()/""#, .text, "/Date()/"), ("CreationDate", #""/Date(-)/""#, .text, "/Date(-)/"),
      ("CreationDate", #""/Date(1+)/""#, .text, "/Date(1+)/"),
      ("CreationDate", #""/Date(1+00000)/""#, .text, "/Date(1+00000)/"),
      ("CreationDate", #""/Date(1 )/""#, .text, "/Date(1 )/"), ("CreationDate", #""/Date(1)""#, .text, "/Date(1)"),
      ("CreationDate", #""/Date(1)/x""#, .text, "/Date(1)/x"), ("CreationDate", #""2026-10-24""#, .text, "2026-10-24"),
      ("CreationDate", #""""#, .text, ""), ("CreationDate", "null", .null, ""),
      ("CreationTime", #""PT09H30M00S""#, .text, "PT09H30M00S"),
      ("UUID", #""25fae728-0000-0000-0000-00000000abcd""#, .text, "25fae728-0000-0000-0000-00000000abcd"),
      ("IsBlocked", "true", .boolean, "true"), ("IsBlocked", "false", .boolean, "false"),
      ("IsBlocked", #""X""#, .text, "X"),
      ("to_Item", #"{"results":[ {"a":"\u00e9"} ]}"#, .json, #"{"results":[ {"a":"\u00e9"} ]}"#),
      ("to_Item", "[1, 2]", .json, "[1, 2]"), ("Unknown", #""x\ty""#, .text, "x\ty"),
      ("Unknown", "1.50", .number, "1.50"),
      ("Unknown", #""/Date(0)/""#, .text, "/Date(0)/"),
    ] as [(String, String, FieldKind, String)])
  func fieldIsDecodedByItsType(name: String, value: String, kind: FieldKind, text: String) throws {
    let found = try field(name, #"{"before":{"\#(name)":0},"\#(name)":\#(value),"behind":[]}"#)
    #expect(found.kind == kind)
    #expect(found.text == text)
  }

  @Test func fieldThatIsNotThereIsAbsent() throws {
    #expect(try field("SalesOrder", #"{"a":{"SalesOrder":"1"},"SalesOrderItem":"1"}"#).kind == .absent)
    #expect(try field("", #"{"a":1}"#).kind == .absent)
    #expect(try field("a\u{0}", #"{"a":1}"#).kind == .absent)
    #expect(try field("x", "{}").kind == .absent)
  }

  @Test func nameIsFoundHoweverItIsSpelledInJSON() throws {
    #expect(try field("SalesOrder", #"{"Sales\u004frder":"1"}"#).text == "1")
    #expect(try field("", #"{"":"1"}"#).text == "1")
  }

  @Test func textWithoutEscapesIsBorrowed() throws {
    #expect(try field("SalesOrder", #"{"SalesOrder":"ü"}"#).isBorrowed)
    #expect(try field("TotalNetAmount", #"{"TotalNetAmount":"1.50"}"#).isBorrowed)
    #expect(try field("IsBlocked", #"{"IsBlocked":true}"#).isBorrowed)
    #expect(try field("to_Item", #"{"to_Item":{}}"#).isBorrowed)
    #expect(try !field("SalesOrder", #"{"SalesOrder":"\u0031"}"#).isBorrowed)
    #expect(try !field("CreationDate", #"{"CreationDate":"/Date(0)/"}"#).isBorrowed)
  }

  @Test func rangeThatHoldsNoRowIsADefectAndNoTrap() {
    bytes(#"{"SalesOrder":"1"}"#) { body in
      for range in [0..<5, 1..<18, 0..<100, 90..<100, -1..<5, 0..<0, 18..<18] {
        let error = failure { () throws(S4Error) in
          try RowReader.field("SalesOrder", inRow: range, of: body, type: SalesOrders.order)
        }
        #expect(error?.code == .internalDefect)
      }
      #expect(Field(kind: .text, value: .range(90..<100)).text(of: body) == "")
    }
  }

  @Test func kindsAreTheHeadersNumbers() throws {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let header = String(decoding: SharedData.read("/" + root + "/include/askel_s4.h"), as: UTF8.self)
    let names: [(FieldKind, String)] = [
      (.absent, "ABSENT"), (.null, "NULL"), (.text, "TEXT"), (.number, "NUMBER"), (.boolean, "BOOLEAN"),
      (.dateTime, "DATE_TIME"), (.json, "JSON"),
    ]
    #expect(names.count == FieldKind.allCases.count)
    for (kind, name) in names { #expect(contains(header, "ASKEL_S4_FIELD_\(name) = \(kind.rawValue)")) }
  }
}
