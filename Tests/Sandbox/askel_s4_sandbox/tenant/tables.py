# SPDX-License-Identifier: Apache-2.0
"""Turns the planned orders into the rows of API_SALES_ORDER_SRV's entity sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ..odata.schema import EntitySet, Function, Service
from ..odata.table import Database, Table
from .item_types import A_SALES_ORDER_ITEM, A_SALES_ORDER_SCHEDULE_LINE
from .master_data import COMPANY, PLANT, SALES_ORGANIZATION
from .order_types import A_SALES_ORDER
from .partner_pricing_types import (
    A_SALES_ORDER_HEADER_PARTNER,
    A_SALES_ORDER_HEADER_PR_ELEMENT,
    A_SALES_ORDER_ITEM_PR_ELEMENT,
)
from .plan import Item, Order, make_orders

_SETS = (
    A_SALES_ORDER,
    A_SALES_ORDER_HEADER_PARTNER,
    A_SALES_ORDER_HEADER_PR_ELEMENT,
    A_SALES_ORDER_ITEM,
    A_SALES_ORDER_ITEM_PR_ELEMENT,
    A_SALES_ORDER_SCHEDULE_LINE,
)
_FUNCTIONS = tuple(Function(name, "SalesOrder", 11000) for name in ("rejectApprovalRequest", "releaseApprovalRequest"))
SALES_ORDER_SERVICE = Service(
    "API_SALES_ORDER_SRV",
    {entity.name: entity for entity in _SETS},
    {function.name: function for function in _FUNCTIONS},
)

_RATE = Decimal("1.00000")
_TAX_PERCENT = 19
# Sold-to, ship-to, bill-to and payer, as SAP's internal codes; a tenant shows them in the logon language.
_PARTNER_FUNCTIONS = ("AG", "RE", "RG", "WE")


def cents(value: int) -> Decimal:
    """Amounts are shown with the two decimals of their currency, not with the property's scale of three."""
    return Decimal(value).scaleb(-2)


class _Quantities(dict[int, Decimal]):
    """Thousandths to Decimal with three digits; few different values occur, so each is made once."""

    def __missing__(self, value: int) -> Decimal:
        made = self[value] = Decimal(value).scaleb(-3)
        return made


quantity = _Quantities()


def tax(net: int) -> int:
    """Output tax on a net amount, both in cents."""
    return (net * _TAX_PERCENT + 50) // 100


def _table(
    entity: EntitySet, make: Callable[[], Iterable[dict[str, Any]]], constants: dict[str, Any] | None = None
) -> Table:
    """A table whose columns are the keys of the first dict that `make` yields."""
    columns = tuple(next(iter(make())))
    return Table(entity, columns, constants or {}, lambda: [tuple(values.values()) for values in make()])


def sales_order_database(seed: int, today: dt.date) -> Database:
    """All six sets. Deterministic: the same seed and date give the same rows."""
    orders = make_orders(seed, today)
    tables = (
        _table(A_SALES_ORDER, lambda: map(header_values, orders), _HEADER_CONSTANTS),
        _table(A_SALES_ORDER_ITEM, lambda: (item_values(o, i) for o in orders for i in o.items), _ITEM_CONSTANTS),
        _table(A_SALES_ORDER_SCHEDULE_LINE, lambda: line_values(orders), _LINE_CONSTANTS),
        _table(A_SALES_ORDER_HEADER_PARTNER, lambda: partner_values(orders)),
        _table(A_SALES_ORDER_HEADER_PR_ELEMENT, lambda: header_price_values(orders), _PRICE_CONSTANTS),
        _table(A_SALES_ORDER_ITEM_PR_ELEMENT, lambda: item_price_values(orders), _PRICE_CONSTANTS),
    )
    return Database({table.entity.name: table for table in tables})


_LINE_CONSTANTS = {"CorrectedQtyInOrderQtyUnit": Decimal("0.000")}
_HEADER_CONSTANTS = {
    "SalesOrganization": SALES_ORGANIZATION,
    "DistributionChannel": "10",
    "OrganizationDivision": "00",
    "SenderBusinessSystemName": COMPANY,
    "SalesOrderTypeInternalCode": "TA",
    "SalesOrderType": "OR",
    "PriceDetnExchangeRate": _RATE,
    "AccountingExchangeRate": Decimal("0.00000"),
    "ShippingCondition": "01",
    "IncotermsVersion": "2020",
    "CustomerAccountAssignmentGroup": "01",
    "TaxDepartureCountry": "DE",
    "OverallSDDocumentRejectionSts": "A",
}


