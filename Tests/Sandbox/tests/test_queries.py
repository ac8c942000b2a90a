# SPDX-License-Identifier: Apache-2.0
"""Every query option does what OData V2 says, and refuses what makes no sense."""

from __future__ import annotations

import re
from typing import Any

import pytest

ORDERS = "A_SalesOrder"


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["SalesOrder"] for row in rows]


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("SalesOrder eq '9999'", lambda r: r["SalesOrder"] == "9999"),
        ("SalesOrder eq '0000009999'", lambda r: r["SalesOrder"] == "9999"),
        ("SalesOrder gt '9998' and SalesOrder le '10002'", lambda r: 9998 < int(r["SalesOrder"]) <= 10002),
        ("TransactionCurrency ne 'EUR'", lambda r: r["TransactionCurrency"] in ("CHF", "USD")),
        ("TotalNetAmount gt 100000M", lambda r: float(r["TotalNetAmount"]) > 100000),
        (
            "TotalNetAmount ge 100000.5 and TotalNetAmount lt 2e5",
            lambda r: 100000.5 <= float(r["TotalNetAmount"]) < 2e5,
        ),
        ("DeliveryBlockReason ne ''", lambda r: r["DeliveryBlockReason"] == "01"),
        ("not (OverallSDProcessStatus eq 'C')", lambda r: r["OverallSDProcessStatus"] in "AB"),
        ("not startswith(PurchaseOrderByCustomer,'PO-')", lambda r: not r["PurchaseOrderByCustomer"].startswith("PO-")),
        ("substringof('O''Neil',PurchaseOrderByCustomer)", lambda r: "O'Neil" in r["PurchaseOrderByCustomer"]),
        ("substringof('🚚',PurchaseOrderByCustomer) eq true", lambda r: "🚚" in r["PurchaseOrderByCustomer"]),
        ("endswith(PurchaseOrderByCustomer,'99')", lambda r: r["PurchaseOrderByCustomer"].endswith("99")),
        ("length(PurchaseOrderByCustomer) gt 9", lambda r: len(r["PurchaseOrderByCustomer"]) >= 9),
        ("tolower(IncotermsLocation1) eq 'zürich'", lambda r: r["IncotermsLocation1"] == "Zürich"),
        ("toupper(CustomerPaymentTerms) eq '0002'", lambda r: r["CustomerPaymentTerms"] == "0002"),
        ("indexof(IncotermsLocation1,'burg') eq 3", lambda r: r["IncotermsLocation1"] == "Hamburg"),
        ("substring(IncotermsLocation1,0,2) eq 'Wi'", lambda r: r["IncotermsLocation1"] == "Wien"),
        ("startswith(SalesOrder,'1000')", lambda r: r["SalesOrder"].startswith("1000")),
        ("LastChangeDate eq null", lambda r: r["LastChangeDate"] is None),
        ("LastChangeDate ne null and OverallDeliveryStatus eq 'B'", lambda r: r["LastChangeDate"] is not None),
        (
            "SoldToParty eq '10100003' or SoldToParty eq '0010100004'",
            lambda r: r["SoldToParty"] in ("10100003", "10100004"),
        ),
        (
            "OverallDeliveryStatus eq '' and OverallSDProcessStatus eq 'B'",
            lambda r: r["OverallOrdReltdBillgStatus"] == "B",
        ),
        (
            "TotalNetAmount sub 1 gt 99999 and TotalNetAmount mul 2 le 400000",
            lambda r: 1e5 < float(r["TotalNetAmount"]) <= 2e5,
        ),
        (
            "guid'25fae728-6d5b-4f0a-9f3c-0a1b2c3d4e5f' eq guid'25FAE728-6d5b-4f0a-9f3c-0a1b2c3d4e5f' "
            "and time'PT10H' lt time'PT10H1M' and SalesOrder lt '6011'",
            lambda r: int(r["SalesOrder"]) < 6011,
        ),
        (
            "round(TotalNetAmount div 3M) eq 1000 or -TotalNetAmount ge -300",
            lambda r: float(r["TotalNetAmount"]) < 3002,
        ),
        ("(SalesOrder eq '9001') or (SalesOrder eq '9002') and false", lambda r: r["SalesOrder"] == "9001"),
        ("CompleteDeliveryIsDefined eq false and SalesOrder eq '9000'", lambda r: r["SalesOrder"] == "9000"),
    ],
)
def test_filter_gives_exactly_the_matching_rows(client: Any, text: str, check: Any) -> None:
    found = client.every_row(ORDERS, f"$filter={text.replace('+', '%2B')}")
    assert found and all(check(row) for row in found)
    opposite = client.get(f"{ORDERS}/$count", f"$filter=not ({text})").text
    assert int(opposite) + len(found) == int(client.get(f"{ORDERS}/$count").text)


