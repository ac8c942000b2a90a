# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a plain HTTP client for the sandbox's service, independent of the core and its bindings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from askel_s4_sandbox import Sandbox

SERVICE_4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"
SERVICE = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"


def order(reference: str = "", items: object = None, **more: Any) -> dict[str, Any]:
    """The body of a POST with the fields that an order needs, and one item."""
    return {
        "SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
        "SoldToParty": "10100001", "PurchaseOrderByCustomer": reference,
        "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "3"}] if items is None else items,
    } | more  # fmt: skip


class Client:
    """Reads and writes a service with one access token and JSON."""

    def __init__(self, sandbox: Sandbox, service: str = SERVICE):
        self.sandbox = sandbox
        self.token = ""
        self.root = sandbox.api_url + service
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = sandbox.ca_file
        self.session.headers.update({"Authorization": f"Bearer {sandbox.mint()}", "Accept": "application/json"})

    def get(self, path: str, query: str = "", **headers: str) -> requests.Response:
        """GET below the service root; `query` without the question mark; header names with _ for -."""
        url = f"{self.root}/{path}" + (f"?{query}" if query else "")
        return self.raw(url, **headers)

    def raw(self, url: str, **headers: str) -> requests.Response:
        """GET of a whole URL."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.get(url, headers=named, timeout=20, allow_redirects=False)

    def fetch_token(self) -> None:
        """Fetches a CSRF token; it goes with every later write, and the session's cookies too."""
        answer = self.get("", X_CSRF_Token="Fetch")
        self.token = answer.headers["x-csrf-token"]

    def write(self, method: str, path: str, body: object = None, query: str = "", **headers: str) -> requests.Response:
        """A write below the service root, with the CSRF token; header names with _ for -."""
        if not self.token:
            self.fetch_token()
        named = {"x-csrf-token": self.token} | {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.root}/{path}" + (f"?{query}" if query else "")
        return self.session.request(method, url, json=body, headers=named, timeout=20, allow_redirects=False)

    def create(self, reference: str = "", items: object = None, **more: Any) -> dict[str, Any]:
        """Creates an order; returns the `d` of the answer."""
        answer = self.write("POST", "A_SalesOrder", order(reference, items, **more))
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()["d"]
        return found

    def data(self, path: str, query: str = "", **headers: str) -> Any:
        """The `d` of a good answer."""
        answer = self.get(path, query, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["d"]

    def rows(self, path: str, query: str = "") -> list[dict[str, Any]]:
        """`results` of one page."""
        found: list[dict[str, Any]] = self.data(path, query)["results"]
        return found

    def every_row(self, path: str, query: str = "") -> list[dict[str, Any]]:
        """`results` of all pages, by absolute next links."""
        page = self.data(path, query)
        rows = page["results"]
        while "__next" in page:
            page = self.raw(page["__next"]).json()["d"]
            rows += page["results"]
        return rows

    def error(self, path: str, query: str = "", status: int = 400) -> dict[str, Any]:
        """The `error` of an answer with an SAP error body."""
        answer = self.get(path, query)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()["error"]
        assert found["message"]["lang"] and found["message"]["value"] and "transactionid" in found["innererror"]
        return found


@pytest.fixture
def client(s4_sandbox: Sandbox) -> Iterator[Client]:
    """A client of the module's sandbox."""
    made = Client(s4_sandbox)
    s4_sandbox.reset_stats()
    yield made
    made.session.close()


@pytest.fixture
def client4(s4_sandbox: Sandbox) -> Iterator[Client]:
    """A client of the module's sandbox, for the V4 service."""
    made = Client(s4_sandbox, SERVICE_4)
    s4_sandbox.reset_stats()
    yield made
    made.session.close()
