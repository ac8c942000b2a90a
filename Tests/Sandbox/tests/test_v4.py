# SPDX-License-Identifier: Apache-2.0
"""The V4 service CE_SALESORDER_0001: the same orders as V2's, in V4's words."""

from __future__ import annotations

import datetime as dt
import json
import re
import xml.etree.ElementTree as ET
from decimal import Decimal
from typing import Any

import pytest
import requests
from conftest import SERVICE_4, Client
from test_metadata import REFERENCE

from askel_s4_sandbox.odata4.metadata import edmx

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ETAG = re.compile(r'W/"SADL-\d{21}C~\d{14}\.\d{7}"')


def order4(reference: str = "", **more: Any) -> dict[str, Any]:
    return {
        "SalesOrderType": "TA", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
        "SoldToParty": "10100001", "PurchaseOrderByCustomer": reference, "PricingDate": "2026-03-18",
        "_Item": [{"Product": "NM-1000", "RequestedQuantity": 3}, {"Product": "NM-1004", "RequestedQuantity": 2.5}],
    } | more  # fmt: skip


def body(answer: requests.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def test_one_store_lies_under_both_services(client: Client, client4: Client) -> None:
    two, four = client.data("A_SalesOrder('9999')"), body(client4.get("SalesOrder('9999')"))
    for name in ("SalesOrder", "SoldToParty", "PurchaseOrderByCustomer", "OverallSDProcessStatus", "SalesGroup"):
        assert four[name] == two[name]
    assert four["TotalNetAmount"] == Decimal(two["TotalNetAmount"])
    assert (four["SalesOrderType"], two["SalesOrderType"]) == ("TA", "OR")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", four["CreationDate"]) and four["CreationTime"] == "00:00:00"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", four["LastChangeDateTime"])
    assert ETAG.fullmatch(four["@odata.etag"]) and four["SAP__Messages"] == []
    items = body(client4.get("SalesOrder/9999/_Item"))["value"]
    assert [i["Product"] for i in items] == [i["Material"] for i in client.rows("A_SalesOrder('9999')/to_Item")]
    assert {i["@odata.etag"] for i in items} == {four["@odata.etag"]}


@pytest.mark.parametrize(
    "path",
    [
        "SalesOrderItem(SalesOrder='9999',SalesOrderItem='10')", "SalesOrderItem/9999/10", "SalesOrder/9999/_Item/10",
        "SalesOrder('9999')/_Item('10')", "SalesOrder('9999')/_Item(SalesOrder='9999',SalesOrderItem='000010')",
    ],
)  # fmt: skip
def test_keys_stand_in_parentheses_or_segments(client4: Client, path: str) -> None:
    found = body(client4.get(path))
    assert (found["SalesOrder"], found["SalesOrderItem"]) == ("9999", "10")
    assert body(client4.get(f"{path}/_SalesOrder"))["SalesOrder"] == "9999"
    assert body(client4.get(f"{path}/_ScheduleLine"))["value"][0]["ScheduleLine"] == "1"


@pytest.mark.parametrize(
    "text",
    [
        "PurchaseOrderByCustomer eq 'PO-000000' or SalesOrder eq '9999'",
        "contains(SalesOrder,'999') and SalesOrder eq '9999'",
        "startswith(SalesOrder,'9999')",
        "SalesOrder eq '9999' and CreationDate ge 2000-01-01 and SalesOrderType eq 'TA'",
        "SalesOrder eq '9999' and LastChangeDateTime gt 2000-01-01T00:00:00Z and TotalNetAmount gt 0.5",
        "SalesOrder eq '9999' and not (CompleteDeliveryIsDefined eq true)",
    ],
)  # fmt: skip
def test_filters_are_v4s(client4: Client, text: str) -> None:
    assert [o["SalesOrder"] for o in body(client4.get("SalesOrder", f"$filter={text}"))["value"]] == ["9999"]


def test_options_shape_the_answer(client4: Client) -> None:
    query = "$expand=_Item($select=Product;$expand=_ScheduleLine($top=1);$filter=SalesOrderItem eq '10'),_Partner"
    found = body(client4.get("SalesOrder('9999')", f"$select=SalesOrder&{query}"))
    assert set(found) == {"@odata.context", "@odata.metadataEtag", "@odata.etag", "SalesOrder", "_Item", "_Partner"}
    assert len(found["_Item"]) == 1 and set(found["_Item"][0]) == {"@odata.etag", "Product", "_ScheduleLine"}
    assert len(found["_Partner"]) == 4
    page = body(client4.get("SalesOrder", "$count=true&$top=2&$skip=1&$orderby=SalesOrder desc&$select=SalesOrder"))
    assert page["@odata.count"] == 7700 and [o["SalesOrder"] for o in page["value"]] == ["13699", "13698"]
    assert "@odata.nextLink" not in page and client4.get("SalesOrder/$count").text == "7700"
    accept = "application/json;odata.metadata=minimal;IEEE754Compatible=true"
    strings = body(client4.get("SalesOrder", "$count=true&$top=1", Accept=accept))
    assert strings["@odata.count"] == "7700" and isinstance(strings["value"][0]["TotalNetAmount"], str)


