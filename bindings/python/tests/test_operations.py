# SPDX-License-Identifier: Apache-2.0
"""Operations of a service, documents of OData V4, and writes that the tenant knows again."""

import json
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from conftest import SERVICE

from askel_s4 import InvalidArgument, NotFound, Outcome, PreconditionFailed, UnknownOutcome
from askel_s4._write import body_in

ORDERS = "A_SalesOrder"
V4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"
ORDER = {"SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
         "SoldToParty": "10100001", "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "2"}]}
ORDER4 = {**{name: value for name, value in ORDER.items() if name != "to_Item"},
          "_Item": [{"Product": "NM-1000", "RequestedQuantity": 2}]}


def made(sandbox, reference):
    return sandbox.stats()["created_by_reference"].get(reference, 0)


def test_a_function_import_is_called(sandbox, client):
    sandbox.settings(approval_on_create="A")
    number = client.create(SERVICE, ORDERS, ORDER)["SalesOrder"]
    answer = client.invoke(SERVICE, "releaseApprovalRequest", {"SalesOrder": number})
    assert answer.http_status == 200 and answer["Boolean"] is True
    sent = sandbox.control("GET", "/requests")[-1]
    assert sent["method"] == "POST" and sent["path"].endswith(f"/releaseApprovalRequest?SalesOrder=%27{number}%27")


def test_what_does_not_fit_the_operation_is_refused_before_it_is_sent(sandbox, client):
    client.get(SERVICE, ORDERS, next(iter(client.read(SERVICE, ORDERS, top=1)))["SalesOrder"])
    sandbox.reset_stats()
    with pytest.raises(NotFound, match="releaseApprovalRequest") as caught:
        client.invoke(SERVICE, "releaseAprovalRequest", {"SalesOrder": "1"})
    assert caught.value.target == "operation" and caught.value.outcome == Outcome.NOT_SENT
    for arguments in [{"SalesOrdr": "1"}, {"SalesOrder": 1}, {"SalesOrder": None}]:
        with pytest.raises(InvalidArgument):
            client.invoke(SERVICE, "releaseApprovalRequest", arguments)
    with pytest.raises(InvalidArgument):
        client.invoke(SERVICE, "releaseApprovalRequest", {"SalesOrder": "1"}, body={})
    with pytest.raises(InvalidArgument):
        client.invoke(SERVICE, "releaseApprovalRequest?x", {"SalesOrder": "1"})
    with pytest.raises(NotFound):
        client.invoke(SERVICE, "releaseApprovalRequest", {"SalesOrder": "1"}, entity_set=ORDERS, key="1")
    assert sandbox.stats()["requests"].get("api", {}).get("total", 0) == 0


def test_an_operation_with_an_effect_goes_out_once(sandbox, client):
    sandbox.settings(approval_on_create="A")
    number = client.create(SERVICE, ORDERS, ORDER)["SalesOrder"]
    sandbox.fault("lost_answer", match="releaseApprovalRequest", times=1)
    with pytest.raises(UnknownOutcome):
        client.invoke(SERVICE, "releaseApprovalRequest", {"SalesOrder": number})
    paths = [request["path"] for request in sandbox.control("GET", "/requests")]
    assert sum("releaseApprovalRequest" in path for path in paths) == 1


def test_documents_of_v4_are_written_and_read(sandbox, client):
    created = client.create(V4, "SalesOrder", {**ORDER4, "PurchaseOrderByCustomer": "four"})
    number = created["SalesOrder"]
    assert created.http_status == 201 and created.etag and "@odata.context" in created
    found = client.get(V4, "SalesOrder", number, expand="_Item")
    assert found["PurchaseOrderByCustomer"] == "four" and found.etag == created.etag
    assert isinstance(found["TotalNetAmount"], Decimal) and len(found["_Item"]) == 1
    answer = client.update(V4, "SalesOrder", number, {"PurchaseOrderByCustomer": "five"}, etag=found.etag)
    assert answer.http_status in (200, 204)
    with pytest.raises(PreconditionFailed):
        client.update(V4, "SalesOrder", number, {"PurchaseOrderByCustomer": "six"}, etag=found.etag)
    below = client.create(V4, "SalesOrder", ORDER4["_Item"][0], below=(number, "_Item"))
    key = {"SalesOrder": number, "SalesOrderItem": below["SalesOrderItem"]}
    client.delete(V4, "SalesOrderItem", key, etag=client.get(V4, "SalesOrder", number).etag)
    with pytest.raises(NotFound):
        client.get(V4, "SalesOrderItem", key)
    sent = [request for request in sandbox.control("GET", "/requests") if "odata4" in request["path"]]
    assert all(request["headers"]["odata-version"] == "4.0" for request in sent if "$metadata" not in request["path"]
               and not request["path"].endswith("/0001/"))


def test_values_of_a_body_take_the_form_of_v4(sandbox, client):
    order = {**ORDER4, "RequestedDeliveryDate": date(2027, 1, 31),
             "_Item": [{"Product": "NM-1000", "RequestedQuantity": Decimal("2.50")}]}
    found = client.get(V4, "SalesOrder", client.create(V4, "SalesOrder", order)["SalesOrder"], expand="_Item")
    assert str(found["RequestedDeliveryDate"]).startswith("2027-01-31")
    assert found["_Item"][0]["RequestedQuantity"] == Decimal("2.5")
    moment = datetime(2027, 1, 31, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    for wrong in [{"A": Decimal("0.12345678901234567890")}, {"A": Decimal("NaN")}, {"A": datetime(2027, 1, 31)}]:
        with pytest.raises(TypeError):
            client.create(V4, "SalesOrder", wrong)
    assert json.loads(body_in({"A": moment, "B": Decimal("-1E+2")}, V4)) == {"A": "2027-01-31T12:30:00Z", "B": -100}


def test_what_v4_has_not_is_said(client):
    with pytest.raises(InvalidArgument, match="MERGE"):
        client.update(V4, "SalesOrder", "1", {}, any_etag=True, merge=True)
    with pytest.raises(InvalidArgument, match="V2 service"):
        list(client.read(V4, "SalesOrder"))


def test_a_repeatable_write_comes_through_a_lost_answer(sandbox, client):
    sandbox.settings(repeatable=True)
    sandbox.fault("lost_answer", match=ORDERS, times=2)
    created = client.create(SERVICE, ORDERS, {**ORDER, "PurchaseOrderByCustomer": "again"}, repeatable=True)
    assert created.http_status == 201 and made(sandbox, "again") == 1
    assert created.header("RepeatabilityResult") == "accepted"
    sent = [request["headers"] for request in sandbox.control("GET", "/requests") if request["method"] == "POST"
            and request["path"].endswith(ORDERS)]
    assert len(sent) == 3 and len({headers["requestid"] for headers in sent}) == 1
    assert len(sent[0]["requestid"]) == 32 and len(sent[0]["repeatabilitycreation"]) == 19
    # Two writes are two requests.
    client.create(SERVICE, ORDERS, {**ORDER, "PurchaseOrderByCustomer": "another"}, repeatable=True)
    last = sandbox.control("GET", "/requests")[-1]["headers"]
    assert last["requestid"] != sent[0]["requestid"]


def test_a_service_that_is_not_repeatable_after_all_is_told_of(sandbox, client):
    sandbox.fault("lost_answer", match=ORDERS, times=1)
    with pytest.raises(UnknownOutcome, match="twice"):
        client.create(SERVICE, ORDERS, {**ORDER, "PurchaseOrderByCustomer": "twice"}, repeatable=True)
    assert made(sandbox, "twice") == 2
    # Without a lost answer it does no harm.
    client.create(SERVICE, ORDERS, {**ORDER, "PurchaseOrderByCustomer": "once"}, repeatable=True)
    assert made(sandbox, "once") == 1


def test_what_refuses_the_second_attempt_says_nothing_of_the_first(sandbox, client):
    sandbox.settings(repeatable=True)
    sandbox.fault("lost_answer", match=ORDERS, times=1)
    sandbox.fault("status", match=ORDERS, times=1, skip=1, code=400)
    with pytest.raises(UnknownOutcome):
        client.create(SERVICE, ORDERS, {**ORDER, "PurchaseOrderByCustomer": "refused"}, repeatable=True)
    assert made(sandbox, "refused") == 1


def test_nothing_of_a_repeatable_write_is_sent_without_being_asked(sandbox, client):
    client.create(SERVICE, ORDERS, json.dumps(ORDER))
    assert "requestid" not in sandbox.control("GET", "/requests")[-1]["headers"]
