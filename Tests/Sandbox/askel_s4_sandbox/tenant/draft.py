# SPDX-License-Identifier: Apache-2.0
"""One sales order with everything below it, taken out of the tables to be changed: amounts, quantities and statuses
are brought into agreement before it goes back."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ..odata.table import Database, Values
from .tables import PRICE_CONDITION, TAX_CONDITION, cents, tax

HEADER, ITEM, LINE = "A_SalesOrder", "A_SalesOrderItem", "A_SalesOrderScheduleLine"
PARTNER = "A_SalesOrderHeaderPartner"
HEADER_PRICE, ITEM_PRICE = "A_SalesOrderHeaderPrElement", "A_SalesOrderItemPrElement"
_SETS = (HEADER, ITEM, LINE, PARTNER, HEADER_PRICE, ITEM_PRICE)
_NINE = Decimal("0.000000000")
_THREE = Decimal("0.000")
SERVICE_CATEGORY = "TAD"


class Draft:
    """Rows of one order by entity set, as property -> value without the tables' constants."""

    def __init__(self, number: str, rows: dict[str, list[Values]]):
        self.number = number
        self.rows = rows

    @classmethod
    def load(cls, database: Database, number: str) -> Draft:
        """A copy of what the tables hold of the order."""
        tables = database.tables
        return cls(number, {n: [tables[n].values(row) for row in tables[n].with_prefix((number,))] for n in _SETS})

    def store(self, database: Database) -> None:
        """Puts the rows into the tables and makes caches of answers old."""
        for name, rows in self.rows.items():
            database.note(name, self.number)
            database.tables[name].put_group(self.number, rows)
        database.version += 1

    @property
    def header(self) -> Values:
        """The order itself."""
        return self.rows[HEADER][0]

    def of_item(self, name: str, item: str) -> list[Values]:
        """The rows of a set that belong to an item."""
        return [row for row in self.rows[name] if row["SalesOrderItem"] == item]

    def drop_item(self, item: str) -> None:
        """Takes an item out, with its schedule lines and prices."""
        for name in (ITEM, LINE, ITEM_PRICE):
            self.rows[name] = [row for row in self.rows[name] if row["SalesOrderItem"] != item]

    def settle(self) -> None:
        """Recomputes all that follows from quantities, prices, blocks and rejections."""
        header, currency, total, taxes = self.header, self.header["TransactionCurrency"], 0, 0
        for item in self.rows[ITEM]:
            net = self._settle_item(item, currency)
            total, taxes = total + net, taxes + tax(net)
        header["TotalNetAmount"] = cents(total)
        _settle_prices(self.rows[HEADER_PRICE], cents(total), cents(taxes), currency)
        blocked = header.get("DeliveryBlockReason") or header.get("HeaderBillingBlockReason")
        header["TotalBlockStatus"] = "C" if blocked else ""
        items = self.rows[ITEM]
        header["OverallDeliveryStatus"] = delivered = _overall(i["DeliveryStatus"] for i in items)
        header["OverallTotalDeliveryStatus"] = delivered
        header["OverallSDProcessStatus"] = _overall(i["SDProcessStatus"] for i in items) or "A"
        rejected = [bool(i.get("SalesDocumentRjcnReason")) for i in items]
        header["OverallSDDocumentRejectionSts"] = "A" if not any(rejected) else "C" if all(rejected) else "B"

    def _settle_item(self, item: Values, currency: str) -> int:
        """One item; returns its net amount in cents."""
        lines, prices = self.of_item(LINE, item["SalesOrderItem"]), self.of_item(ITEM_PRICE, item["SalesOrderItem"])
        quantity, rate = item["RequestedQuantity"], _rate(prices)
        net = int((rate * quantity * 100).to_integral_value(ROUND_FLOOR))
        amount = cents(net)
        item |= {
            "NetAmount": amount,
            "Subtotal1Amount": amount,
            "TaxAmount": cents(tax(net)),
            "CostAmount": cents(net * 3 // 5),
            "TransactionCurrency": currency,
        }
        _settle_prices(prices, amount, item["TaxAmount"], currency, quantity, rate)
        confirmed = delivered = _THREE
        for line in lines:
            confirmed += line["ConfdOrderQtyByMatlAvailCheck"]
            delivered += line["DeliveredQtyInOrderQtyUnit"]
            line["OpenConfdDelivQtyInOrdQtyUnit"] = (
                line["ConfdOrderQtyByMatlAvailCheck"] - line["DeliveredQtyInOrderQtyUnit"]
            )
        item["ConfdDelivQtyInOrderQtyUnit"] = confirmed
        if item["SalesOrderItemCategory"] != SERVICE_CATEGORY:
            item["DeliveryStatus"] = "C" if delivered >= quantity else "B" if delivered else "A"
            item["SDProcessStatus"] = item["DeliveryStatus"]
        elif item["SDProcessStatus"] == "C" and item.get("OrderRelatedBillingStatus") != "C":
            item["SDProcessStatus"] = item.get("OrderRelatedBillingStatus") or "A"
        if item.get("SalesDocumentRjcnReason"):
            item["SDProcessStatus"] = "C"
        return net

    def delivered(self, item: str | None = None) -> Decimal:
        """What was delivered of an item, or of all."""
        rows = self.rows[LINE] if item is None else self.of_item(LINE, item)
        return sum((row["DeliveredQtyInOrderQtyUnit"] for row in rows), _THREE)


def _rate(prices: list[Values]) -> Decimal:
    return next((p["ConditionRateValue"] for p in prices if p["ConditionType"] == PRICE_CONDITION), _NINE)


def _settle_prices(
    prices: list[Values], net: Decimal, taxes: Decimal, currency: str,
    quantity: Decimal | None = None, rate: Decimal | None = None,
) -> None:  # fmt: skip
    """Gross price and output tax of an item, or of the header (no quantity: the amount stands in all places)."""
    for price in prices:
        price["TransactionCurrency"] = currency
        if price["ConditionType"] == PRICE_CONDITION:
            price["ConditionCurrency"] = currency
            price["ConditionBaseValue"] = (net if quantity is None else quantity).quantize(_NINE)
            price["ConditionRateValue"] = (net if rate is None else rate).quantize(_NINE)
            price["ConditionAmount"] = net
        elif price["ConditionType"] == TAX_CONDITION:
            price["ConditionBaseValue"], price["ConditionAmount"] = net.quantize(_NINE), taxes


def _overall(statuses: Iterable[Any]) -> str:
    """A status of the whole out of those of its parts; parts that are not relevant ("") do not count."""
    found = {status for status in statuses if status}
    return "" if not found else found.pop() if len(found) == 1 else "B"
