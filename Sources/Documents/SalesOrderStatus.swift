// SPDX-License-Identifier: Apache-2.0

/// What the status codes of a sales order mean, in English. Source: SAP's status domain STATV.
package enum SalesOrderStatus {
  /// - Returns: nil for a property or a code that is not known: it is shown as it is, never guessed.
  package static func text(property: String, code: String) -> StaticString? {
    switch (property, code) {
    case ("OverallSDProcessStatus", "A"): "open"
    case ("OverallSDProcessStatus", "B"): "in process"
    case ("OverallSDProcessStatus", "C"): "completed"
    case ("OverallSDProcessStatus", ""): "not relevant"

    // Deliveries created, not goods issued: shipped is what the outbound delivery says.
    case ("OverallDeliveryStatus", "A"), ("OverallTotalDeliveryStatus", "A"): "not delivered yet"
    case ("OverallDeliveryStatus", "B"), ("OverallTotalDeliveryStatus", "B"): "partially delivered"
    case ("OverallDeliveryStatus", "C"), ("OverallTotalDeliveryStatus", "C"): "completely delivered"
    case ("OverallDeliveryStatus", ""), ("OverallTotalDeliveryStatus", ""): "not relevant for delivery"

    // Order-related billing alone: an order that is billed from its delivery leaves it empty.
    case ("OverallOrdReltdBillgStatus", "A"): "order-related billing not started"
    case ("OverallOrdReltdBillgStatus", "B"): "order-related billing partially done"
    case ("OverallOrdReltdBillgStatus", "C"): "order-related billing done"
    case ("OverallOrdReltdBillgStatus", ""): "not relevant for order-related billing"

    case ("TotalBlockStatus", ""): "not blocked"
    case ("OverallSDDocumentRejectionSts", "A"): "nothing rejected"
    default: nil
    }
  }
}
