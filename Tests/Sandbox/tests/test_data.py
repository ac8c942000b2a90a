# SPDX-License-Identifier: Apache-2.0
"""What the tenant's data promises, computed again from what comes over HTTP."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from askel_s4_sandbox import Sandbox

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def world(_s4_sandbox_process: Sandbox) -> dict[str, list[dict[str, Any]]]:
    """Every row of the sets that the tests compare."""
    from conftest import Client

    client = Client(_s4_sandbox_process)
    wanted = {
        "A_SalesOrder": "",
        "A_SalesOrderItem": "SalesOrder,SalesOrderItem,NetAmount,RequestedQuantity,DeliveryStatus,SDProcessStatus,"
        "ConfdDelivQtyInOrderQtyUnit,TaxAmount,TransactionCurrency",
        "A_SalesOrderScheduleLine": "SalesOrder,SalesOrderItem,ScheduleLine,ScheduleLineOrderQuantity,"
        "ConfdOrderQtyByMatlAvailCheck,DeliveredQtyInOrderQtyUnit,OpenConfdDelivQtyInOrdQtyUnit",
        "A_SalesOrderHeaderPrElement": "SalesOrder,ConditionType,ConditionAmount",
        "A_SalesOrderItemPrElement": "SalesOrder,SalesOrderItem,ConditionType,ConditionAmount",
        "A_SalesOrderHeaderPartner": "SalesOrder,PartnerFunction,Customer",
    }
    found = {name: client.every_row(name, f"$select={fields}" if fields else "") for name, fields in wanted.items()}
    client.session.close()
    return found


def ms(text: str) -> int:
    return int(text[6:].partition(")")[0].partition("+")[0])


def open_in_window(world: dict[str, list[dict[str, Any]]], today: str, days: int = 30) -> list[dict[str, Any]]:
    last = (dt.date.fromisoformat(today) - dt.date(1970, 1, 1)).days * DAY_MS
    return [
        order
        for order in world["A_SalesOrder"]
        if order["OverallSDProcessStatus"] != "C" and last - days * DAY_MS < ms(order["CreationDate"]) <= last
    ]


def by_order(rows: list[dict[str, Any]], *names: str) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


@pytest.mark.parametrize("days", [30, 31, 33])
def test_4200_open_orders_of_which_504_are_partly_delivered(
    world: Any, _s4_sandbox_process: Sandbox, days: int
) -> None:
    orders = open_in_window(world, _s4_sandbox_process.today, days)
    assert len(orders) == 4200 == _s4_sandbox_process.open_orders
    statuses = Counter(order["OverallDeliveryStatus"] for order in orders)
    assert statuses["B"] == 504 == _s4_sandbox_process.partially_delivered and set(statuses) == {"A", "B", ""}
    assert {order["OverallSDProcessStatus"] for order in orders} == {"A", "B"}


def test_around_the_window_there_are_closed_and_older_orders(world: Any, _s4_sandbox_process: Sandbox) -> None:
    assert len(world["A_SalesOrder"]) == 7700
    statuses = Counter(order["OverallSDProcessStatus"] for order in world["A_SalesOrder"])
    assert statuses["C"] == 3240 and statuses["A"] + statuses["B"] == 4460 == _s4_sandbox_process.open_orders_in_all


def test_some_open_orders_are_late_and_some_blocked(world: Any, _s4_sandbox_process: Sandbox) -> None:
    orders = open_in_window(world, _s4_sandbox_process.today)
    newest = max(ms(order["CreationDate"]) for order in orders)
    late = sum(ms(order["RequestedDeliveryDate"]) < newest for order in orders)
    assert 400 < late < 2000
    blocked = [o for o in orders if o["DeliveryBlockReason"] or o["HeaderBillingBlockReason"]]
    assert 20 < len(blocked) < 400
    assert all((o["TotalBlockStatus"] == "C") == (o in blocked) for o in orders)


def test_customers_are_about_sixty_and_unequal(world: Any, _s4_sandbox_process: Sandbox) -> None:
    totals: Counter[str] = Counter()
    for order in open_in_window(world, _s4_sandbox_process.today):
        if order["TransactionCurrency"] == "EUR":
            totals[order["SoldToParty"]] += int(Decimal(order["TotalNetAmount"]) * 100)
    top = [value for _, value in totals.most_common(10)]
    assert 45 <= len(totals) <= 60 and len(set(top)) == 10
    assert sum(top) > 0.5 * sum(totals.values())
    currencies = Counter(order["TransactionCurrency"] for order in world["A_SalesOrder"])
    assert currencies["EUR"] > 6000 and 0 < currencies["USD"] < 700 and 0 < currencies["CHF"] < 900


def test_header_totals_are_the_sums_of_the_items(world: Any) -> None:
    items = by_order(world["A_SalesOrderItem"], "SalesOrder")
    prices = by_order(world["A_SalesOrderHeaderPrElement"], "SalesOrder", "ConditionType")
    for order in world["A_SalesOrder"]:
        number = order["SalesOrder"]
        mine = items[number,]
        assert 1 <= len(mine) <= 5
        total = sum(Decimal(item["NetAmount"]) for item in mine)
        assert Decimal(order["TotalNetAmount"]) == total
        assert Decimal(prices[number, "PPR0"][0]["ConditionAmount"]) == total
        tax = sum(Decimal(item["TaxAmount"]) for item in mine)
        assert Decimal(prices[number, "TTX1"][0]["ConditionAmount"]) == tax
        assert {item["TransactionCurrency"] for item in mine} == {order["TransactionCurrency"]}


def test_schedule_lines_items_and_headers_tell_one_story(world: Any) -> None:
    items, lines = (
        by_order(world["A_SalesOrderItem"], "SalesOrder"),
        by_order(world["A_SalesOrderScheduleLine"], "SalesOrder", "SalesOrderItem"),
    )
    for order in world["A_SalesOrder"]:
        ordered = delivered = Decimal(0)
        for item in items[order["SalesOrder"],]:
            mine = lines[order["SalesOrder"], item["SalesOrderItem"]]
            assert 1 <= len(mine) <= 2
            sums = [
                sum(Decimal(line[name]) for line in mine)
                for name in ("ScheduleLineOrderQuantity", "ConfdOrderQtyByMatlAvailCheck", "DeliveredQtyInOrderQtyUnit")
            ]
            assert sums[0] == Decimal(item["RequestedQuantity"]) and sums[1] == Decimal(
                item["ConfdDelivQtyInOrderQtyUnit"]
            )
            for line in mine:
                still_open = Decimal(line["ConfdOrderQtyByMatlAvailCheck"]) - Decimal(
                    line["DeliveredQtyInOrderQtyUnit"]
                )
                assert Decimal(line["OpenConfdDelivQtyInOrdQtyUnit"]) == still_open >= 0
            expected = "C" if sums[2] == sums[0] else "B" if sums[2] else "A"
            assert item["DeliveryStatus"] == (expected if order["OverallDeliveryStatus"] else "")
            ordered, delivered = ordered + sums[0], delivered + sums[2]
        status = order["OverallDeliveryStatus"]
        assert status == order["OverallTotalDeliveryStatus"]
        assert {"A": delivered == 0, "B": 0 < delivered < ordered, "C": delivered == ordered, "": delivered == 0}[
            status
        ]
        assert order["OverallSDProcessStatus"] == {"A": "A", "B": "B", "C": "C"}.get(
            status, order["OverallSDProcessStatus"]
        )


def test_item_prices_and_partners_belong_to_their_orders(world: Any) -> None:
    prices = by_order(world["A_SalesOrderItemPrElement"], "SalesOrder", "SalesOrderItem", "ConditionType")
    for item in world["A_SalesOrderItem"]:
        amount = prices[item["SalesOrder"], item["SalesOrderItem"], "PPR0"][0]["ConditionAmount"]
        assert amount == item["NetAmount"]
    partners = by_order(world["A_SalesOrderHeaderPartner"], "SalesOrder")
    for order in world["A_SalesOrder"]:
        mine = {row["PartnerFunction"]: row["Customer"] for row in partners[order["SalesOrder"],]}
        assert set(mine) == {"AG", "WE", "RE", "RG"} and mine["AG"] == order["SoldToParty"]


def test_seed_and_date_decide_every_byte(s4_sandbox_factory: Callable[..., Sandbox]) -> None:
    from conftest import Client

    pages = []
    for seed in (7, 7, 8):
        sandbox = s4_sandbox_factory(seed=seed, today="2026-02-28", page_size=500)
        client = Client(sandbox)
        texts = [client.get(name).text for name in ("A_SalesOrder", "A_SalesOrderItem", "A_SalesOrderItemPrElement")]
        pages.append([text.replace(sandbox.api_url, "") for text in texts])
        client.session.close()
        sandbox.stop()
    assert pages[0] == pages[1] and pages[0] != pages[2]
