# SPDX-License-Identifier: Apache-2.0
"""Server-driven paging: every set, every form of next link, and the faults that spoil it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

ORDERS = "A_SalesOrder"
SETS = (
    "A_SalesOrder", "A_SalesOrderItem", "A_SalesOrderScheduleLine", "A_SalesOrderHeaderPartner",
    "A_SalesOrderHeaderPrElement", "A_SalesOrderItemPrElement",
)  # fmt: skip


def follow(client: Any, link: str) -> Any:
    """Resolves the three forms of next links."""
    if link.startswith("A_"):
        link = client.root + "/" + link
    return client.raw(urljoin(client.root, link)).json()["d"]


def pages(client: Any, query: str, most: int = 50) -> list[list[str]]:
    page = client.data(ORDERS, query)
    found = [[row["SalesOrder"] for row in page["results"]]]
    while "__next" in page and len(found) < most:
        page = follow(client, page["__next"])
        found.append([row["SalesOrder"] for row in page["results"]])
    return found


@pytest.mark.parametrize("name", SETS)
def test_a_page_has_a_thousand_rows_and_a_next_link(client: Any, name: str) -> None:
    page = client.data(name, "$select=SalesOrder")
    assert len(page["results"]) == 1000
    assert page["__next"].startswith(f"{client.root}/{name}?%24skiptoken=")
    assert page["__next"].endswith("&$select=SalesOrder")


@pytest.mark.parametrize("form", ["absolute", "host-relative", "service-relative"])
def test_all_forms_of_next_links_lead_through_the_set(client: Any, form: str) -> None:
    client.sandbox.settings(next_link=form, page_size=1500)
    link = client.data(ORDERS)["__next"]
    starts = {"absolute": "https://localhost:", "host-relative": "/sap/opu", "service-relative": "A_SalesOrder?%24skip"}
    assert link.startswith(starts[form])
    found = pages(client, "$select=SalesOrder")
    assert [len(page) for page in found] == [1500] * 5 + [200]
    numbers = [int(number) for page in found for number in page]
    assert numbers == sorted(set(numbers)) and len(numbers) == 7700


def test_top_and_skip_count_over_all_pages(client: Any) -> None:
    client.sandbox.settings(page_size=100)
    assert [len(page) for page in pages(client, "$select=SalesOrder&$top=250")] == [100, 100, 50]
    assert [len(page) for page in pages(client, "$select=SalesOrder&$top=200&$skip=5")] == [100, 100]
    assert pages(client, "$select=SalesOrder&$top=200&$skip=5")[0][0] == "6006"
    client.sandbox.settings(page_size=0)
    assert [len(page) for page in pages(client, "$select=SalesOrder")] == [7700]


def test_options_stay_in_force_on_later_pages(client: Any) -> None:
    query = "$filter=OverallDeliveryStatus%20eq%20'B'&$orderby=TotalNetAmount%20desc&$select=SalesOrder"
    query += "&$inlinecount=allpages"
    client.sandbox.settings(page_size=200)
    page = client.data(ORDERS, query)
    second = follow(client, page["__next"])
    assert second["__count"] == page["__count"] and len(second["results"]) == 200
    client.sandbox.settings(page_size=0)
    whole = client.rows(ORDERS, query)
    assert page["results"] + second["results"] == whole[:400]


def test_a_client_may_prefer_smaller_pages(client: Any) -> None:
    ask = {"Prefer": "odata.maxpagesize=70"}
    assert len(client.data(ORDERS, "$select=SalesOrder", **ask)["results"]) == 70
    assert len(client.data(ORDERS, "$select=SalesOrder", Prefer="odata.maxpagesize=5000")["results"]) == 1000
    client.sandbox.settings(honour_maxpagesize=False)
    assert len(client.data(ORDERS, "$select=SalesOrder", **ask)["results"]) == 1000


def test_next_links_may_repeat_the_token(client: Any) -> None:
    client.sandbox.settings(page_size=2000, repeat_skiptoken=True)
    link = follow(client, client.data(ORDERS, "$select=SalesOrder")["__next"])["__next"]
    assert link.count("skiptoken=") == 2 and "%24skiptoken=" in link and "&$skiptoken=" in link
    assert sum(len(page) for page in pages(client, "$select=SalesOrder")) == 7700


def test_navigation_and_expanded_reads_are_paged_by_their_own_rows(client: Any) -> None:
    client.sandbox.settings(page_size=2)
    page = client.data("A_SalesOrder", "$expand=to_Item&$top=3")
    assert len(page["results"]) == 2 and "__next" not in page["results"][0]["to_Item"]
    count = next(
        row for row in client.every_row("A_SalesOrder", "$top=60&$expand=to_Item") if len(row["to_Item"]["results"]) > 2
    )
    items = client.every_row(f"A_SalesOrder('{count['SalesOrder']}')/to_Item")
    assert items == count["to_Item"]["results"]


def test_foreign_and_http_links_lead_away(client: Any) -> None:
    for fault, start in (
        ("next_foreign", client.sandbox.foreign_url),
        ("next_http", client.root.replace("https:", "http:")),
        ("next_port80", "https://localhost:80/"),
    ):
        client.sandbox.clear_faults()
        client.sandbox.fault(fault)
        assert client.data(ORDERS, "$top=5")["__next"].startswith(start)
    client.sandbox.clear_faults()
    client.sandbox.fault("next_foreign", times=1)
    link = client.data(ORDERS, "$select=SalesOrder")["__next"]
    assert client.raw(link).json() == {}
    log = client.sandbox.foreign_log()
    assert log[-1]["method"] == "GET" and log[-1]["path"].endswith(urlsplit(link).query)
    assert dict(log[-1]["headers"])["authorization"].startswith("Bearer ")


def test_loops_can_be_had(client: Any) -> None:
    client.sandbox.fault("next_loop", skip=1)
    found = pages(client, "$select=SalesOrder&$filter=SalesOrder%20lt%20'9001'", most=6)
    assert found[1] == found[2] == found[3] and found[0] != found[1]
    client.sandbox.clear_faults()
    client.sandbox.fault("next_to_self_first", skip=1)
    found = pages(client, "$select=SalesOrder", most=5)
    assert found[0] != found[1] and found[0] == found[2] == found[3] == found[4]


def test_rows_can_be_repeated_and_missing(client: Any) -> None:
    client.sandbox.settings(page_size=1000)
    whole = [number for page in pages(client, "$select=SalesOrder") for number in page]
    client.sandbox.fault("repeat_rows", k=3)
    found = pages(client, "$select=SalesOrder")
    assert found[1][:3] == found[0][-3:] and sum(map(len, found)) == 7700 + 7 * 3
    client.sandbox.clear_faults()
    client.sandbox.fault("skip_rows", skip=1, times=1, k=4)
    found = pages(client, "$select=SalesOrder")
    assert [n for page in found for n in page] == whole[:1000] + whole[1004:] and len(found[1]) == 996
    client.sandbox.clear_faults()
    client.sandbox.fault("skip_rows", skip=1, times=1, k=4, shift=True)
    found = pages(client, "$select=SalesOrder")
    assert [n for page in found for n in page] == whole[:1000] + whole[1004:] and len(found[1]) == 1000


def test_empty_pages_can_have_next_links(client: Any) -> None:
    client.sandbox.fault("empty_page_with_next", skip=1, times=3)
    found = pages(client, "$select=SalesOrder&$top=2500")
    assert [len(page) for page in found] == [1000, 0, 0, 0, 1000, 500]
    client.sandbox.fault("empty_page_with_next")
    page = client.data(ORDERS)
    links = [page["__next"], follow(client, page["__next"])["__next"]]
    assert page["results"] == [] and len(set(links)) == 2


def test_rows_of_another_set_can_come(client: Any) -> None:
    client.sandbox.fault("wrong_set")
    row = client.rows(ORDERS, "$top=1&$select=SalesOrder,SoldToParty&$filter=SoldToParty%20ne%20''")[0]
    assert row["__metadata"]["type"] == "API_SALES_ORDER_SRV.A_SalesOrderItemType"
