# SPDX-License-Identifier: Apache-2.0
"""Requests of the product's own making: what they may say, and what their answers mean."""

import json

import pytest
from conftest import SERVICE

from askel_s4 import (
    InvalidArgument,
    MalformedAnswer,
    NotFound,
    NotOData,
    Outcome,
    ServiceError,
    Unauthorised,
    UnknownOutcome,
)

ROOT = f"/sap/opu/odata/sap/{SERVICE}"
ORDER = {"SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
         "SoldToParty": "10100001", "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "2"}]}


def test_whatever_is_there_is_read(client):
    page = client.request("GET", f"{ROOT}/A_SalesOrder?$top=2&$select=SalesOrder")
    assert page.http_status == 200 and len(json.loads(page.content)["d"]["results"]) == 2
    assert list(page) == ["d"]
    metadata = client.request("GET", f"{ROOT}/$metadata", headers={"Accept": "application/xml"})
    assert metadata.content.startswith(b"<?xml") and "xml" in metadata.header("content-type")
    with pytest.raises(MalformedAnswer, match="no JSON object"):
        metadata["d"]
    head = client.request("HEAD", f"{ROOT}/")
    assert head.http_status == 200 and head.content == b""


def test_it_carries_the_session_of_the_service_that_it_names(instance, client):
    body = json.dumps(ORDER)
    with pytest.raises(ServiceError, match="name the service") as caught:
        client.request("POST", f"{ROOT}/A_SalesOrder", body=body)
    assert caught.value.http_status == 403 and caught.value.outcome == Outcome.NOT_PROCESSED
    # It says nothing of the connection.
    assert instance.connection("nordvik").state != "unauthorised"
    created = client.request("POST", f"{ROOT}/A_SalesOrder", body=body, service=SERVICE)
    number = json.loads(created.content)["d"]["SalesOrder"]
    assert created.http_status == 201 and created.etag
    path = f"{ROOT}/A_SalesOrder('{number}')"
    changed = client.request(
        "PATCH", path, body={"PurchaseOrderByCustomer": "raw"}, headers=[("If-Match", created.etag)], service=SERVICE)
    assert changed.http_status == 204 and changed.content == b""
    with pytest.raises(NotFound):
        client.request("DELETE", f"{ROOT}/A_SalesOrder('0')", headers={"If-Match": "*"}, service=SERVICE)


def test_it_is_repeated_only_where_the_product_says_that_this_is_harmless(sandbox, client):
    path = f"{ROOT}/A_SalesOrder"
    sandbox.fault("lost_answer", match="A_SalesOrder", times=1)
    with pytest.raises(UnknownOutcome):
        client.request("POST", path, body=ORDER, service=SERVICE)
    sandbox.fault("lost_answer", match="A_SalesOrder", times=1)
    again = client.request("POST", path, body=ORDER, service=SERVICE, repeatable=True)
    assert again.http_status == 201
    sandbox.fault("reset", match="A_SalesOrder", times=1)
    assert client.request("GET", path + "?$top=1").http_status == 200


def test_an_answer_that_repeats_the_token_comes_without_it(sandbox, client):
    sandbox.control("POST", "/tokens", {"keep": True})
    sandbox.fault("echo_authorization", match="A_SalesOrder", code=200, body="text")
    said = client.request("GET", f"{ROOT}/A_SalesOrder?$top=1").content.decode()
    assert "Authorization: Bearer ***" in said
    tokens = sandbox.control("GET", "/tokens")
    assert tokens and not [token for token in tokens if token in said]


def test_a_login_page_is_no_answer(sandbox, client):
    sandbox.fault("html_login", match="A_SalesOrder", times=2)
    with pytest.raises(NotOData):
        client.request("GET", f"{ROOT}/A_SalesOrder?$top=1")
    with pytest.raises(UnknownOutcome, match="web page"):
        client.request("POST", f"{ROOT}/A_SalesOrder", body=ORDER, service=SERVICE)
    sandbox.fault("html_login", match="A_SalesOrder", times=1)
    page = client.request("GET", f"{ROOT}/A_SalesOrder?$top=1", headers={"Accept": "text/html"})
    assert b"<html" in page.content.lower()


@pytest.mark.parametrize(
    "path",
    ["", "sap", "//evil.example/", "https://evil.example/", "/a b", "/a\r\nX: y", "/a\tb", "/a\\b", "/a#b", "/\u00e4",
     "/a/../b", "/./a", "/a/%2E%2e/b", "/a/.%2e", "/a/..;x=1/b", "/a|b", "/" + "a" * 32768,
     "@evil.example/", ":443/", "?a=b"],
)
def test_a_path_stays_on_the_tenants_host(sandbox, client, path):
    with pytest.raises(InvalidArgument) as caught:
        client.request("GET", path)
    assert caught.value.target == "path"
    assert sandbox.stats()["requests"].get("api", {}) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "1\r\nX-B: 2"), ("X-A", "1\n"), ("X-A\r\nX-B", "1"), ("X A", "1"), ("", "1"), ("X-A:", "1"),
     ("X-A", "\u00e4"), ("X-A", "\x00"), ("X-A", "a" * 16385), ("Authorization", "Bearer x"), ("cookie", "a=b"),
     ("HOST", "evil.example"), ("Content-Length", "1"), ("Transfer-Encoding", "chunked"), ("X-CSRF-Token", "Fetch"),
     ("X-Request-Id", "1"), ("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
)
def test_a_header_is_one_header_and_none_of_ours(sandbox, client, name, value):
    with pytest.raises(InvalidArgument) as caught:
        client.request("GET", f"{ROOT}/", headers={name: value})
    assert caught.value.target in ("headers", "headers[0].value")
    assert sandbox.stats()["requests"].get("api", {}) == {}


def test_other_arguments_are_looked_at_first(client):
    for arguments in [("TRACE", f"{ROOT}/"), ("get", f"{ROOT}/"), ("GET\r\n", f"{ROOT}/")]:
        with pytest.raises(InvalidArgument):
            client.request(*arguments)
    with pytest.raises(InvalidArgument):
        client.request("GET", f"{ROOT}/", body=b"x")
    with pytest.raises(InvalidArgument):
        client.request("POST", f"{ROOT}/", service="../x")
    with pytest.raises(InvalidArgument):
        client.request("GET", f"{ROOT}/", headers=[("X-A", "1")] * 65)


def test_a_closed_path_says_of_the_connection_what_its_service_is(sandbox, instance, connection):
    with connection.client() as client:
        client.request("GET", f"{ROOT}/")
        sandbox.fault("forbidden", match="A_SalesOrder", times=2)
        with pytest.raises(Unauthorised):
            client.request("GET", f"{ROOT}/A_SalesOrder('1')")
        assert instance.connection("nordvik").state == "active"
        with pytest.raises(Unauthorised):
            client.request("GET", f"{ROOT}/A_SalesOrder('1')", service=SERVICE)
        assert instance.connection("nordvik").state == "unauthorised"
        client.request("GET", f"{ROOT}/A_SalesOrder?$top=1", service=SERVICE)
        assert instance.connection("nordvik").state == "active"
