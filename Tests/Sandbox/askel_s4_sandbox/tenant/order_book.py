# SPDX-License-Identifier: Apache-2.0
"""Creates, changes and deletes sales orders. Both services (V2 and V4) write through it, over one set of tables.

Each public function either commits as a whole or throws an `ODataError` and leaves everything as it was.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from ..odata.entity import Entity
from ..odata.errors import Detail, refusal
from ..odata.schema import EntitySet
from ..odata.table import Database, Key, Values
from .clock import Clock, day_ms
from .draft import HEADER, ITEM, ITEM_PRICE, LINE, PARTNER, Draft
from .master_data import customers, materials
from .order_making import Maker
from .tables import PRICE_CONDITION

# Properties that PUT does not reset, because an order cannot be without them.
_KEPT = {
    "SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty", "Material",
    "TransactionCurrency", "RequestedQuantity", "RequestedDeliveryDate", "SalesOrderItemCategory", "PricingDate",
    "SalesOrderDate", "ScheduleLineOrderQuantity", "DeliveredQtyInOrderQtyUnit", "ConfdOrderQtyByMatlAvailCheck",
    "OpenConfdDelivQtyInOrdQtyUnit", "CorrectedQtyInOrderQtyUnit",
}  # fmt: skip
_ZERO = Decimal("0.000")


class OrderBook:
    """The orders of a tenant, as one writes them."""

    def __init__(self, database: Database, sets: dict[str, EntitySet], seed: int, today: dt.date):
        rng = random.Random(seed)
        # In the order of `plan.make_orders`: the same seed gives the same master data.
        self._maker = Maker(customers(rng), materials(rng), sets)
        self._database, self._sets, self._clock = database, sets, Clock(today)
        self._last = int(database.tables[HEADER].last_group())

    def create(self, sent: Entity, approval: str = "") -> str:
        """A new order; returns its number in internal form. Numbers are given at the commit, without gaps."""
        draft = self._maker.order(sent, self._last + 1, self._clock.ticks())
        if approval:
            draft.header["SalesDocApprovalStatus"] = approval
        draft.settle()
        draft.store(self._database)
        self._last += 1
        return draft.number

    def insert(self, name: str, number: str, item: str | None, sent: Entity) -> Key:
        """A new item, schedule line or partner of an order; returns its key."""
        draft = Draft.load(self._database, number)
        if name == ITEM:
            key: Key = (number, self._maker.add_item(draft, sent))
        elif name == PARTNER:
            key = (number, self._maker.put_partner(draft, sent.values))
        elif name == LINE and item is not None:
            key = (number, item, self._add_line(draft, item, sent.values))
        else:
            raise refusal(Detail("ZSB/020", f"Entities of {name} cannot be created"))
        self._commit(draft)
        return key

    def change(self, name: str, key: Key, values: Values, replace: bool = False) -> None:
        """Changes properties of an entity; `replace` (PUT) gives all others their initial value."""
        draft, given = Draft.load(self._database, key[0]), self._maker.given(name, values)
        keys = [p.name for p in self._sets[name].keys]
        row = next(row for row in draft.rows[name] if tuple(row[k] for k in keys) == key)
        if replace:
            reset = {p.name: p.initial() for p in self._sets[name].properties if p.name not in _KEPT}
            given = self._maker.given(name, reset) | given
        if name == HEADER:
            self._check_header(draft, given)
        elif name == ITEM:
            self._change_item(draft, row, given)
        elif name == LINE:
            self._change_line(draft, row, given)
        elif name == PARTNER:
            self._maker.put_partner(draft, row | given)
        elif name == ITEM_PRICE and row["ConditionType"] == PRICE_CONDITION:
            given = {"ConditionRateValue": given.get("ConditionRateValue", row["ConditionRateValue"])}
        else:
            raise refusal(Detail("ZSB/021", f"Entities of {name} cannot be changed"))
        row.update(given)
        self._commit(draft)

    def delete(self, name: str, key: Key) -> None:
        """Deletes an entity with all below it."""
        draft = Draft.load(self._database, key[0])
        if name in (HEADER, ITEM) and draft.delivered(key[1] if name == ITEM else None):
            raise refusal(Detail("ZSB/022", f"Sales order {key[0].lstrip('0')} has subsequent documents"))
        if name == HEADER:
            Draft(key[0], {name: [] for name in draft.rows}).store(self._database)
            return
        if name == ITEM:
            draft.drop_item(key[1])
        elif name == PARTNER and key[1] != "AG":
            draft.rows[PARTNER] = [row for row in draft.rows[PARTNER] if row["PartnerFunction"] != key[1]]
        elif name == LINE and len(draft.of_item(LINE, key[1])) > 1:
            draft.rows[LINE] = [
                row for row in draft.rows[LINE] if (row["SalesOrderItem"], row["ScheduleLine"]) != key[1:]
            ]
            self._sum_lines(draft, key[1])
        else:
            raise refusal(Detail("ZSB/023", f"This entity of {name} cannot be deleted"))
        self._commit(draft)

    def approve(self, number: str, waiting: str, outcome: str) -> None:
        """Ends an approval request: the status goes from `waiting` to `outcome`."""
        draft = Draft.load(self._database, number)
        if not waiting or draft.header.get("SalesDocApprovalStatus", "") != waiting:
            raise refusal(Detail("ZSB/024", f"Sales order {number.lstrip('0')} waits for no approval"))
        draft.header["SalesDocApprovalStatus"] = outcome
        self._commit(draft)

    def restore(self) -> None:
        """Brings the data back to what they were at the start; the next number is then the first again."""
        for table in self._database.tables.values():
            table.restore()
        self._database.version += 1
        self._last = int(self._database.tables[HEADER].last_group())

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is written inside stays as a whole, or not at all when the block ends with an exception."""
        last, kept = self._last, False
        self._database.begin()
        try:
            yield
            kept = True
        finally:
            self._database.end(kept)
            if not kept:
                self._last = last

    def touch(self, number: str) -> None:
        """What another user's change does to an order: a new time stamp, and so another ETag."""
        self._commit(Draft.load(self._database, number))

    def _commit(self, draft: Draft) -> None:
        draft.settle()
        ticks = self._clock.ticks()
        draft.header["LastChangeDateTime"], draft.header["LastChangeDate"] = ticks, day_ms(ticks)
        draft.store(self._database)

    def _check_header(self, draft: Draft, given: Values) -> None:
        sold_to = given.get("SoldToParty")
        if sold_to is not None and sold_to not in self._maker.customers:
            raise refusal(Detail("ZSB/011", f"Customer {sold_to.lstrip('0')} is not defined", "SoldToParty"))
        for name in ("SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision"):
            old = draft.header.get(name, self._database.tables[HEADER].constants.get(name))
            if given.pop(name, old) != old:
                raise refusal(Detail("ZSB/026", f"{name} cannot be changed", name))
        if "PurchaseOrderByCustomer" in given:
            for item in draft.rows[ITEM]:
                item["PurchaseOrderByCustomer"] = given["PurchaseOrderByCustomer"]

    def _change_item(self, draft: Draft, row: Values, given: Values) -> None:
        material = given.pop("Material", row["Material"])
        if material != row["Material"]:
            raise refusal(Detail("ZSB/025", "The material of an item cannot be changed", "Material"))
        quantity = _quantity(given, row, "RequestedQuantity")
        item = row["SalesOrderItem"]
        if quantity <= 0 or quantity < draft.delivered(item):
            raise refusal(Detail("ZSB/006", "The quantity is below what was delivered", "RequestedQuantity"))
        lines = draft.of_item(LINE, item)
        change = quantity - sum((line["ScheduleLineOrderQuantity"] for line in lines), _ZERO)
        for line in reversed(lines):
            old = line["ScheduleLineOrderQuantity"]
            new = max(line["DeliveredQtyInOrderQtyUnit"], old + change)
            if new != old:
                line["ScheduleLineOrderQuantity"] = line["ConfdOrderQtyByMatlAvailCheck"] = new
            change -= new - old

    def _change_line(self, draft: Draft, row: Values, given: Values) -> None:
        # The delivered and confirmed quantities are the tenant's, though the metadata does not mark them so.
        for name in _KEPT - {"ScheduleLineOrderQuantity", "RequestedDeliveryDate"}:
            given.pop(name, None)
        quantity = _quantity(given, row, "ScheduleLineOrderQuantity")
        if quantity < row["DeliveredQtyInOrderQtyUnit"]:
            raise refusal(Detail("ZSB/006", "The quantity is below what was delivered", "ScheduleLineOrderQuantity"))
        if quantity != row["ScheduleLineOrderQuantity"]:
            row["ScheduleLineOrderQuantity"] = row["ConfdOrderQtyByMatlAvailCheck"] = quantity
        self._sum_lines(draft, row["SalesOrderItem"])

    def _add_line(self, draft: Draft, item: str, values: Values) -> str:
        lines = draft.of_item(LINE, item)
        number = f"{int(max(line['ScheduleLine'] for line in lines)) + 1:04d}"
        quantity = values.get("ScheduleLineOrderQuantity") or _ZERO
        fresh = lines[-1] | self._maker.given(LINE, values)
        fresh |= {"ScheduleLine": number, "DeliveredQtyInOrderQtyUnit": _ZERO}
        fresh |= {"ScheduleLineOrderQuantity": quantity, "ConfdOrderQtyByMatlAvailCheck": quantity}
        draft.rows[LINE].append(fresh)
        self._sum_lines(draft, item)
        return number

    def _sum_lines(self, draft: Draft, item: str) -> None:
        total = sum((line["ScheduleLineOrderQuantity"] for line in draft.of_item(LINE, item)), _ZERO)
        next(row for row in draft.rows[ITEM] if row["SalesOrderItem"] == item)["RequestedQuantity"] = total


def _quantity(given: Values, row: Values, name: str) -> Decimal:
    """A quantity as it is to be; what was sent as null is none at all."""
    if name in given and given[name] is None:
        given[name] = _ZERO
    found: Decimal = given[name] if name in given else row[name]
    return found