def test_pages_have_next_links(client4: Client) -> None:
    page = body(client4.get("SalesOrder", "$filter=SalesOrder lt '7000'&$select=SalesOrder"))
    assert len(page["value"]) == 100 and page["@odata.nextLink"].startswith("SalesOrder?$filter=")
    seen = page["value"]
    while "@odata.nextLink" in page:
        page = body(client4.raw(f"{client4.root}/{page['@odata.nextLink']}"))
        seen += page["value"]
    assert len({o["SalesOrder"] for o in seen}) == len(seen) == 999
    client4.sandbox.settings(v4_next_link="absolute", v4_page_size=7)
    page = body(client4.get("SalesOrder"))
    assert len(page["value"]) == 7 and len(body(client4.raw(page["@odata.nextLink"]))["value"]) == 7
    assert len(body(client4.get("SalesOrder", Prefer="odata.maxpagesize=3"))["value"]) == 3
    client4.sandbox.settings(v4_max_top=50)
    page = body(client4.get("SalesOrder", "$top=60&$select=SalesOrder"))
    assert len(page["value"]) == 50 and len(body(client4.raw(page["@odata.nextLink"]))["value"]) == 10


def test_an_order_is_created_changed_and_seen_by_v2(client: Client, client4: Client) -> None:
    answer = client4.write("POST", "SalesOrder", order4("from V4"))
    made = body(answer, 201)
    number = made["SalesOrder"]
    assert answer.headers["Location"] == f"SalesOrder('{number}')" and answer.headers["etag"] == made["@odata.etag"]
    assert [i["RequestedQuantity"] for i in made["_Item"]] == [3, Decimal("2.5")] and made[
        "PricingDate"
    ] == "2026-03-18"
    two = client.data(f"A_SalesOrder('{number}')", "$expand=to_Item")
    assert two["PurchaseOrderByCustomer"] == "from V4" and two["SalesOrderType"] == "OR"
    assert Decimal(two["TotalNetAmount"]) == made["TotalNetAmount"] == sum(i["NetAmount"] for i in made["_Item"])
    path, etag = f"SalesOrder('{number}')", made["@odata.etag"]
    assert client4.write("PATCH", path, {"SalesGroup": "X"}).status_code == 428
    assert client4.write("PATCH", path, {"SalesGroup": "X"}, If_Match=etag[:-2] + '9"').status_code == 412
    changed = body(client4.write("PATCH", path, {"SalesGroup": "X", "SalesOrderType": "TA"}, If_Match=etag))
    assert changed["SalesGroup"] == "X" and changed["@odata.etag"] != etag
    item = client4.write("POST", f"{path}/_Item", {"Product": "NM-1001", "RequestedQuantity": "1"})
    assert body(item, 201)["SalesOrderItem"] == "30"
    assert item.headers["Location"] == f"../SalesOrderItem(SalesOrder='{number}',SalesOrderItem='30')"
    etag = item.headers["etag"]
    minimal = client4.write(
        "PATCH", f"{path}/_Item/30", {"RequestedQuantity": 2}, If_Match=etag, Prefer="return=minimal"
    )
    assert minimal.status_code == 204 and minimal.headers["etag"] != etag
    assert client4.write("DELETE", f"{path}/_Item/30", If_Match=etag).status_code == 412
    assert client4.write("DELETE", f"{path}/_Item/30", If_Match=minimal.headers["etag"]).status_code == 204
    assert client.data(f"A_SalesOrder('{number}')")["TotalNetAmount"] == two["TotalNetAmount"]
    stats = client4.sandbox.stats()
    assert stats["created"] == {"A_SalesOrder": 1, "A_SalesOrderItem": 1}
    assert stats["created_by_reference"] == {"from V4": 1}
    assert stats["writes"]["CE_SALESORDER_0001"]["SalesOrder"]["PATCH"] == {"428": 1, "412": 1, "200": 1, "204": 1}


def test_orders_are_not_deletable_unless_the_setting_says_so(client4: Client) -> None:
    path = f"SalesOrder('{body(client4.write('POST', 'SalesOrder', order4()), 201)['SalesOrder']}')"
    assert client4.write("DELETE", path, If_Match="*").status_code == 405
    client4.sandbox.settings(v4_delete_orders=True)
    assert client4.write("DELETE", path, If_Match="*").status_code == 204 and client4.get(path).status_code == 404
    assert client4.write("POST", "SalesOrderItem", {"SalesOrder": "9999"}).status_code == 405
    line = "SalesOrderScheduleLine/9999/10/1"
    assert client4.write("PATCH", line, {}, If_Match="*").status_code == 405
    assert client4.write("DELETE", line, If_Match="*").status_code == 405