def test_dates_are_compared_as_moments(client: Any) -> None:
    today = client.sandbox.today
    found = client.every_row(ORDERS, f"$filter=CreationDate eq datetime'{today}T00:00:00'&$select=CreationDate")
    assert found and len({row["CreationDate"] for row in found}) == 1
    later = client.get(f"{ORDERS}/$count", f"$filter=LastChangeDateTime ge datetimeoffset'{today}T00:00:00Z'").text
    moved = client.get(
        f"{ORDERS}/$count", f"$filter=LastChangeDateTime ge datetimeoffset'{today}T02:00:00%2B02:00'"
    ).text
    assert int(later) > 0 and moved == later
    year = client.get(
        f"{ORDERS}/$count", f"$filter=year(CreationDate) eq {today[:4]} and month(CreationDate) eq {int(today[5:7])}"
    )
    assert int(year.text) >= len(found)


def test_a_filter_may_list_a_thousand_keys(client: Any) -> None:
    text = " or ".join(f"SalesOrder eq '{number}'" for number in range(7000, 8000))
    assert len(client.every_row(ORDERS, f"$filter={text}&$select=SalesOrder")) == 1000


def test_select_and_expand_shape_the_rows(client: Any) -> None:
    row = client.rows(ORDERS, "$top=1&$select=SalesOrder,TotalNetAmount")[0]
    assert list(row) == ["__metadata", "SalesOrder", "TotalNetAmount"]
    row = client.rows(ORDERS, "$top=1&$expand=to_Item/to_ScheduleLine,to_Partner")[0]
    lines = row["to_Item"]["results"][0]["to_ScheduleLine"]["results"]
    assert lines[0]["ScheduleLine"] == "1" and row["to_Partner"]["results"][0]["PartnerFunction"] == "AG"
    assert row["to_PricingElement"]["__deferred"]["uri"].endswith(f"('{row['SalesOrder']}')/to_PricingElement")
    row = client.rows(ORDERS, "$top=1&$expand=to_Item&$select=SalesOrder,to_Item/SalesOrderItem")[0]
    assert list(row) == ["__metadata", "SalesOrder", "to_Item"]
    assert list(row["to_Item"]["results"][0]) == ["__metadata", "SalesOrderItem"]
    parent = client.rows("A_SalesOrderItem", "$top=1&$expand=to_SalesOrder")[0]["to_SalesOrder"]
    assert parent["TotalNetAmount"]


def test_orderby_sorts_by_internal_keys(client: Any) -> None:
    found = ids(client.rows(ORDERS, "$filter=SalesOrder ge '9998'&$top=4&$select=SalesOrder&$orderby=SalesOrder"))
    assert found == ["9998", "9999", "10000", "10001"]
    amounts = [
        float(r["TotalNetAmount"]) for r in client.rows(ORDERS, "$orderby=TotalNetAmount desc,SalesOrder asc&$top=50")
    ]
    assert amounts == sorted(amounts, reverse=True)


def test_top_and_skip_bound_the_result(client: Any) -> None:
    everything = ids(client.rows(ORDERS, "$select=SalesOrder&$top=30"))
    assert ids(client.rows(ORDERS, "$select=SalesOrder&$top=10&$skip=5")) == everything[5:15]
    assert client.rows(ORDERS, "$top=0") == [] and client.rows(ORDERS, "$skip=999999") == []
    assert client.get(f"{ORDERS}/$count", "$top=7").text == "7"


