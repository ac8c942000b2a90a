# SPDX-License-Identifier: Apache-2.0
"""Parameters of every type, against rows that are there."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import pytest
from conftest import SERVICE, requests

from askel_s4 import InvalidArgument, NotFound


@pytest.fixture
def order(client):
    return next(client.read(SERVICE, "A_SalesOrder", "OverallDeliveryStatus eq ?", ["B"], top=1))


def count(client, filter, params):
    with client.read(SERVICE, "A_SalesOrder", filter, params, select="SalesOrder") as cursor:
        return sum(1 for _ in cursor)


def test_text(client, order):
    assert count(client, "SalesOrder eq ?", [order["SalesOrder"]]) == 1


@pytest.mark.parametrize(
    "reference", ['O\'Neil & Söhne "Eil" \\ 7', "🚚 Eil-PO 42 🚀", "100 % + 5 = ?", "''''", "a/b?c#d&e=f"]
)
def test_text_that_is_hard_to_encode(client, reference):
    with client.read(SERVICE, "A_SalesOrder", "PurchaseOrderByCustomer eq ?", [reference]) as cursor:
        found = {row["PurchaseOrderByCustomer"] for row in cursor}
    assert found == {reference}


def test_text_is_never_filter(client):
    assert count(client, "SalesOrder eq ?", ["1' or '1' eq '1"]) == 0


def test_decimal_and_integer(client, order):
    exactly = count(client, "SalesOrder eq ? and TotalNetAmount eq ?", [order["SalesOrder"], order["TotalNetAmount"]])
    assert exactly == 1
    assert 0 < count(client, "TotalNetAmount gt ?", [100_000]) < count(client, "TotalNetAmount gt ?", [Decimal("1e4")])


def test_boolean(client):
    both = [count(client, "CompleteDeliveryIsDefined eq ?", [value]) for value in (True, False)]
    assert sum(both) == count(client, None, [])


def test_date(client, order):
    day = order["CreationDate"].date()
    with client.read(SERVICE, "A_SalesOrder", "CreationDate eq ?", [day]) as cursor:
        rows = list(cursor)
    assert rows
    assert {row["CreationDate"].date() for row in rows} == {day}


def test_date_time_in_any_zone(client, order):
    moment = order["LastChangeDateTime"].astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    assert count(client, "SalesOrder eq ? and LastChangeDateTime ge ?", [order["SalesOrder"], moment]) == 1
    later = moment + dt.timedelta(seconds=1)
    assert count(client, "SalesOrder eq ? and LastChangeDateTime ge ?", [order["SalesOrder"], later]) == 0


def test_null(client):
    changed, unchanged = (count(client, f"LastChangeDate {how} ?", [None]) for how in ("ne", "eq"))
    assert changed > 0
    assert unchanged > 0
    assert changed + unchanged == count(client, None, [])


@pytest.mark.parametrize(
    "filter,value",
    [
        ("TotalNetAmount eq ?", "ten"),
        ("TotalNetAmount eq ?", True),
        ("CreationDate eq ?", Decimal("1.5")),
        ("CreationDate eq ?", dt.time(9, 30)),
        ("LastChangeDateTime eq ?", UUID(int=1)),
        ("CompleteDeliveryIsDefined eq ?", dt.date(2026, 1, 1)),
        ("NoSuchProperty eq ?", "x"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_row_is_asked_for(sandbox, client, filter, value):
    with pytest.raises((InvalidArgument, NotFound)):
        next(client.read(SERVICE, "A_SalesOrder", filter, [value]))
    assert requests(sandbox, "collection") == 0


@pytest.mark.parametrize(
    "value",
    [dt.datetime(2026, 1, 1), dt.time(9, tzinfo=dt.timezone.utc), Decimal("NaN"), 1 << 63, "a\0b", "\udc80"],
)
def test_values_that_cannot_be_sent(client, value):
    with pytest.raises(InvalidArgument, match="parameter 1"):
        client.read(SERVICE, "A_SalesOrder", "SalesOrder eq ?", [value])


@pytest.mark.parametrize("value", [1.5, b"bytes", object()])
def test_types_that_no_parameter_has(client, value):
    with pytest.raises(TypeError, match="parameter 1"):
        client.read(SERVICE, "A_SalesOrder", "SalesOrder eq ?", [value])


def test_a_float_is_told_from_a_decimal(client):
    with pytest.raises(TypeError, match="use Decimal"):
        client.read(SERVICE, "A_SalesOrder", "TotalNetAmount eq ?", [1.5])
    with pytest.raises(TypeError, match="use Decimal"):
        client.get(SERVICE, "A_SalesOrder", 1.5)


def test_text_is_no_sequence_of_parameters(client):
    with pytest.raises(TypeError, match=r"params is a sequence: write \['10100001'\]"):
        client.read(SERVICE, "A_SalesOrder", "SoldToParty eq ?", "10100001")


def test_number_of_parameters(client):
    with pytest.raises(InvalidArgument):
        client.read(SERVICE, "A_SalesOrder", "SalesOrder eq ?", [])
    with pytest.raises(InvalidArgument):
        client.read(SERVICE, "A_SalesOrder", "SalesOrder eq ?", ["1", "2"])
