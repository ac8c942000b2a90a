# SPDX-License-Identifier: Apache-2.0
"""Creating, changing and deleting orders through the V2 service."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from conftest import order

ETAG = re.compile(r"W/\"datetimeoffset'\d{4}-\d\d-\d\dT\d\d%3A\d\d%3A\d\d\.\d{7}Z'\"")
EXPAND = "$expand=to_Item/to_ScheduleLine,to_Item/to_PricingElement,to_Partner,to_PricingElement"


def agree(client: Any, number: str) -> dict[str, Any]:
    """Reads an order with all below it, and checks that its totals and statuses follow from its items."""
    found: dict[str, Any] = client.data(f"A_SalesOrder('{number}')", EXPAND)
    items = found["to_Item"]["results"]
    assert Decimal(found["TotalNetAmount"]) == sum(Decimal(i["NetAmount"]) for i in items)
    for item in items:
        lines, prices = item["to_ScheduleLine"]["results"], item["to_PricingElement"]["results"]
        asked = sum(Decimal(line["ScheduleLineOrderQuantity"]) for line in lines)
        assert asked == Decimal(item["RequestedQuantity"])
        assert prices[0]["ConditionAmount"] == item["NetAmount"] and prices[1]["ConditionAmount"] == item["TaxAmount"]
        assert Decimal(prices[0]["ConditionRateValue"]) * asked // Decimal("0.01") * Decimal("0.01") == Decimal(
            item["NetAmount"]
        )
        assert {item["TransactionCurrency"], prices[0]["TransactionCurrency"]} == {found["TransactionCurrency"]}
    header = found["to_PricingElement"]["results"]
    assert header[0]["ConditionAmount"] == found["TotalNetAmount"]
    assert Decimal(header[1]["ConditionAmount"]) == sum(Decimal(i["TaxAmount"]) for i in items)
    statuses = {i["SDProcessStatus"] for i in items}
    assert found["OverallSDProcessStatus"] == ("A" if not statuses else statuses.pop() if len(statuses) == 1 else "B")
    return found


def header_etag(client: Any, number: str) -> str:
    return str(client.get(f"A_SalesOrder('{number}')").headers["etag"])


@pytest.mark.parametrize("form", ["list", "results"])
def test_a_deep_insert_creates_an_order_with_all_below_it(client: Any, form: str) -> None:
    items: Any = [
        {"Material": "NM-1000", "RequestedQuantity": "3"},
        {"Material": "nm-1004", "RequestedQuantity": "2.5", "to_ScheduleLine": [{"ScheduleLineOrderQuantity": "1"}]},
        {"SalesOrderItem": "70", "Material": "NS-100", "RequestedQuantity": "4.000", "RequestedQuantityUnit": "H"},
    ]
    partners: Any = [{"PartnerFunction": "SH", "Customer": "10100002"}]
    if form == "results":
        items, partners = {"results": items}, {"results": partners}
    last = int(client.rows("A_SalesOrder", "$orderby=SalesOrder desc&$top=1")[0]["SalesOrder"])
    answer = client.write("POST", "A_SalesOrder", order("PO 'x' & ß 🚚", items, to_Partner=partners))
    assert answer.status_code == 201, answer.text
    made = answer.json()["d"]
    number = made["SalesOrder"]
    assert int(number) == last + 1 and answer.headers["Location"] == f"{client.root}/A_SalesOrder('{number}')"
    assert ETAG.fullmatch(answer.headers["etag"]) and answer.headers["etag"] == made["__metadata"]["etag"]
    assert answer.headers["dataserviceversion"] == "2.0" and made["PurchaseOrderByCustomer"] == "PO 'x' & ß 🚚"
    assert [i["SalesOrderItem"] for i in made["to_Item"]["results"]] == ["10", "20", "70"]
    assert len(made["to_Partner"]["results"]) == 4 and "__deferred" in made["to_PricingElement"]
    found = agree(client, number)
    assert (found["OverallDeliveryStatus"], found["OverallSDProcessStatus"], found["TotalBlockStatus"]) == (
        "A",
        "A",
        "",
    )
    assert [len(i["to_ScheduleLine"]["results"]) for i in found["to_Item"]["results"]] == [1, 2, 1]
    customers = {p["PartnerFunction"]: p["Customer"] for p in found["to_Partner"]["results"]}
    assert customers == {"AG": "10100001", "RE": "10100001", "RG": "10100001", "WE": "10100002"}
    assert found["CreationDate"] == found["SalesOrderDate"] and found["LastChangeDateTime"]
    client.sandbox.settings(deep_insert_answer=False)
    assert "__deferred" in client.create(items=items)["to_Item"]


def test_created_orders_are_found_by_every_read(client: Any) -> None:
    before = int(client.get("A_SalesOrder/$count").text)
    numbers = [client.create("one reference")["SalesOrder"] for _ in range(3)]
    assert len(set(numbers)) == 3 and int(client.get("A_SalesOrder/$count").text) == before + 3
    found = client.rows("A_SalesOrder", "$filter=PurchaseOrderByCustomer eq 'one reference'&$select=SalesOrder")
    assert [row["SalesOrder"] for row in found] == numbers
    assert [row["SalesOrder"] for row in client.every_row("A_SalesOrder", "$select=SalesOrder")][-3:] == numbers
    items = client.rows("A_SalesOrderItem", f"$filter=SalesOrder eq '{numbers[0]}'")
    assert [i["Material"] for i in items] == ["NM-1000"]
    stats = client.sandbox.stats()
    assert stats["created"] == {"A_SalesOrder": 3} and stats["created_by_reference"] == {"one reference": 3}
    assert stats["duplicate_references"] == {"one reference": 3}
    assert stats["writes"] == {"API_SALES_ORDER_SRV": {"A_SalesOrder": {"POST": {"201": 3}}}}


def test_properties_that_were_the_same_everywhere_can_differ(client: Any) -> None:
    number = client.create(
        "differs", SalesGroup="abc", CompleteDeliveryIsDefined=True, FixedValueDate="2026-05-06T00:00"
    )
    found = client.data(f"A_SalesOrder('{number['SalesOrder']}')")
    assert found["SalesGroup"] == "ABC" and found["CompleteDeliveryIsDefined"] is True
    assert found["FixedValueDate"] == "/Date(1778025600000)/"
    assert client.data("A_SalesOrder('9999')")["SalesGroup"] == ""
    assert len(client.rows("A_SalesOrder", "$filter=SalesGroup eq 'ABC'")) == 1


def test_a_manual_price_counts(client: Any) -> None:
    price = {"ConditionType": "PPR0", "ConditionRateValue": "12.34"}
    items = [{"Material": "NM-1000", "RequestedQuantity": "3", "to_PricingElement": [price]}]
    made = client.create(items=items)
    assert agree(client, made["SalesOrder"])["TotalNetAmount"] == "37.02"


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"SalesOrderType": None}, "SalesOrderType"),
        ({"SalesOrganization": "9999"}, "SalesOrganization"),
        ({"SoldToParty": "4711"}, "SoldToParty"),
        ({"SalesOrderType": "ZZ"}, "SalesOrderType"),
        ({"to_Item": [{"Material": "NONE", "RequestedQuantity": "1"}]}, "to_Item/10/Material"),
        ({"to_Item": [{"Material": "NM-1000"}]}, "to_Item/10/RequestedQuantity"),
        ({"to_Item": [{"RequestedQuantity": "1"}]}, "to_Item/10/Material"),
        ({"to_Item": [{"Material": "NM-1000", "RequestedQuantity": "0"}]}, "to_Item/10/RequestedQuantity"),
        ({"to_Partner": [{"PartnerFunction": "WE", "Customer": "4711"}]}, "to_Partner/Customer"),
    ],
)
def test_the_application_refuses_with_details(client: Any, change: dict[str, Any], target: str) -> None:
    before = client.get("A_SalesOrder/$count").text
    answer = client.write("POST", "A_SalesOrder", order(**change))
    assert answer.status_code == 400
    error = answer.json()["error"]
    details = error["innererror"]["errordetails"]
    assert details[0]["target"] == target and details[0]["code"] == error["code"] and details[0]["severity"] == "error"
    assert details[-1]["code"].startswith("/IWBEP/") and error["innererror"]["application"]["service_id"]
    assert client.get("A_SalesOrder/$count").text == before and client.sandbox.stats()["created"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {"Nonsense": "1"}, {"PurchaseOrderByCustomer": 1}, {"CompleteDeliveryIsDefined": "true"},
        {"PurchaseOrderByCustomer": "x" * 36}, {"PricingDate": "tomorrow"}, {"PricingDate": 5},
        {"PricingDate": "/Date(999999999999999)/"},
        {"to_Item": [{"RequestedQuantity": 3, "Material": "NM-1000"}]}, {"to_Item": {"a": 1}}, {"to_Item": ["x"]},
        {"to_Item": [{"RequestedQuantity": "1.0001", "Material": "NM-1000"}]}, {"PriceDetnExchangeRate": "12345"},
        {"to_Item": [{"RequestedQuantity": "1e3", "Material": "NM-1000"}]}, {"to_Nonsense": []},
        {"PurchaseOrderByCustomer": "\ud800"},
    ],
)  # fmt: skip
def test_what_does_not_fit_the_type_is_a_parser_error(client: Any, body: dict[str, Any]) -> None:
    answer = client.write("POST", "A_SalesOrder", order(**body))
    assert answer.status_code == 400, answer.text
    assert re.fullmatch(r"[0-9A-F]{32}", answer.json()["error"]["code"])


def test_bodies_that_are_no_json_objects_are_refused(client: Any) -> None:
    client.fetch_token()
    for body in ("", "[]", "{", "7", '{"a":' * 5000, b"\xff"):
        head = {"x-csrf-token": client.token, "Content-Type": "application/json"}
        answer = client.session.post(f"{client.root}/A_SalesOrder", data=body, headers=head, timeout=20)
        assert answer.status_code == 400
    head["Content-Type"] = "application/atom+xml"
    assert client.session.post(f"{client.root}/A_SalesOrder", data="<a/>", headers=head, timeout=20).status_code == 415
    assert client.write("POST", "A_SalesOrder", order(), Accept="application/atom+xml").status_code == 406


def test_decimals_can_be_numbers_where_the_setting_says_so(client: Any) -> None:
    client.sandbox.settings(decimals_as_numbers=True)
    items = [{"Material": "NM-1000", "RequestedQuantity": 3}, {"Material": "NM-1004", "RequestedQuantity": 2.5}]
    found = client.create(items=items)["to_Item"]["results"]
    assert [i["RequestedQuantity"] for i in found] == ["3.000", "2.500"]


@pytest.mark.parametrize(
    ("method", "tunnelled"), [("PATCH", ""), ("MERGE", ""), ("POST", "MERGE"), ("POST", "PATCH"), ("PUT", "")]
)
def test_updates_need_the_etag(client: Any, method: str, tunnelled: str) -> None:
    made = client.create("before", SalesGroup="G1")
    path, etag = f"A_SalesOrder('{made['SalesOrder']}')", made["__metadata"]["etag"]
    more = {"X_HTTP_Method": tunnelled} if tunnelled else {}
    body = {"PurchaseOrderByCustomer": "after", "DeliveryBlockReason": "01"}
    missing = client.write(method, path, body, **more)
    assert missing.status_code == 428 and missing.json()["error"]["code"]
    decoded = etag.replace("%3A", ":")
    assert client.write(method, path, body, If_Match=decoded, **more).status_code == 412
    answer = client.write(method, path, body, If_Match=etag, **more)
    assert answer.status_code == 204 and answer.content == b"" and "etag" not in answer.headers
    found = agree(client, made["SalesOrder"])
    assert found["PurchaseOrderByCustomer"] == "after" and found["TotalBlockStatus"] == "C"
    assert found["__metadata"]["etag"] != etag and found["SalesGroup"] == ("" if method == "PUT" else "G1")
    assert client.write(method, path, body, If_Match=etag, **more).status_code == 412
    assert client.write(method, path, body, If_Match="*", **more).status_code == 204
    client.sandbox.settings(etag_on_update=True)
    answer = client.write(method, path, body, If_Match="*", **more)
    assert answer.headers["etag"] == header_etag(client, made["SalesOrder"])
    writes = client.sandbox.stats()["writes"]["API_SALES_ORDER_SRV"]["A_SalesOrder"]
    assert writes[tunnelled or method] == {"428": 1, "412": 2, "204": 3}


def test_deletes_need_the_etag_and_take_all_below(client: Any) -> None:
    made = client.create("to go")
    number, path = made["SalesOrder"], f"A_SalesOrder('{made['SalesOrder']}')"
    assert client.write("DELETE", path).status_code == 428
    assert client.write("DELETE", path, If_Match=made["__metadata"]["etag"]).status_code == 204
    assert client.get(path).status_code == 404 and client.write("DELETE", path, If_Match="*").status_code == 404
    assert client.rows("A_SalesOrderItem", f"$filter=SalesOrder eq '{number}'") == []
    assert client.create("next")["SalesOrder"] == str(int(number) + 1)


def test_delivered_orders_stay(client: Any) -> None:
    closed = client.rows("A_SalesOrder", "$filter=OverallDeliveryStatus eq 'C'&$top=1")[0]["SalesOrder"]
    assert client.write("DELETE", f"A_SalesOrder('{closed}')", If_Match="*").status_code == 400
    path = f"A_SalesOrderItem(SalesOrder='{closed}',SalesOrderItem='10')"
    assert client.write("DELETE", path).status_code == 400
    assert client.write("PATCH", path, {"RequestedQuantity": "0.001"}).status_code == 400


def test_what_is_delivered_in_full_is_done(client: Any) -> None:
    rows = client.rows("A_SalesOrderItem", "$filter=DeliveryStatus eq 'B'&$expand=to_ScheduleLine&$top=1")
    number, item = rows[0]["SalesOrder"], rows[0]["SalesOrderItem"]
    sent = sum(Decimal(line["DeliveredQtyInOrderQtyUnit"]) for line in rows[0]["to_ScheduleLine"]["results"])
    path = f"A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='{item}')"
    assert client.write("PATCH", path, {"RequestedQuantity": str(sent)}).status_code == 204
    found = client.data(path)
    assert (found["DeliveryStatus"], found["SDProcessStatus"]) == ("C", "C")
    agree(client, number)
    made = client.create()["SalesOrder"]
    first = f"A_SalesOrderItem(SalesOrder='{made}',SalesOrderItem='10')"
    for reason, statuses in (("61", ("C", "C")), ("", ("A", "A"))):
        assert client.write("PATCH", first, {"SalesDocumentRjcnReason": reason}).status_code == 204
        found = agree(client, made)
        assert (found["OverallSDDocumentRejectionSts"], found["OverallSDProcessStatus"]) == statuses


def test_items_come_and_go_through_the_navigation(client: Any) -> None:
    made = client.create()
    number, before = made["SalesOrder"], made["TotalNetAmount"]
    answer = client.write(
        "POST", f"A_SalesOrder('{number}')/to_Item", {"Material": "NM-1001", "RequestedQuantity": "5"}
    )
    item = answer.json()["d"]
    assert answer.status_code == 201 and item["SalesOrderItem"] == "20" and "etag" not in answer.headers
    path = f"A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='000020')"
    assert answer.headers["Location"].endswith(path.replace("000020", "20"))
    assert Decimal(agree(client, number)["TotalNetAmount"]) == Decimal(before) + Decimal(item["NetAmount"])
    assert client.write("MERGE", path, {"RequestedQuantity": "2", "SalesDocumentRjcnReason": "61"}).status_code == 204
    found = agree(client, number)
    assert found["OverallSDDocumentRejectionSts"] == "B" and found["OverallSDProcessStatus"] == "B"
    line = {"ScheduleLineOrderQuantity": "4", "RequestedDeliveryDate": "/Date(1798675200000)/"}
    lines = f"A_SalesOrderItem(SalesOrder='{number}',SalesOrderItem='10')/to_ScheduleLine"
    assert client.write("POST", lines, line).json()["d"]["ScheduleLine"] == "2"
    assert agree(client, number)["to_Item"]["results"][0]["RequestedQuantity"] == "7.000"
    second = f"A_SalesOrderScheduleLine(SalesOrder='{number}',SalesOrderItem='10',ScheduleLine='2')"
    assert client.write("PATCH", second, {"ScheduleLineOrderQuantity": "1.5"}).status_code == 204
    assert agree(client, number)["to_Item"]["results"][0]["RequestedQuantity"] == "4.500"
    assert client.write("DELETE", second).status_code == 204 and client.write("DELETE", path).status_code == 204
    assert agree(client, number)["TotalNetAmount"] == before
    client.sandbox.settings(if_match_children=True)
    first = path.replace("000020", "10")
    assert client.write("PATCH", first, {"SalesDocumentRjcnReason": "61"}).status_code == 428
    etag = header_etag(client, number)
    assert client.write("PATCH", first, {"SalesDocumentRjcnReason": "61"}, If_Match=etag).status_code == 204
    assert header_etag(client, number) != etag


def test_an_item_can_name_its_order_itself(client: Any) -> None:
    number = client.create()["SalesOrder"]
    body = {"SalesOrder": number, "Material": "NM-1001", "RequestedQuantity": "5"}
    assert client.write("POST", "A_SalesOrderItem", body).status_code == 201
    assert client.write("POST", "A_SalesOrderItem", body | {"SalesOrder": "1"}).status_code == 404
    assert len(agree(client, number)["to_Item"]["results"]) == 2


def test_partners_change(client: Any) -> None:
    number = client.create()["SalesOrder"]
    path = f"A_SalesOrderHeaderPartner(SalesOrder='{number}',PartnerFunction='WE')"
    assert client.write("PATCH", path, {"Customer": "10100003"}).status_code == 204
    assert client.data(path)["Customer"] == "10100003"
    partner = {"PartnerFunction": "ZM", "Personnel": "42"}
    assert client.write("POST", f"A_SalesOrder('{number}')/to_Partner", partner).status_code == 201
    assert client.write("DELETE", path.replace("WE", "ZM")).status_code == 204
    assert client.write("DELETE", path.replace("WE", "AG")).status_code == 400


def test_what_cannot_be_written_is_405_or_400(client: Any) -> None:
    assert client.write("POST", "A_SalesOrder('9999')", order()).status_code == 405
    answer = client.write("PATCH", "A_SalesOrder", {})
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, POST"
    assert client.write("PATCH", "A_SalesOrder('1')", {}, If_Match="*").status_code == 404
    assert client.write("POST", "A_SalesOrder('1')/to_Item", {}).status_code == 404
    assert client.write("POST", "Nonsense", {}).status_code == 404
    assert client.write("POST", "A_SalesOrder('9999')/to_PricingElement", {}).status_code == 400
    assert client.write("PATCH", "A_SalesOrder('9999')", {"SalesOrderType": "ZZ"}, If_Match="*").status_code == 400
    nested = {"to_Item": [{"Material": "NM-1001"}]}
    assert client.write("PATCH", "A_SalesOrder('9999')", nested, If_Match="*").status_code == 400


@pytest.mark.parametrize(("function", "status"), [("releaseApprovalRequest", "B"), ("rejectApprovalRequest", "C")])
def test_function_imports_end_an_approval(client: Any, function: str, status: str) -> None:
    assert function in client.get("$metadata", Accept="application/xml").text
    client.sandbox.settings(approval_on_create="A")
    number = client.create()["SalesOrder"]
    assert client.data(f"A_SalesOrder('{number}')")["SalesDocApprovalStatus"] == "A"
    answer = client.write("POST", function, query=f"SalesOrder='{number}'")
    assert answer.status_code == 200 and answer.json()["d"][function]["Boolean"] is True
    assert client.data(f"A_SalesOrder('{number}')")["SalesDocApprovalStatus"] == status
    assert client.write("POST", function, query=f"SalesOrder='{number}'").status_code == 400
    assert client.write("POST", function, query="SalesOrder='1'").status_code == 404
    assert client.write("POST", function).status_code == 400
    assert client.get(function, f"SalesOrder='{number}'").status_code in (404, 405)


def test_messages_of_success_come_in_a_header(client: Any) -> None:
    client.sandbox.settings(sap_message={"code": "V1/311", "message": "Größe"})
    answer = client.write("POST", "A_SalesOrder", order())
    message = json.loads(answer.headers["sap-message"])
    assert message["message"] == "Größe" and message["severity"] == "info" and message["details"] == []
    client.sandbox.fault("warning", times=1, code="V1/028")
    message = json.loads(client.write("POST", "A_SalesOrder", order()).headers["sap-message"])
    assert message["code"] == "V1/028" and message["severity"] == "warning"
    client.sandbox.settings(sap_message=None)
    assert "sap-message" not in client.write("POST", "A_SalesOrder", order()).headers
