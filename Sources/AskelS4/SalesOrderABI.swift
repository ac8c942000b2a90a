// SPDX-License-Identifier: Apache-2.0

import Basics
import CAskelS4
import Connector
import Documents

@_cdecl("askel_s4_sales_order_read") @implementation
public func askel_s4_sales_order_read(
  _ client: OpaquePointer?, _ options: UnsafePointer<askel_s4_sales_order_options>?,
  _ outCursor: UnsafeMutablePointer<OpaquePointer?>?, _ outError: ErrorOut?
) -> askel_s4_status {
  boundary(outError) { () throws(S4Error) in
    let out = try Argument.out(outCursor, "out_cursor", cleared: nil)
    let client = try Handle.get(client, "client", as: Client.self)
    var given = askel_s4_sales_order_options()
    if options != nil {
      try Argument.options(
        options, "options", firstSize: MemoryLayout<askel_s4_sales_order_options>.offset(of: \.traceparent) ?? 0,
        into: &given)
    }
    var selection = SalesOrders.Selection()
    selection.createdFrom = try Argument.optionalText(given.created_from, "created_from")
    selection.delivery = try Argument.choice(given.delivery, "delivery", as: SalesOrders.Delivery.self)
    selection.includesCompleted = try Argument.flag(given.include_completed, "include_completed")
    selection.withItems = try Argument.flag(given.with_items, "with_items")
    selection.pageSize = given.page_size
    selection.asksCount = try ReadOptions.asksCount(given.count)
    selection.timeout = try Argument.timeout(given.timeout_ms)
    var request = try SalesOrders.read(selection)
    request.trace = try ReadOptions.trace(given.traceparent)
    out.pointee = Handle.make(CursorObject(try Cursor(client: client, request: request)))
  }
}

@_cdecl("askel_s4_sales_order_status_text") @implementation
public func askel_s4_sales_order_status_text(
  _ property: UnsafePointer<CChar>?, _ code: UnsafePointer<CChar>?
) -> UnsafePointer<CChar>? {
  ForkGate.within {
    guard let property = property.flatMap({ String(validatingCString: $0) }),
      let code = code.flatMap({ String(validatingCString: $0) })
    else { return nil }
    return SalesOrderStatus.text(property: property, code: code).flatMap(borrowed)
  }
}