def header_values(order: Order) -> dict[str, Any]:
    """An order's row of A_SalesOrder, without what is the same for all."""
    blocked = bool(order.delivery_block or order.billing_block)
    return {
        "SalesOrder": f"{order.number:010d}",
        "SoldToParty": order.customer.number,
        "CreationDate": order.created_ms,
        "CreatedByUser": order.user,
        "LastChangeDate": order.changed_ms,
        "LastChangeDateTime": order.changed,
        "PurchaseOrderByCustomer": order.reference,
        "CustomerPurchaseOrderDate": order.created_ms,
        "SalesOrderDate": order.created_ms,
        "TotalNetAmount": cents(order.net),
        "OverallDeliveryStatus": order.delivery,
        "TotalBlockStatus": "C" if blocked else "",
        "OverallOrdReltdBillgStatus": order.billing,
        "TransactionCurrency": order.customer.currency,
        "PricingDate": order.created_ms,
        "RequestedDeliveryDate": order.requested_ms,
        "HeaderBillingBlockReason": order.billing_block,
        "DeliveryBlockReason": order.delivery_block,
        "IncotermsClassification": order.customer.incoterms,
        "IncotermsTransferLocation": order.customer.city,
        "IncotermsLocation1": order.customer.city,
        "CustomerPaymentTerms": order.customer.terms,
        "OverallSDProcessStatus": order.process,
        "OverallTotalDeliveryStatus": order.delivery,
        "BillingDocumentDate": order.requested_ms,
    }


_ITEM_CONSTANTS = {
    "ProductionPlant": PLANT,
    "OriginalPlant": PLANT,
    "ShippingPoint": PLANT,
    "ItemWeightUnit": "KG",
    "ItemWeightSAPUnit": "KG",
    "ItemWeightISOUnit": "KGM",
    "ItemVolume": Decimal("0.000"),
    "ProductTaxClassification1": "1",
    "MatlAccountAssignmentGroup": "01",
    "ProfitCenter": "YB110",
    "AccountingExchangeRate": Decimal("0.00000"),
    "WBSElement": "",
} | {f"Subtotal{number}Amount": Decimal("0.00") for number in range(2, 7)}


