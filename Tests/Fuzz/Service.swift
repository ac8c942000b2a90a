// SPDX-License-Identifier: Apache-2.0

import Basics
import OData

/// What the fuzzers read against.
enum Service {
  static let order = EntityType(
    qualifiedName: "SO.OrderType",
    properties: [
      Property(name: "SalesOrder", type: .string, isNullable: false), Property(name: "Position", type: .int32),
      Property(name: "CreationDate", type: .dateTime), Property(name: "LastChangeDateTime", type: .dateTimeOffset),
      Property(name: "TotalNetAmount", type: .decimal, precision: 16, scale: 3),
      Property(name: "Ratio", type: .double), Property(name: "IsBlocked", type: .boolean),
      Property(name: "CreationTime", type: .time), Property(name: "UUID", type: .guid),
      Property(name: "Long", type: .int64),
    ], key: ["SalesOrder", "Position"],
    navigations: [NavigationProperty(name: "to_Item", targetEntityType: "SO.ItemType", isCollection: true)])
}

/// Ends the run: what was found is kept by libFuzzer.
func require(_ condition: Bool, _ promise: StaticString) {
  precondition(condition, "\(promise)")
}

/// Reads every field of a row, as a product could.
func readFields(ofRow row: Range<Int>, of body: UnsafeRawBufferPointer) {
  require(body[row].first == UInt8(ascii: "{") && body[row].last == UInt8(ascii: "}"), "a row is an object")
  for property in Service.order.properties {
    do throws(S4Error) {
      let field = try RowReader.field(property.name, inRow: row, of: body, type: Service.order)
      let text = field.text(of: body)
      switch field.kind {
      case .absent, .null: require(text.isEmpty, "nothing has no text")
      case .dateTime: require(text.hasSuffix("Z") && 20...24 ~= text.utf8.count, "a moment is in ISO 8601")
      case .boolean: require(text == "true" || text == "false", "a truth value is one of two")
      case .number: require(!text.utf8.contains { $0 | 0x20 == UInt8(ascii: "e") }, "a number is a decimal")
      case .text, .json: break
      }
    } catch { require(false, "a field of a checked row can be read") }
  }
}