def test_inlinecount_counts_what_the_filter_finds(client: Any) -> None:
    found = client.data(ORDERS, "$filter=OverallDeliveryStatus eq 'B'&$inlinecount=allpages&$top=3")
    assert int(found["__count"]) >= 504 and len(found["results"]) == 3
    assert "__count" not in client.data(ORDERS, "$inlinecount=none&$top=1")


def test_unfiltered_inlinecount_of_orders_fails_as_kba_3616518_says(client: Any) -> None:
    text = client.error(ORDERS, "$inlinecount=allpages", status=500)["message"]["value"]
    assert text == "In the context of Data Services an unknown internal server error occurred"
    client.sandbox.settings(inlinecount_fails=False)
    assert client.data(ORDERS, "$inlinecount=allpages&$top=1")["__count"] == "7700"
    assert client.data("A_SalesOrderItem", "$inlinecount=allpages&$top=1")["__count"]


def test_keys_and_navigation_lead_to_rows(client: Any) -> None:
    order = client.data("A_SalesOrder('9999')")
    assert client.data("A_SalesOrder(SalesOrder='0000009999')") == order
    assert client.data("A_SalesOrder(%279999%27)") == order
    items = client.rows("A_SalesOrder('9999')/to_Item")
    assert {item["SalesOrder"] for item in items} == {"9999"}
    item = client.data("A_SalesOrderItem(SalesOrder='9999',SalesOrderItem='000010')")
    assert item == items[0] == client.data("A_SalesOrder('9999')/to_Item(SalesOrder='9999',SalesOrderItem='10')")
    assert client.data("A_SalesOrderItem(SalesOrderItem='10',SalesOrder='9999')/to_SalesOrder") == order
    assert client.get("A_SalesOrder('9999')/to_Item/$count").text == str(len(items))
    assert client.data("A_SalesOrder('9999')/TotalNetAmount") == {"TotalNetAmount": order["TotalNetAmount"]}
    assert client.get("A_SalesOrder('9999')/TotalNetAmount/$value").text == order["TotalNetAmount"]
    prices = client.rows(f"{item['__metadata']['uri'].split('SRV/')[1]}/to_PricingElement")
    assert [p["ConditionType"] for p in prices] == ["PPR0", "TTX1"] and prices[0]["ConditionAmount"] == item[
        "NetAmount"
    ]


def test_values_have_the_recorded_forms(client: Any) -> None:
    answer = client.get("A_SalesOrder('9999')")
    order = answer.json()["d"]
    etag = order["__metadata"]["etag"]
    assert re.fullmatch(r"W/\"datetimeoffset'\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{7}Z'\"", etag)
    assert answer.headers["etag"] == etag and order["__metadata"]["type"] == "API_SALES_ORDER_SRV.A_SalesOrderType"
    assert re.fullmatch(r"/Date\(\d+\)/", order["CreationDate"])
    assert re.fullmatch(r"/Date\(\d+\+0000\)/", order["LastChangeDateTime"])
    assert re.fullmatch(r"\d+\.\d\d", order["TotalNetAmount"]) and order["AdditionalValueDays"] == "0"
    item = client.rows("A_SalesOrder('9999')/to_Item")[0]
    assert item["SalesOrderItem"] == "10" and item["HigherLevelItem"] == "0"
    assert re.fullmatch(r"\d+\.\d{3}", item["RequestedQuantity"])
    assert item["SlsDocIsRlvtForProofOfDeliv"] is False and order["BillingPlan"] == ""
    client.sandbox.settings(escaped_slashes=True)
    escaped = client.get("A_SalesOrder('9999')")
    assert "\\/Date(" in escaped.text and escaped.json()["d"] == order


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Nonsense eq 1", "$select=SalesOrder,Nonsense", "$orderby=Nonsense", "$expand=to_Nonsense",
        "$filter=SalesOrder eq", "$filter=SalesOrder", "$filter=", "$filter=SalesOrder eq 5",
        "$filter=CreationDate ge '2026-01-01'", "$filter=TotalNetAmount gt '5'", "$filter=nonsense(SalesOrder)",
        "$filter=CreationDate ge datetimeoffset'2026-01-01T00:00:00Z'",
        "$filter=CreationDate ge datetime'2026-13-01T00:00:00'", "$filter=CreationDate ge datetime'2026-01-01'",
        "$filter=substringof('a')", "$filter=SalesOrder eq 'a' and", "$filter=(SalesOrder eq 'a'",
        "$filter=SalesOrder eq 'a", "$filter=contains(SalesOrder,'1')", "$filter=SalesOrder in ('1','2')",
        "$filter=to_Item/Material eq 'x'", "$top=-1", "$top=x", "$skip=1.5", "$inlinecount=some", "$nonsense=1",
        "$skiptoken=nonsense!", "$format=xml", "$top=1&$top=2", "$orderby=SalesOrder up", "$select=to_Item/Material",
        "$filter=" + "(" * 3000 + "true", "$filter=" + "not " * 3000 + "true",
    ],
)  # fmt: skip
def test_nonsense_is_400_with_a_hash_code(client: Any, query: str) -> None:
    assert re.fullmatch(r"[0-9A-F]{32}", client.error(ORDERS, query)["code"])


