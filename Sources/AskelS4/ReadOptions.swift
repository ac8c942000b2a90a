// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import OData

/// Turns the header's read options and parameters into what the floors below take.
enum ReadOptions {
  private enum Count: Int32 { case none = 0, tried = 1 }
  private enum Kind: Int32 {
    case null = 0, text, integer, decimal, boolean, date, dateTime, time, guid
  }

  static func request(_ given: askel_s4_read_options) throws(S4Error) -> ReadRequest {
    var request = ReadRequest(
      service: try ServicePath(try Argument.text(given.service, "service")),
      entitySet: try entitySet(given.entity_set))
    request.parameters = try parameters(given.params, given.param_count)
    if let filter = try Argument.optionalText(given.filter, "filter") {
      request.filter = try PreparedFilter(filter, parameterCount: request.parameters.count)
    } else if !request.parameters.isEmpty {
      throw .invalidArgument("params", "there are \(request.parameters.count) of them and no filter")
    }
    request.select = try Argument.optionalText(given.select, "select")
    request.expand = try Argument.optionalText(given.expand, "expand")
    request.orderby = try Argument.optionalText(given.orderby, "orderby")
    request.top = given.top
    request.pageSize = given.page_size
    request.asksCount = try asksCount(given.count)
    request.timeout = try Argument.timeout(given.timeout_ms)
    request.trace = try trace(given.traceparent)
    return request
  }

  static func trace(_ pointer: UnsafePointer<CChar>?) throws(S4Error) -> TraceParent? {
    guard let text = try Argument.optionalText(pointer, "traceparent") else { return nil }
    return try TraceParent(text)
  }

  static func asksCount(_ value: Int32) throws(S4Error) -> Bool {
    try Argument.choice(value, "count", as: Count.self) == .tried
  }

  /// An entity set's name: it becomes a part of the path.
  static func entitySet(_ pointer: UnsafePointer<CChar>?) throws(S4Error) -> String {
    let name = try Argument.text(pointer, "entity_set")
    guard isName(name) else { throw .invalidArgument("entity_set", "is no entity set's name such as A_SalesOrder") }
    return name
  }

  static func isName(_ name: String) -> Bool {
    1...256 ~= name.utf8.count
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  static func parameters(_ params: UnsafePointer<askel_s4_param>?, _ count: Int) throws(S4Error) -> [Parameter] {
    guard 0...1_000 ~= count else { throw .invalidArgument("param_count", "\(count) is not in 0 to 1000") }
    guard count > 0 else { return [] }
    guard let params else { throw .invalidArgument("params", "is NULL and param_count is \(count)") }
    var list: [Parameter] = []
    for (index, param) in UnsafeBufferPointer(start: params, count: count).enumerated() {
      list.append(try parameter(param, "params[\(index)]"))
    }
    return list
  }

  private static func parameter(_ param: askel_s4_param, _ name: String) throws(S4Error) -> Parameter {
    func text() throws(S4Error) -> String { try Argument.text(param.text, name + ".text") }
    return switch try Argument.choice(param.type, name + ".type", as: Kind.self) {
    case .null: .null
    case .text: .text(try text())
    case .integer: .integer(param.integer)
    case .decimal: .decimal(try text())
    case .boolean: .boolean(try Argument.flag(Int32(clamping: param.integer), name + ".integer"))
    case .date: .date(try text())
    case .dateTime: .dateTime(try text())
    case .time: .time(try text())
    case .guid: .guid(try text())
    }
  }
}
