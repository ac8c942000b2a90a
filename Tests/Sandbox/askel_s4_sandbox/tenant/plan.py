# SPDX-License-Identifier: Apache-2.0
"""The orders as compact objects, from seed and date alone; `tenant.tables` turns them into rows of entity sets.

What holds for every seed (tests and dashboards count on it):
- OPEN_ORDERS open orders (OverallSDProcessStatus A or B) with a CreationDate in [today-29 days, today];
- PARTIALLY_DELIVERED of them have OverallDeliveryStatus B, the others A or "" (nothing to deliver);
- no order at all was created in [today-34, today-30], so "the last 30 days" means the same however it is counted.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from itertools import accumulate

from .master_data import TRICKY_REFERENCES, Customer, Material, customers, materials

OPEN_ORDERS = 4200
PARTIALLY_DELIVERED = 504
CLOSED_IN_WINDOW = 1500
OLD_OPEN = 260
OLD_CLOSED = 1740
WINDOW_DAYS = 30
# The number range passes from four digits to five inside the window: there "9999" stands before "10000".
FIRST_ORDER = 6001

DAY_MS = 86_400_000
EPOCH = dt.date(1970, 1, 1)


@dataclass(slots=True)
class Line:
    """A schedule line; quantities in thousandths of the order unit."""

    quantity: int
    confirmed: int
    delivered: int
    requested_ms: int
    block: str = ""


@dataclass(slots=True)
class Item:
    """An item; `net` in cents. Statuses are SAP's: A open, B partly, C done, "" not relevant."""

    number: int
    material: Material
    quantity: int
    price: int
    net: int
    delivery: str
    process: str
    billing: str
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Order:
    """An order; dates are milliseconds since 1970 at midnight UTC, `changed` is in 100 ns since 1970."""

    number: int
    customer: Customer
    created_ms: int
    changed: int
    changed_ms: int | None
    requested_ms: int
    reference: str
    user: str
    delivery: str
    process: str
    billing: str
    delivery_block: str
    billing_block: str
    items: list[Item] = field(default_factory=list)

    @property
    def net(self) -> int:
        """Sum of the items' net amounts, in cents."""
        return sum(item.net for item in self.items)


# What happens to an order: (OverallDeliveryStatus, is it open?)
_PARTIAL, _UNTOUCHED, _SERVICE, _CLOSED, _SERVICE_CLOSED = "partial", "untouched", "service", "closed", "service closed"


def _fates(rng: random.Random) -> list[tuple[int, str]]:
    """(age in days, fate) of every order, oldest first; ages inside a day keep a random order."""
    fates = [(rng.randrange(1, WINDOW_DAYS), _PARTIAL) for _ in range(PARTIALLY_DELIVERED)]
    for _ in range(OPEN_ORDERS - PARTIALLY_DELIVERED):
        fates.append((rng.randrange(WINDOW_DAYS), _SERVICE if rng.random() < 0.08 else _UNTOUCHED))
    for _ in range(CLOSED_IN_WINDOW):
        fates.append((rng.randrange(WINDOW_DAYS), _SERVICE_CLOSED if rng.random() < 0.05 else _CLOSED))
    for _ in range(OLD_OPEN):
        fates.append((rng.randrange(35, 200), rng.choice((_PARTIAL, _UNTOUCHED, _UNTOUCHED, _SERVICE))))
    for _ in range(OLD_CLOSED):
        fates.append((rng.randrange(35, 400), _CLOSED))
    rng.shuffle(fates)
    fates.sort(key=lambda fate: -fate[0])
    return fates


def make_orders(seed: int, today: dt.date) -> list[Order]:
    """All orders in the order of their numbers."""
    rng = random.Random(seed)
    people, goods = customers(rng), materials(rng)
    physical, services = [m for m in goods if not m.service], [m for m in goods if m.service]
    shares = list(accumulate(c.weight for c in people))
    today_ms = (today - EPOCH).days * DAY_MS
    orders = []
    for number, (age, fate) in enumerate(_fates(rng), FIRST_ORDER):
        customer = rng.choices(people, cum_weights=shares)[0]
        order = _order_head(rng, number, customer, today_ms, age, fate)
        pool = services if fate in (_SERVICE, _SERVICE_CLOSED) else physical
        count = rng.choice((1, 1, 1, 2, 2, 2, 3, 3, 4, 5))
        for position in range(1, count + 1):
            order.items.append(_item(rng, order, position * 10, rng.choice(pool)))
        _deliver(rng, order, fate)
        orders.append(order)
    return orders


