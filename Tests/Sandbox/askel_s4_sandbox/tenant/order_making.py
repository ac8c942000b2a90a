# SPDX-License-Identifier: Apache-2.0
"""Makes the rows of a new order or item out of what a client sent and of master data.

Message codes (ZSB/…) are the sandbox's own: which codes SAP gives here is not known to us. Which fields an order needs
is the minimum of real projects' requests (API_SALES_ORDER_SRV, POST A_SalesOrder).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..odata.entity import Entity
from ..odata.errors import Detail, refusal
from ..odata.schema import EntitySet
from ..odata.table import Values
from .clock import day_ms
from .draft import HEADER, HEADER_PRICE, ITEM, ITEM_PRICE, LINE, PARTNER, Draft
from .master_data import PLANT, SALES_ORGANIZATION, Customer, Material
from .plan import DAY_MS, Item, Line, Order
from .tables import (
    PRICE_CONDITION,
    header_price_values,
    header_values,
    item_price_values,
    item_values,
    line_values,
    partner_values,
)

_AREA = {"SalesOrganization": SALES_ORGANIZATION, "DistributionChannel": "10", "OrganizationDivision": "00"}
_NEEDED = ("SalesOrderType", *_AREA, "SoldToParty")
_TYPES = ("OR", "TA")
_LEAD_DAYS = 14
_USER = "CC0000000001"
# English names of partner functions, for what is stored under the internal code.
FUNCTIONS = {"SP": "AG", "SH": "WE", "BP": "RE", "PY": "RG"}


class Maker:
    """Checks what was sent, and fills what was not."""

    def __init__(self, customers: list[Customer], materials: list[Material], sets: dict[str, EntitySet]):
        self.customers = {c.number: c for c in customers}
        self.materials = {m.number: m for m in materials}
        self._sets = sets

    def order(self, sent: Entity, number: int, ticks: int) -> Draft:
        """A new order with its items. Throws the refusal that names all that is wrong with it."""
        values, items = sent.values, sent.children.get("to_Item", [])
        referenced = any("ReferenceSDDocument" in e.values for e in (sent, *items))
        found = [
            Detail("ZSB/001", f"Enter a value for field {name}", name)
            for name in _NEEDED
            # With a reference to a contract the organizational data come from there (a real project's request).
            if not values.get(name) and not (referenced and name in _AREA)
        ]
        found += [
            Detail("ZSB/002", f"Sales area is not defined: {name} {values[name]}", name)
            for name, known in _AREA.items()
            if values.get(name) not in (None, "", known)
        ]
        if values.get("SalesOrderType") and values["SalesOrderType"] not in _TYPES:
            found.append(Detail("ZSB/003", f"Order type {values['SalesOrderType']} is not defined", "SalesOrderType"))
        customer = self.customers.get(values.get("SoldToParty", ""))
        if customer is None and values.get("SoldToParty"):
            found.append(self._no_customer(values["SoldToParty"], "SoldToParty"))
        if found or customer is None:
            raise refusal(*found)
        order = self._order(customer, number, ticks, values)
        draft = Draft(f"{number:010d}", {name: [] for name in self._sets})
        header = header_values(order) | self.given(HEADER, values)
        draft.rows[HEADER] = [header | {"SalesOrder": draft.number, "SalesOrderType": "OR"}]
        draft.rows[PARTNER] = list(partner_values([order]))
        draft.rows[HEADER_PRICE] = list(header_price_values([order]))
        for item in items:
            self.add_item(draft, item)
        for partner in sent.children.get("to_Partner", []):
            self.put_partner(draft, partner.values)
        return draft

    def _order(self, customer: Customer, number: int, ticks: int, values: Values) -> Order:
        created = day_ms(ticks)
        wanted = values.get("RequestedDeliveryDate") or created + _LEAD_DAYS * DAY_MS
        return Order(
            number, customer, created, ticks, None, wanted,
            values.get("PurchaseOrderByCustomer", ""), _USER, "A", "A", "", "", "",
        )  # fmt: skip

    def add_item(self, draft: Draft, sent: Entity) -> str:
        """One more item with schedule lines and prices; returns its number."""
        values, taken = sent.values, {row["SalesOrderItem"] for row in draft.rows[ITEM]}
        number = values.get("SalesOrderItem", "000000")
        if not number.strip("0"):
            number = f"{int(max(taken, default='000000')) // 10 * 10 + 10:06d}"
        target = f"to_Item/{number.lstrip('0')}"
        material = self.materials.get(values.get("Material", ""))
        quantity = values.get("RequestedQuantity")
        found = []
        if number in taken:
            found.append(Detail("ZSB/004", f"Item {number} exists already", target))
        if material is None and values.get("Material"):
            text = f"Material {values['Material']} is not defined for sales organization {SALES_ORGANIZATION}"
            found.append(Detail("ZSB/005", text, f"{target}/Material"))
        elif material is None:
            found.append(Detail("ZSB/001", "Enter a value for field Material", f"{target}/Material"))
        if quantity is None:
            found.append(Detail("ZSB/001", "Enter a value for field RequestedQuantity", f"{target}/RequestedQuantity"))
        elif quantity <= 0:
            found.append(Detail("ZSB/006", "Enter a quantity above zero", f"{target}/RequestedQuantity"))
        unit = values.get("RequestedQuantityUnit")
        if material is not None and unit and unit not in material.unit:
            found.append(Detail("ZSB/007", f"Unit {unit} is not defined for {material.number}", target))
        if values.get("ProductionPlant", PLANT) not in ("", PLANT):
            found.append(Detail("ZSB/008", f"Plant {values['ProductionPlant']} is not defined", target))
        if found or material is None or quantity is None:
            raise refusal(*found)
        self._fill_item(draft, int(number), material, sent)
        return str(number)

    def _fill_item(self, draft: Draft, number: int, material: Material, sent: Entity) -> None:
        header, thousandths = draft.header, int(sent.values["RequestedQuantity"].scaleb(3))
        delivery = "" if material.service else "A"
        item = Item(number, material, thousandths, material.price, 0, delivery, "A", "A" if material.service else "")
        wanted = header["RequestedDeliveryDate"] or 0
        lines = [self._line(line.values, wanted) for line in sent.children.get("to_ScheduleLine", [])]
        # What no schedule line asks for comes with one of its own.
        left = thousandths - sum(line.quantity for line in lines)
        if left < 0:
            raise refusal(Detail("ZSB/009", "The schedule lines exceed the item's quantity", "to_ScheduleLine"))
        item.lines = [*lines, *([Line(left, left, 0, wanted)] if left else [])]
        customer = self.customers[header["SoldToParty"]]
        order = Order(
            int(draft.number), customer, header["CreationDate"], 0, None, wanted, header["PurchaseOrderByCustomer"],
            "", "", "", "", "", header.get("HeaderBillingBlockReason", ""), [item],
        )  # fmt: skip
        made = item_values(order, item)
        fixed = {name: made[name] for name in ("SalesOrderItem", "SalesOrderItemCategory", "RequestedQuantityUnit")}
        draft.rows[ITEM].append(made | self.given(ITEM, sent.values) | fixed)
        draft.rows[LINE] += line_values([order])
        prices = list(item_price_values([order]))
        for price in sent.children.get("to_PricingElement", []):
            if price.values.get("ConditionType") != PRICE_CONDITION:
                kind = price.values.get("ConditionType", "")
                raise refusal(Detail("ZSB/010", f"Condition {kind} cannot be entered by hand", "to_PricingElement"))
            prices[0]["ConditionRateValue"] = price.values.get("ConditionRateValue") or Decimal(0)
        draft.rows[ITEM_PRICE] += prices

    def _line(self, values: Values, wanted: int) -> Line:
        quantity = int((values.get("ScheduleLineOrderQuantity") or Decimal(0)).scaleb(3))
        block = values.get("DelivBlockReasonForSchedLine", "")
        return Line(quantity, quantity, 0, values.get("RequestedDeliveryDate") or wanted, block)

    def put_partner(self, draft: Draft, values: Values) -> str:
        """Sets the partner of a function; returns the function's code."""
        function = values.get("PartnerFunction", "")
        function = FUNCTIONS.get(function, function)
        if not function:
            raise refusal(Detail("ZSB/001", "Enter a value for field PartnerFunction", "to_Partner/PartnerFunction"))
        customer = values.get("Customer", "")
        if customer and customer not in self.customers:
            raise refusal(self._no_customer(customer, "to_Partner/Customer"))
        rows = [row for row in draft.rows[PARTNER] if row["PartnerFunction"] == function]
        if not rows:
            rows = [dict.fromkeys(draft.rows[PARTNER][0], "") if draft.rows[PARTNER] else {}]
            draft.rows[PARTNER] += rows
        rows[0].update(self.given(PARTNER, values), SalesOrder=draft.number, PartnerFunction=function)
        rows[0].update(PartnerFunctionInternalCode=function, ReferenceBusinessPartner=customer)
        return str(function)

    def given(self, name: str, values: Values) -> Values:
        """What of the values a client may set: keys and read-only properties are passed over."""
        by_name = self._sets[name].by_name
        return {n: v for n, v in values.items() if not (by_name[n].read_only or by_name[n].is_key)}

    def _no_customer(self, number: Any, target: str) -> Detail:
        area = "/".join(_AREA.values())
        return Detail("ZSB/011", f"Customer {str(number).lstrip('0')} is not defined for sales area {area}", target)
