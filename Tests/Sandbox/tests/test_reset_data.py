# SPDX-License-Identifier: Apache-2.0
"""Written data can be taken back, and orders as they are made at the start agree with the rules of writing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from askel_s4_sandbox.tenant.draft import Draft
from askel_s4_sandbox.tenant.order_book import OrderBook
from askel_s4_sandbox.tenant.tables import SALES_ORDER_SERVICE, sales_order_database


def test_data_are_as_at_the_start_after_a_reset(client: Any) -> None:
    client.sandbox.reset_data()
    order = "A_SalesOrder('9999')"
    before = client.every_row("A_SalesOrder"), client.data(order, "$expand=to_Item/to_ScheduleLine")
    number = client.create("gone")["SalesOrder"]
    assert client.write("PATCH", order, {"SalesGroup": "XX"}, If_Match="*").status_code == 204
    assert client.write("PATCH", order, {"SalesOffice": "YY"}, If_Match="*").status_code == 204
    assert client.write("PATCH", "A_SalesOrder('9998')", {"SalesGroup": "XX"}, If_Match="*").status_code == 204
    open_one = client.rows("A_SalesOrder", "$filter=OverallDeliveryStatus eq 'A'&$top=1")[0]["SalesOrder"]
    assert client.write("DELETE", f"A_SalesOrder('{open_one}')", If_Match="*").status_code == 204
    client.sandbox.reset_data()
    after = client.every_row("A_SalesOrder"), client.data(order, "$expand=to_Item/to_ScheduleLine")
    assert after == before and client.get(f"A_SalesOrder('{number}')").status_code == 404
    assert client.create("again")["SalesOrder"] == number


def test_orders_of_the_start_follow_the_rules_of_writing() -> None:
    today = dt.date(2026, 3, 31)
    database = sales_order_database(1710, today)
    OrderBook(database, SALES_ORDER_SERVICE.sets, 1710, today)
    for (number,) in map(database.tables["A_SalesOrder"].key, database.tables["A_SalesOrder"].rows):
        draft, untouched = Draft.load(database, number), Draft.load(database, number)
        draft.settle()
        for name, rows in draft.rows.items():
            table = database.tables[name]
            for row, old in zip(rows, untouched.rows[name], strict=True):
                assert row == {n: table.constants.get(n) for n in row} | old, (number, name)
