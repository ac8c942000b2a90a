# SPDX-License-Identifier: Apache-2.0
"""pyodata, SAP's own Python client, as a judge from outside: metadata, filters, paging, expansion, keys."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyodata
import pytest
from pyodata.v2.model import Config, PolicyWarning


@pytest.fixture
def service(client: Any) -> Any:
    """A pyodata client over the sandbox."""
    client.session.headers["Accept"] = "*/*"
    config = Config(default_error_policy=PolicyWarning())
    return pyodata.Client(client.root + "/", client.session, config=config)


def test_metadata_is_understood(service: Any) -> None:
    entity = service.schema.entity_type("A_SalesOrderType")
    assert [key.name for key in entity.key_proprties] == ["SalesOrder"]
    amount = entity.proprty("TotalNetAmount")
    assert (amount.typ.name, amount.precision, amount.scale) == ("Edm.Decimal", 16, 3)
    assert {nav.name for nav in entity.nav_proprties} == {"to_Item", "to_Partner", "to_PricingElement"}
    assert entity.nav_proprty("to_Item").to_role.entity_type_name == "A_SalesOrderItemType"


def test_rows_are_read_filtered_and_counted(service: Any) -> None:
    orders = service.entity_sets.A_SalesOrder
    found = orders.get_entities().filter("OverallDeliveryStatus eq 'B'").count(inline=True).top(5).execute()
    assert found.total_count >= 504 and len(found) == 5
    assert all(order.OverallDeliveryStatus == "B" and order.CreationDate.tzinfo for order in found)
    number = orders.get_entities().filter("SalesOrder eq '9999'").count().execute()
    assert number == 1


def test_pages_are_followed(service: Any) -> None:
    orders = service.entity_sets.A_SalesOrder
    page = orders.get_entities().select("SalesOrder").execute()
    seen = [order.SalesOrder for order in page]
    while page.next_url:
        page = orders.get_entities().next_url(page.next_url).execute()
        seen += [order.SalesOrder for order in page]
    assert len(seen) == len(set(seen)) == 7700


def test_keys_and_expansion(service: Any) -> None:
    order = service.entity_sets.A_SalesOrder.get_entity("9999").expand("to_Item/to_ScheduleLine,to_Partner").execute()
    assert sum(Decimal(item.NetAmount) for item in order.to_Item) == Decimal(order.TotalNetAmount)
    assert order.to_Item[0].to_ScheduleLine[0].ScheduleLine == "1" and len(order.to_Partner) == 4
    item = service.entity_sets.A_SalesOrderItem.get_entity(SalesOrder="9999", SalesOrderItem="10").execute()
    assert item.Material == order.to_Item[0].Material
    items = order.nav("to_Item").get_entities().execute()
    assert [i.SalesOrderItem for i in items] == [i.SalesOrderItem for i in order.to_Item]


def test_a_missing_key_is_an_http_error(service: Any) -> None:
    with pytest.raises(pyodata.exceptions.HttpError, match="404"):
        service.entity_sets.A_SalesOrder.get_entity("1").execute()