def test_collection_options_do_not_fit_a_single_entity(client: Any) -> None:
    assert "$top" in client.error("A_SalesOrder('9999')", "$top=1")["message"]["value"]


@pytest.mark.parametrize(
    "path", ["A_SalesOrder(9999)", "A_SalesOrderItem('9999')", "A_SalesOrder(X='1')", "A_SalesOrder('1"]
)
def test_malformed_keys_are_refused(client: Any, path: str) -> None:
    assert client.get(path).status_code in (400, 404)


def test_missing_things_have_their_codes(client: Any) -> None:
    assert client.error("A_SalesOrder('1')", status=404)["code"] == "/IWBEP/CM_MGW_RT/020"
    assert client.get("A_Nonsense").status_code == 404
    answer = client.raw(client.root.replace("SALES_ORDER", "NONSENSE") + "/A_SalesOrder")
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "/IWFND/MED/170"
    assert client.raw(client.sandbox.api_url + "/nonsense").status_code == 404


def test_accept_headers_are_obeyed(client: Any) -> None:
    assert client.get("$metadata").status_code == 406
    assert client.get("$metadata", Accept="application/xml").headers["content-type"] == "application/xml"
    assert client.get(ORDERS, "$top=1", Accept="application/atom+xml").status_code == 406
    assert client.get(ORDERS, "$top=1&$format=json", Accept="application/atom+xml").status_code == 200
    assert client.get(f"{ORDERS}/$count").headers["content-type"].startswith("text/plain")


def test_custom_options_are_passed_over(client: Any) -> None:
    assert client.rows(ORDERS, "sap-client=100&sap-language=DE&foo=$bar&$top=1&$format=json")
    answer = client.get(ORDERS, "sap-language=DE&$top=x")
    assert answer.json()["error"]["message"]["lang"] == "de"


def test_service_root_has_a_slash(client: Any) -> None:
    answer = client.raw(client.root)
    assert answer.status_code == 307 and answer.headers["location"].endswith("API_SALES_ORDER_SRV/")
    assert "A_SalesOrder" in client.data("")["EntitySets"]


def test_strange_texts_survive(client: Any) -> None:
    found = {row["PurchaseOrderByCustomer"] for row in client.every_row(ORDERS, "$select=PurchaseOrderByCustomer")}
    assert {"🚚 Eil-PO 42 🚀", "tab\there", "C:\\temp\\po\\17", '"quoted"'} <= found
    assert all(len(text.encode("utf-16-le")) <= 70 for text in found)


@pytest.mark.parametrize("text", ["TotalNetAmount mul 1e999999 mul 1e999999 gt 1", "round(1e99) gt 1", "%FF eq 1"])
def test_filters_that_cannot_be_evaluated_are_400(client: Any, text: str) -> None:
    client.error(ORDERS, f"$filter={text}")


def test_head_answers_without_a_body(client: Any) -> None:
    answer = client.session.head(f"{client.root}/{ORDERS}?$top=2", timeout=20)
    assert answer.status_code == 200 and answer.content == b"" and int(answer.headers["content-length"]) > 1000
    client.sandbox.settings(allow_head=False)
    assert client.session.head(f"{client.root}/{ORDERS}", timeout=20).status_code == 405
