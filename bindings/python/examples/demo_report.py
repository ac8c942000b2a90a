# SPDX-License-Identifier: Apache-2.0
"""What the demo prints: plain text that fits into 80 columns."""

import contextlib
import datetime as dt
import os
import re
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, Callable, DefaultDict, Dict, Iterator, List, Sequence, Tuple

from askel_s4 import CheckResult, Connection, Receipt, Verdict, sales_order_status_text

WIDTH = 80
# What the sandbox holds, by its README: open orders created in the last 30 days.
EXPECTED_ORDERS = 4200
STATUSES = {"OverallSDProcessStatus": "Overall status", "OverallDeliveryStatus": "Delivery status"}

VERDICTS: Dict[int, str] = {
    Verdict.READING: "not at its end",
    Verdict.COMPLETE_COUNTED: "complete, the server's count was met",
    Verdict.CHAIN_UNBROKEN: "complete by its chain of pages, without a count",
    Verdict.FAILED: "not complete",
}

Order = Dict[str, Any]


def _bold(text: str) -> str:
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\033[1m{text}\033[0m"


def _heading(text: str) -> None:
    print(f"\n{_bold(text)}")


def _bar(share: float, width: int) -> str:
    full = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    return (full * max(1, round(share * width))).ljust(width)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A line that counts while a read goes on; on a terminal only, and gone afterwards."""

    def show(count: int) -> None:
        if sys.stdout.isatty() and count % 100 == 0:
            print(f"\r  reading {what}: {count:,}", end="", flush=True)

    try:
        yield show
    finally:
        if sys.stdout.isatty():
            print("\r\033[K", end="", flush=True)


def title(name: str, subtitle: str) -> None:
    print(_bold(name))
    print(subtitle)


def connection(found: Connection, result: CheckResult) -> None:
    _heading(f"Connection {found.id}")
    print(f"  host    {found.host}")
    print(f"  client  {found.client_id}")
    print(f"  state   {found.state} since {found.since:%Y-%m-%d %H:%M:%S} UTC")
    if result.token:
        print(f"  check   a {result.token.type} token was minted and discarded in {result.ms} ms")


def statuses(orders: List[Order], since: dt.date) -> None:
    """How many orders stand where."""
    _heading(f"{_count(len(orders), 'open order')} created since {since}")
    for name, label in STATUSES.items():
        print(f"  {label}")
        for code, count in sorted(Counter(order[name] for order in orders).items()):
            meaning = sales_order_status_text(name, code) or "unknown"
            print(f"    {code or '-':<3}{meaning:<43.43}{count:>7,}{count / len(orders):>9.1%}")


def top_customers(orders: List[Order]) -> None:
    """The customers with the most open value, in the currency that most orders have; amounts are never added up
    across currencies."""
    values: DefaultDict[str, Counter[str]] = defaultdict(Counter)
    for order in orders:
        values[order["TransactionCurrency"]][order["SoldToParty"]] += order["TotalNetAmount"]
    order_counts = Counter(order["TransactionCurrency"] for order in orders)
    for place, (currency, count) in enumerate(order_counts.most_common()):
        customers: List[Tuple[str, Any]] = values[currency].most_common(10)
        total = sum(values[currency].values(), Decimal(0))
        customer_count = _count(len(values[currency]), "customer")
        sum_line = f"  {currency}: {total:,.2f} in {_count(count, 'order')} of {customer_count}"
        if place > 0:
            print(sum_line)
            continue
        _heading(f"The ten customers with the most open value, in {currency}")
        for customer, value in customers:
            print(f"  {customer:<11}{_bar(float(value / customers[0][1]), 44)} {value:>18,.2f}")
        print(sum_line)


def late(orders: List[Order], today: dt.date) -> None:
    """The orders that should have been delivered by now. One with nothing to deliver is not late."""
    waiting = [
        order
        for order in orders
        if order["OverallDeliveryStatus"] in ("A", "B")
        and order["RequestedDeliveryDate"] is not None
        and order["RequestedDeliveryDate"].date() < today
    ]
    waiting.sort(key=lambda order: (order["RequestedDeliveryDate"], order["SalesOrder"].zfill(10)))
    _heading(f"{_count(len(waiting), 'late order')}: to be delivered before {today}, and not fully in delivery")
    if waiting:
        print(f"  {'order':<12}{'customer':<12}{'requested':<12}{'days late':>9}  {'delivery':<9}{'value':>18}")
    for order in waiting[:10]:
        day = order["RequestedDeliveryDate"].date()
        print(
            f"  {order['SalesOrder']:<12}{order['SoldToParty']:<12}{day!s:<12}{(today - day).days:>9}"
            f"  {order['OverallDeliveryStatus']:<9}{order['TotalNetAmount']:>18,.2f} {order['TransactionCurrency']}"
        )
    if len(waiting) > 10:
        print(f"  and {len(waiting) - 10:,} more")


def partials(orders: List[Order]) -> None:
    """What was ordered and delivered of the partially delivered orders, by unit and for the first few items."""
    items = [_item(order, item) for order in orders for item in expanded(order["to_Item"])]
    _heading(f"{_count(len(orders), 'partially delivered order')} with {_count(len(items), 'item')}")
    totals: DefaultDict[str, List[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for *_, unit, ordered, delivered in items:
        totals[unit] = [a + b for a, b in zip(totals[unit], (ordered, delivered, ordered - delivered))]
    print(f"  {'':<33}{'ordered':>14}{'delivered':>14}{'open':>14}")
    for unit, quantities in sorted(totals.items()):
        _quantities(f"all, in {unit}", quantities, unit)
    shown = [item for item in items if 0 < item[-1] < item[-2]][:8]
    for number, position, material, unit, ordered, delivered in shown:
        _quantities(f"{number}/{position} {material}", (ordered, delivered, ordered - delivered), unit)


def _item(order: Order, item: Order) -> Tuple[str, str, str, str, Decimal, Decimal]:
    # Values inside an expanded object come as SAP's JSON has them: OData V2 writes decimals as text.
    delivered = sum(
        (Decimal(line["DeliveredQtyInOrderQtyUnit"]) for line in expanded(item["to_ScheduleLine"])), Decimal(0)
    )
    ordered = Decimal(item["RequestedQuantity"])
    material, unit = item.get("Material", ""), item["RequestedQuantityUnit"]
    return order["SalesOrder"], item["SalesOrderItem"], material, unit, ordered, delivered


def _quantities(label: str, quantities: Sequence[Decimal], unit: str) -> None:
    print(f"  {label:<33.33}" + "".join(f"{quantity:>14,.3f}" for quantity in quantities) + f" {unit}")


def expanded(value: Any) -> List[Dict[str, Any]]:
    """The objects of an expanded navigation property: OData V2 puts them into {"results": […]}."""
    found: List[Dict[str, Any]] = value["results"] if isinstance(value, dict) else value
    return found


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def receipt(label: str, found: Receipt) -> None:
    """What was proven about the rows, in numbers and in the library's own sentence."""
    seconds = found.elapsed_ms / 1000
    _heading(f"{label}: {VERDICTS.get(found.verdict, f'verdict {found.verdict}')}")
    pages, requests = _count(found.pages, "page"), _count(found.requests, "request")
    print(f"  {_count(found.rows, 'row')} in {pages}, {requests}, {seconds:.2f} s")
    print(f"  {_count(found.bytes, 'byte')}, {found.bytes_wire:,} over the wire (compressed)")
    unused = f"{found.mints_unused:,} of them made ahead beside the last page and never sent"
    print(f"  {_count(found.mints, 'token')} minted" + (f", {unused}" if found.mints_unused else ""))
    print(f"  {_count(found.retries, 'retry', 'retries')}")
    line = " "
    # The library's own sentence, with numbers as this report writes them.
    for word in re.sub(r"\b\d{4,}\b", lambda number: f"{int(number[0]):,}", found.text).split():
        if len(line) + len(word) + 1 > WIDTH:
            print(line)
            line = " "
        line += " " + word
    print(line)
