// SPDX-License-Identifier: Apache-2.0

import Basics
import Connector
import OData
import Testing

@testable import Documents

@Suite struct SalesOrdersTests {
  @Test func openOrdersAreThoseThatAreNotCompleted() throws {
    let request = try SalesOrders.read(SalesOrders.Selection())
    #expect(request.entitySet == "A_SalesOrder" && request.service.name == "API_SALES_ORDER_SRV")
    #expect(request.parameters == [.text("C")])
    #expect(request.select?.holds("OverallDeliveryStatus") == true)
    #expect(request.expand == nil)
  }

  @Test func everyConditionHasItsParameter() throws {
    var selection = SalesOrders.Selection()
    selection.createdFrom = "2026-10-24"
    selection.delivery = .partial
    selection.withItems = true
    let request = try SalesOrders.read(selection)
    #expect(request.parameters == [.text("C"), .date("2026-10-24"), .text("B")])
    #expect(request.expand == "to_Item/to_ScheduleLine")
    selection.includesCompleted = true
    selection.createdFrom = nil
    selection.delivery = .any
    #expect(try SalesOrders.read(selection).filter == nil)
  }

  @Test(arguments: ["yesterday", "2026-13-01", "2026-02-30", "24.10.2026", "", "2026-10-24T00:00:00"])
  func wrongDateIsRefusedAtOnce(_ date: String) throws {
    var selection = SalesOrders.Selection()
    selection.createdFrom = date
    do throws(S4Error) {
      _ = try SalesOrders.read(selection)
      Issue.record("\(date) was taken")
    } catch {
      #expect(error.code == .invalidArgument && error.target == "created_from")
    }
  }

  @Test func emptyStatusMeansNotRelevantAndUnknownCodesAreNotGuessed() {
    func text(_ property: String, _ code: String) -> String? {
      SalesOrderStatus.text(property: property, code: code)?.description
    }
    #expect(text("OverallOrdReltdBillgStatus", "") == "not relevant for order-related billing")
    #expect(text("OverallDeliveryStatus", "B") == "partially delivered")
    #expect(text("OverallDeliveryStatus", "Z") == nil)
    #expect(text("SomethingElse", "A") == nil)
  }
}