@pytest.mark.parametrize(
    ("change", "code"),
    [({"Nonsense": 1}, None), ({"SoldToParty": "4711"}, "ZSB/011"), ({"PricingDate": "18.3.2026"}, None),
     ({"SalesGroup": 1.5}, None), ({"PricingDate": "/Date(-99999999999999)/"}, None),
     ({"PricingDate": "/Date(1801353600000)/"}, None),
     ({"_Item": [{"Product": "NONE", "RequestedQuantity": 1}]}, "ZSB/005"), ({"_Item": {}}, None)],
)  # fmt: skip
def test_errors_have_the_recorded_form(client4: Client, change: dict[str, Any], code: str | None) -> None:
    error = body(client4.write("POST", "SalesOrder", order4(**change)), 400)["error"]
    assert isinstance(error["message"], str) and error["code"] and isinstance(error["details"], list)
    assert error["innererror"]["ErrorDetails"]["@SAP__common.TransactionId"]
    assert code is None or (error["code"] == code and error["target"])


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("Nonsense", "", 404), ("SalesOrder('1')", "", 404), ("SalesOrder/9999/_Nonsense", "", 404),
        ("SalesOrder", "$filter=Nonsense eq 1", 400), ("SalesOrder", "$select=Nonsense", 400),
        ("SalesOrder", "$expand=to_Item", 400), ("SalesOrder", "$inlinecount=allpages", 400),
        ("SalesOrder", "$filter=substringof('1',SalesOrder)", 400), ("SalesOrder", "$filter=CreationTime eq 1", 400),
        ("SalesOrder", "$top=x", 400), ("SalesOrderItem/9999", "", 400), ("SalesOrder", "$skiptoken=!", 400),
        ("SalesOrder(9999)", "", 400),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_v4s_form(client4: Client, path: str, query: str, status: int) -> None:
    assert isinstance(body(client4.get(path, query), status)["error"]["message"], str)


def test_other_services_are_not_published(client4: Client) -> None:
    answer = client4.raw(client4.root.replace("salesorder", "purchaseorder") + "/")
    assert body(answer, 403)["error"]["code"] == "/IWBEP/CM_V4_COS/136"
    assert client4.raw(client4.root).status_code == 307 and client4.get("").json()["value"][0]["name"] == "SalesOrder"


def test_writes_need_the_token_and_obey_the_faults(client4: Client) -> None:
    answer = client4.session.post(client4.root + "/SalesOrder", json=order4(), timeout=10)
    assert answer.status_code == 403 and answer.headers["x-csrf-token"] == "Required"
    client4.fetch_token()
    client4.sandbox.fault("lost_answer", times=1)
    with pytest.raises(requests.ConnectionError):
        client4.write("POST", "SalesOrder", order4("lost"))
    client4.sandbox.fault("warning", times=1, message="late")
    message = body(client4.write("POST", "SalesOrder", order4("lost")), 201)["SAP__Messages"][0]
    assert message["numericSeverity"] == 3 and message["message"] == "late" and message["longtextUrl"] is None
    client4.sandbox.fault("etag_moved", times=1)
    etag = client4.get("SalesOrder('9999')").headers["etag"]
    assert client4.write("PATCH", "SalesOrder('9999')", {}, If_Match=etag).status_code == 412
    client4.sandbox.fault("status", times=1, code=429, retry_after=1)
    answer = client4.get("SalesOrder('9999')")
    assert answer.headers["Retry-After"] == "1" and isinstance(body(answer, 429)["error"]["message"], str)
    repeat = {"RequestID": "A" * 32, "RepeatabilityCreation": dt.date.today().isoformat()}
    client4.sandbox.settings(repeatable=True)
    pair = [body(client4.write("POST", "SalesOrder", order4("one"), **repeat), 201)["SalesOrder"] for _ in range(2)]
    assert pair[0] == pair[1] and client4.sandbox.stats()["created_by_reference"] == {"lost": 2, "one": 1}
    kinds = client4.sandbox.stats()["requests"]["api"]["by_kind"]
    assert kinds["collection"] == 5 and kinds["entity"] == 3


def test_the_metadata_are_those_of_the_service(client4: Client) -> None:
    answer = client4.get("$metadata", Accept="application/xml")
    assert answer.content == edmx() and SERVICE_4.endswith("/0001")
    mine = ET.fromstring(answer.content)
    assert [e.attrib["Name"] for e in mine.iter(EDM + "EntitySet")][0] == "SalesOrder"
    reference = REFERENCE.with_name("CE_SALESORDER_0001.edmx")
    if not reference.exists():
        pytest.skip("no reference EDMX beside the checkout")
    real = {e.attrib["Name"]: e for e in ET.parse(reference).getroot().iter(EDM + "EntityType")}
    for entity in mine.iter(EDM + "EntityType"):
        theirs = real[entity.attrib["Name"]]
        assert [p.attrib for p in entity.iter(EDM + "Property")] == [p.attrib for p in theirs.iter(EDM + "Property")]
        kept = {p.attrib["Name"]: p.attrib["Type"] for p in theirs.iter(EDM + "NavigationProperty")}
        for nav in entity.iter(EDM + "NavigationProperty"):
            assert kept[nav.attrib["Name"]] == nav.attrib["Type"]