def _order_head(rng: random.Random, number: int, customer: Customer, today_ms: int, age: int, fate: str) -> Order:
    created = today_ms - age * DAY_MS
    change_age = rng.randrange(age + 1) if rng.random() < 0.6 or fate in (_PARTIAL, _CLOSED) else age
    changed_day = today_ms - change_age * DAY_MS
    # Today's changes fall into its first hour, so that they are hardly ever in the future.
    millis = rng.randrange(3_600_000 if change_age == 0 else DAY_MS)
    delivery = {_PARTIAL: "B", _UNTOUCHED: "A", _CLOSED: "C"}.get(fate, "")
    process = {_PARTIAL: "B", _UNTOUCHED: "A", _SERVICE: rng.choice("AAB")}.get(fate, "C")
    billing = {_SERVICE: "A" if process == "A" else "B", _SERVICE_CLOSED: "C"}.get(fate, "")
    lead = rng.randint(7, 45)
    reference = f"PO-{rng.randrange(10**6):06d}"
    if rng.random() < 0.015:
        reference = rng.choice(TRICKY_REFERENCES)
    return Order(
        number=number,
        customer=customer,
        created_ms=created,
        changed=(changed_day + millis) * 10_000 + rng.randrange(1000) * 10,
        changed_ms=changed_day if change_age != age else None,
        requested_ms=created + lead * DAY_MS,
        reference=reference,
        user=f"CB99800000{rng.randrange(10, 30)}",
        delivery=delivery,
        process=process,
        billing=billing,
        delivery_block="01" if fate == _UNTOUCHED and rng.random() < 0.03 else "",
        billing_block="08" if process != "C" and rng.random() < 0.02 else "",
    )


def _item(rng: random.Random, order: Order, number: int, material: Material) -> Item:
    size = max(2, int(rng.lognormvariate(1.6, 0.9) * order.customer.size))
    quantity = size * 1000 + (500 if material.unit[0] == "KG" and rng.random() < 0.5 else 0)
    price = material.price * rng.randint(90, 110) // 100
    # Net amounts are whole cents; half a kilogram may cost half a cent less.
    net = price * quantity // 1000
    return Item(number, material, quantity, price, net, order.delivery, order.process, order.billing)


def _deliver(rng: random.Random, order: Order, fate: str) -> None:
    """Decides what was delivered, and gives each item schedule lines and statuses that say the same."""
    delivered = [item.quantity if fate == _CLOSED else 0 for item in order.items]
    if fate == _PARTIAL:
        # Never the whole order: the last item stays behind, in part or in full.
        for index in range(len(order.items) - 1):
            delivered[index] = rng.choice((0, order.items[index].quantity, _part(rng, order.items[index])))
        if not any(delivered):
            delivered[-1] = _part(rng, order.items[-1])
    for item, sent in zip(order.items, delivered, strict=True):
        if order.delivery:
            item.delivery = "C" if sent == item.quantity else "B" if sent else "A"
            item.process = item.delivery
        _schedule(rng, order, item, sent)


def _part(rng: random.Random, item: Item) -> int:
    return rng.randrange(1, item.quantity // 1000) * 1000


def _schedule(rng: random.Random, order: Order, item: Item, sent: int) -> None:
    first = item.quantity
    if item.quantity >= 4000 and rng.random() < 0.45:
        first = item.quantity // 2000 * 1000
    for index, quantity in enumerate((first, item.quantity - first)):
        if not quantity:
            continue
        taken = min(sent, quantity)
        sent -= taken
        unconfirmed = index == 1 and not taken and order.process != "C" and rng.random() < 0.15
        item.lines.append(
            Line(
                quantity=quantity,
                confirmed=0 if unconfirmed else quantity,
                delivered=taken,
                requested_ms=order.requested_ms + index * 7 * DAY_MS,
                block="01" if order.process == "A" and index == 1 and rng.random() < 0.01 else "",
            )
        )
