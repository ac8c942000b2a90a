# SPDX-License-Identifier: Apache-2.0
"""The whole job, as a product does it."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from conftest import SERVICE, put, requests

from askel_s4 import Auth, ClientAuth, Delivery, NotFound, Verdict, sales_order_status_text


def window(sandbox):
    return dt.date.fromisoformat(sandbox.today) - dt.timedelta(days=30)


def test_open_orders_of_thirty_days_arrive_with_one_token_a_request(sandbox, connection, client):
    result = connection.check()
    assert (result.state, result.token.type, result.service) == ("active", "bearer", None)
    sandbox.reset_stats()
    with client.sales_orders(created_from=window(sandbox)) as cursor:
        rows = list(cursor)
    receipt = cursor.receipt
    assert len(rows) == len({row["SalesOrder"] for row in rows}) == receipt.rows == 4200
    assert receipt.verdict == Verdict.CHAIN_UNBROKEN
    assert receipt.pages == 5
    assert receipt.mints == receipt.requests + receipt.mints_unused
    assert receipt.mints_unused <= 1
    assert receipt.bytes > receipt.bytes_wire > 0
    tokens = sandbox.stats()["tokens"]
    assert tokens["used_more_than_once"] == 0
    assert tokens["used_once"] == receipt.requests


def test_values_have_the_types_of_the_metadata(sandbox, client):
    row = next(client.sales_orders(created_from=window(sandbox)))
    assert isinstance(row["SalesOrder"], str)
    assert isinstance(row["TotalNetAmount"], Decimal)
    assert row["CreationDate"].utcoffset() == dt.timedelta(0)
    assert row["CreationDate"].date() >= window(sandbox)
    assert row["LastChangeDateTime"].tzinfo is dt.timezone.utc
    assert "NoSuchProperty" not in row
    with pytest.raises(KeyError):
        row["NoSuchProperty"]
    assert row.get("NoSuchProperty") is None
    assert list(row) == list(json.loads(row.json()))
    assert dict(row)["SalesOrder"] == row["SalesOrder"]


def test_a_boolean_and_a_null(client):
    row = next(client.read(SERVICE, "A_SalesOrder", "LastChangeDate eq ?", [None], top=1))
    assert row["LastChangeDate"] is None
    assert row["CompleteDeliveryIsDefined"] in (True, False)


def test_partially_delivered_orders_come_with_items_and_schedule_lines(sandbox, client):
    with client.sales_orders(created_from=window(sandbox), delivery=Delivery.PARTIAL, with_items=True) as cursor:
        rows = list(cursor)
    assert len(rows) == sandbox.partially_delivered
    for row in rows:
        items = row["to_Item"]["results"]
        lines = [line for item in items for line in item["to_ScheduleLine"]["results"]]
        delivered = sum(Decimal(line["DeliveredQtyInOrderQtyUnit"]) for line in lines)
        assert 0 < delivered < sum(Decimal(item["RequestedQuantity"]) for item in items)


def test_rows_stay_valid_after_their_page_and_their_cursor(client):
    with client.read(SERVICE, "A_SalesOrder", orderby="SalesOrder", top=25, page_size=10) as cursor:
        kept = [next(cursor) for _ in range(12)]
        before = [(row["SalesOrder"], row["TotalNetAmount"], row.json()) for row in kept]
        kept += list(cursor)
    assert [(row["SalesOrder"], row["TotalNetAmount"], row.json()) for row in kept[:12]] == before
    assert len({row["SalesOrder"] for row in kept}) == 25
    assert "NoSuchProperty" not in kept[0]


def test_pages_and_rows_can_be_mixed(client):
    with client.read(SERVICE, "A_SalesOrder", top=25, page_size=10) as cursor:
        next(cursor)
        assert [len(page) for page in cursor.pages()] == [9, 10, 5]
        assert list(cursor) == []


def test_top_select_orderby_page_size_and_count(client):
    with client.read(
        SERVICE,
        "A_SalesOrder",
        "OverallSDProcessStatus ne ?",
        ["C"],
        select=["SalesOrder", "TotalNetAmount"],
        orderby="TotalNetAmount desc, SalesOrder",
        top=30,
        page_size=7,
        count=True,
    ) as cursor:
        amounts = [row["TotalNetAmount"] for row in cursor]
        assert amounts == sorted(amounts, reverse=True)
        assert len(amounts) == 30
        assert cursor.receipt.pages == 5
        assert cursor.receipt.verdict == Verdict.COMPLETE_COUNTED
    row = next(client.read(SERVICE, "A_SalesOrder", select="SoldToParty", top=1))
    assert set(row) - {"__metadata"} == {"SalesOrder", "SoldToParty"}


def test_top_that_is_met_is_complete(client):
    with client.read(SERVICE, "A_SalesOrder", top=25, page_size=10) as cursor:
        assert len(list(cursor)) == 25
    assert cursor.receipt.verdict == Verdict.COMPLETE_COUNTED


def test_a_count_that_the_service_cannot_give_does_not_end_the_read(client):
    with client.read(SERVICE, "A_SalesOrder", select="SalesOrder", count=True) as cursor:
        rows = sum(1 for _ in cursor)
        assert rows > 4200
        assert cursor.receipt.verdict == Verdict.CHAIN_UNBROKEN
        assert cursor.receipt.server_count is None


@pytest.mark.parametrize("form", ["absolute", "host-relative", "service-relative"])
def test_next_links_of_every_form(sandbox, client, form):
    sandbox.settings(next_link=form, page_size=2000)
    with client.sales_orders(created_from=window(sandbox)) as cursor:
        assert sum(1 for _ in cursor) == 4200


def test_one_document_by_its_key(client):
    order = next(client.read(SERVICE, "A_SalesOrder", top=1))
    found = client.get(SERVICE, "A_SalesOrder", order["SalesOrder"])
    assert found.http_status == 200
    assert found.etag.startswith("W/")
    assert found["TotalNetAmount"] == order["TotalNetAmount"]
    item = client.get(SERVICE, "A_SalesOrderItem", {"SalesOrder": order["SalesOrder"], "SalesOrderItem": "10"})
    assert item["SalesOrderItem"] == "10"
    assert isinstance(item["RequestedQuantity"], Decimal)
    small = client.get(SERVICE, "A_SalesOrder", order["SalesOrder"], select="SoldToParty", expand="to_Item")
    assert "to_Item" in small


def test_a_document_that_does_not_exist(client):
    with pytest.raises(NotFound) as caught:
        client.get(SERVICE, "A_SalesOrder", "4711471147")
    assert caught.value.http_status == 404
    assert caught.value.request_id
    assert not caught.value.retryable


def test_basic_authentication(sandbox, instance):
    basic = instance.put_connection(
        "basic", sandbox.api_url, auth=Auth.BASIC, user=sandbox.user, password=sandbox.password,
        allow_host=["localhost"], ca_file=sandbox.ca_file,
    )  # fmt: skip
    assert basic.check(SERVICE).token is None
    assert instance.connection("basic").state == "active"
    with basic.client() as client, client.read(SERVICE, "A_SalesOrder", top=5) as cursor:
        assert sum(1 for _ in cursor) == 5
        assert cursor.receipt.mints == 0
    assert sandbox.stats()["mints"] == 0


def test_the_secret_in_the_form_body_and_a_probed_service(sandbox, instance):
    connection = put(instance, sandbox, client_auth=ClientAuth.SECRET_POST)
    result = connection.check(SERVICE)
    assert result.service.endswith(SERVICE)
    assert requests(sandbox, "service_document") == 1


def test_connections_are_told_and_replaced_and_deleted(sandbox, instance):
    first = put(instance, sandbox)
    assert (first.state, first.generation, first.has_ca) == ("new", 1, True)
    assert first.since.tzinfo is not None
    assert put(instance, sandbox).generation == 2
    put(instance, sandbox, "another")
    assert [each.id for each in instance.connections()] == ["another", "nordvik"]
    assert instance.status()["connections"] == 2
    instance.delete_connection("another")
    with pytest.raises(NotFound):
        instance.connection("another")


def test_no_secret_is_shown(sandbox, instance, connection):
    connection.check()
    with connection.client() as client:
        shown = repr([instance, connection, instance.connections(), client, instance.status(), list(instance.events())])
    assert sandbox.client_secret not in shown


def test_status_texts():
    assert sales_order_status_text("OverallDeliveryStatus", "B") == "partially delivered"
    assert sales_order_status_text("Colour", "B") is None


def test_every_token_is_accounted_for_over_many_reads(sandbox, client):
    """The mint beside the last page may end before, with, or after that page: it is counted once all the same."""
    used = requests = 0
    for top in range(1, 121):
        with client.read(SERVICE, "A_SalesOrder", select="SalesOrder", top=top, page_size=40) as cursor:
            assert sum(1 for _ in cursor) == top
        receipt = cursor.receipt
        assert receipt.mints - receipt.mints_unused == receipt.requests
        assert receipt.mints_unused <= 1
        used += receipt.mints - receipt.mints_unused
        requests += receipt.requests
    tokens = sandbox.stats()["tokens"]
    assert (tokens["used_once"], tokens["used_more_than_once"]) == (used, 0)
    assert used == requests
