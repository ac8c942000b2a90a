// SPDX-License-Identifier: Apache-2.0

import Basics
import Connector
import OData

/// Sales orders of `API_SALES_ORDER_SRV` (communication scenario SAP_COM_0109).
package enum SalesOrders {
  /// How far the delivery has come: the status follows deliveries created, not goods issued.
  /// Source: SAP Help, "Overall Delivery Status" of API_SALES_ORDER_SRV.
  package enum Delivery: Int32, Sendable { case any = 0, notStarted = 1, partial = 2 }

  /// Which orders to read.
  package struct Selection: Sendable {
    /// First creation date, "2026-10-24"; nil: any.
    package var createdFrom: String?
    package var delivery = Delivery.any
    package var includesCompleted = false
    package var withItems = false
    package var pageSize: UInt32 = 0
    package var asksCount = false
    package var timeout: Int64 = 0

    package init() {}
  }

  package static let service = "API_SALES_ORDER_SRV"

  /// What an order list shows.
  static let fields = [
    "SalesOrder", "SalesOrderType", "SoldToParty", "CreationDate", "RequestedDeliveryDate", "TotalNetAmount",
    "TransactionCurrency", "OverallSDProcessStatus", "OverallDeliveryStatus", "OverallOrdReltdBillgStatus",
    "TotalBlockStatus", "PurchaseOrderByCustomer", "LastChangeDateTime",
  ]

  /// What an item adds: what was ordered, and, per schedule line, confirmed, delivered and open.
  static let itemFields = [
    "SalesOrderItem", "Material", "RequestedQuantity", "RequestedQuantityUnit", "NetAmount", "DeliveryStatus",
  ]
  static let scheduleLineFields = [
    "ScheduleLine", "ScheduleLineOrderQuantity", "ConfdOrderQtyByMatlAvailCheck", "DeliveredQtyInOrderQtyUnit",
    "OpenConfdDelivQtyInOrdQtyUnit",
  ]

  /// Makes the read that brings them.
  package static func read(_ selection: Selection) throws(S4Error) -> ReadRequest {
    var request = ReadRequest(service: try ServicePath(service), entitySet: "A_SalesOrder")
    var conditions: [String] = []
    if !selection.includesCompleted {
      conditions.append("OverallSDProcessStatus ne ?")
      request.parameters.append(.text("C"))
    }
    if let date = selection.createdFrom {
      // Told now, and not with the first page.
      guard (try? Parameter.date(date).literal(for: nil)) != nil else {
        throw .invalidArgument("created_from", "is no date such as 2026-10-24")
      }
      conditions.append("CreationDate ge ?")
      request.parameters.append(.date(date))
    }
    switch selection.delivery {
    case .any: break
    case .notStarted, .partial:
      conditions.append("OverallDeliveryStatus eq ?")
      request.parameters.append(.text(selection.delivery == .partial ? "B" : "A"))
    }
    if !conditions.isEmpty {
      request.filter = try PreparedFilter(
        conditions.joined(separator: " and "), parameterCount: request.parameters.count)
    }
    var selected = fields
    if selection.withItems {
      request.expand = "to_Item/to_ScheduleLine"
      selected += itemFields.map { "to_Item/" + $0 }
      selected += scheduleLineFields.map { "to_Item/to_ScheduleLine/" + $0 }
    }
    request.select = selected.joined(separator: ",")
    request.pageSize = selection.pageSize
    request.asksCount = selection.asksCount
    request.timeout = selection.timeout
    return request
  }
}