def item_values(order: Order, item: Item) -> dict[str, Any]:
    """An item's row of A_SalesOrderItem."""
    unit, sap_unit, iso_unit = item.material.unit
    return {
        "SalesOrder": f"{order.number:010d}",
        "SalesOrderItem": f"{item.number:06d}",
        "SalesOrderItemCategory": "TAD" if item.material.service else "TAN",
        "SalesOrderItemText": item.material.text,
        "PurchaseOrderByCustomer": order.reference,
        "Material": item.material.number,
        "PricingDate": order.created_ms,
        "RequestedQuantity": quantity[item.quantity],
        "RequestedQuantityUnit": unit,
        "RequestedQuantitySAPUnit": sap_unit,
        "RequestedQuantityISOUnit": iso_unit,
        "OrderQuantityUnit": unit,
        "OrderQuantitySAPUnit": sap_unit,
        "OrderQuantityISOUnit": iso_unit,
        "ConfdDelivQtyInOrderQtyUnit": quantity[sum(line.confirmed for line in item.lines)],
        "ItemGrossWeight": quantity[item.material.gross * item.quantity // 1000],
        "ItemNetWeight": quantity[item.material.net * item.quantity // 1000],
        "OriginallyRequestedMaterial": item.material.number,
        "TransactionCurrency": order.customer.currency,
        "NetAmount": cents(item.net),
        "MaterialGroup": item.material.group,
        "BillingDocumentDate": order.requested_ms,
        "IncotermsClassification": order.customer.incoterms,
        "IncotermsTransferLocation": order.customer.city,
        "IncotermsLocation1": order.customer.city,
        "TaxAmount": cents(tax(item.net)),
        "CostAmount": cents(item.net * 3 // 5),
        "CustomerPaymentTerms": order.customer.terms,
        "ItemBillingBlockReason": order.billing_block,
        "SDProcessStatus": item.process,
        "DeliveryStatus": item.delivery,
        "OrderRelatedBillingStatus": item.billing,
        "Subtotal1Amount": cents(item.net),
    }


def line_values(orders: list[Order]) -> Iterable[dict[str, Any]]:
    """Rows of A_SalesOrderScheduleLine."""
    for order in orders:
        for item in order.items:
            unit, sap_unit, iso_unit = item.material.unit
            for number, line in enumerate(item.lines, 1):
                yield {
                    "SalesOrder": f"{order.number:010d}",
                    "SalesOrderItem": f"{item.number:06d}",
                    "ScheduleLine": f"{number:04d}",
                    "RequestedDeliveryDate": line.requested_ms,
                    "ConfirmedDeliveryDate": line.requested_ms if line.confirmed else None,
                    "OrderQuantityUnit": unit,
                    "OrderQuantitySAPUnit": sap_unit,
                    "OrderQuantityISOUnit": iso_unit,
                    "ScheduleLineOrderQuantity": quantity[line.quantity],
                    "ConfdOrderQtyByMatlAvailCheck": quantity[line.confirmed],
                    "DeliveredQtyInOrderQtyUnit": quantity[line.delivered],
                    "OpenConfdDelivQtyInOrdQtyUnit": quantity[line.confirmed - line.delivered],
                    "DelivBlockReasonForSchedLine": line.block,
                }


def partner_values(orders: list[Order]) -> Iterable[dict[str, Any]]:
    """Rows of A_SalesOrderHeaderPartner: each function is the customer's own."""
    for order in orders:
        for function in _PARTNER_FUNCTIONS:
            yield {
                "SalesOrder": f"{order.number:010d}",
                "PartnerFunction": function,
                "PartnerFunctionInternalCode": function,
                "Customer": order.customer.number,
                "ReferenceBusinessPartner": order.customer.number,
                "AddressID": str(20_000 + int(order.customer.number) % 1000),
            }


_PRICE_CONSTANTS = {
    "ConditionQuantity": Decimal("1"),
    "ConditionSequentialNumber": "000",
    "CndnRoundingOffDiffAmount": Decimal("0.00"),
    "ConditionScaleBasisValue": Decimal("0.000000000"),
}
# Step, condition type, calculation type, class of the gross price and of the output tax.
PRICE_CONDITION, TAX_CONDITION = "PPR0", "TTX1"
_PRICE = ("010", PRICE_CONDITION, "C", "B")
_OUTPUT_TAX = ("800", TAX_CONDITION, "A", "D")
_TAX_RATE = Decimal("19.000000000")


def _condition(
    order: Order, kind: tuple[str, str, str, str], base: Decimal, rate: Decimal, amount: int
) -> dict[str, Any]:
    step, condition, calculation, condition_class = kind
    currency = order.customer.currency
    return {
        "PricingProcedureStep": step,
        "PricingProcedureCounter": "001",
        "ConditionType": condition,
        "PriceConditionDeterminationDte": order.created_ms,
        "ConditionCalculationType": calculation,
        "ConditionBaseValue": base,
        "ConditionRateValue": rate,
        "ConditionCurrency": currency if kind is _PRICE else "",
        "ConditionAmount": cents(amount),
        "TransactionCurrency": currency,
        "ConditionClass": condition_class,
        "TaxCode": "A1" if kind is _OUTPUT_TAX else "",
    }


def item_price_values(orders: list[Order]) -> Iterable[dict[str, Any]]:
    """Rows of A_SalesOrderItemPrElement: gross price and output tax."""
    for order in orders:
        for item in order.items:
            key = {"SalesOrder": f"{order.number:010d}", "SalesOrderItem": f"{item.number:06d}"}
            base = Decimal(item.quantity).scaleb(-3).quantize(_TAX_RATE)
            rate = Decimal(item.price).scaleb(-2).quantize(_TAX_RATE)
            yield key | _condition(order, _PRICE, base, rate, item.net)
            yield key | _condition(order, _OUTPUT_TAX, cents(item.net).quantize(_TAX_RATE), _TAX_RATE, tax(item.net))


def header_price_values(orders: list[Order]) -> Iterable[dict[str, Any]]:
    """Rows of A_SalesOrderHeaderPrElement: the sums of the items' conditions."""
    for order in orders:
        key, net = {"SalesOrder": f"{order.number:010d}"}, cents(order.net).quantize(_TAX_RATE)
        yield key | _condition(order, _PRICE, net, net, order.net)
        yield key | _condition(order, _OUTPUT_TAX, net, _TAX_RATE, sum(tax(item.net) for item in order.items))
