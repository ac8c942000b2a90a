# SPDX-License-Identifier: Apache-2.0
"""Figures of minting and writing under load: what of the mints' cost a read hides, and what one client writes."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from askel_s4 import Auth, Client, Connection, Instance, Receipt
from askel_s4_sandbox import Sandbox

from figures import figure, note

PAGES = 8
LATENCY_MS = 60
ROUNDS = 7
THREADS, EACH = 64, 25
SERVICE, ORDERS = "API_SALES_ORDER_SRV", "A_SalesOrder"
NEW_ORDER = {
    "SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
    "SoldToParty": "10100001", "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "2"}],
}


def instance(folder: str) -> Instance:
    # Without a pace: it would be what is measured.
    return Instance(f"{folder}/vault.db", key=bytes(range(32)), mints_per_second=0)


def put(library: Instance, tenant: Sandbox, name: str, **way: Any) -> Connection:
    return library.put_connection(name, tenant.api_url, allow_host="localhost", ca_file=tenant.ca_file, **way)


def client_credentials(tenant: Sandbox) -> dict[str, Any]:
    return {"token_url": tenant.token_url, "client_id": tenant.client_id, "client_secret": tenant.client_secret}


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def read(client: Client) -> Receipt:
    with client.read(SERVICE, ORDERS, select="SalesOrder", page_size=50, top=50 * PAGES) as orders:
        rows = sum(len(page) for page in orders.pages())
        if rows != 50 * PAGES or orders.receipt.pages != PAGES:
            raise SystemExit(f"{rows} rows in {orders.receipt.pages} pages came")
        return orders.receipt


def overlap() -> None:
    """mint_overlap_ratio: the part of the mints' time that a read of 8 pages does not wait for.

    1 - (t(a token for each page) - t(HTTP Basic, nothing to mint)) / (tokens used * t(one mint)), each t a median of
    reads that take turns, every answer 60 ms late. 0: each mint is waited for; 1: none is. The first page's mint has
    nothing to hide behind, so that 0.875 (7 of 8) is the most that overlapping itself can give.
    """
    with tempfile.TemporaryDirectory() as folder, Sandbox(latency_ms=LATENCY_MS) as tenant, \
            instance(folder) as library:
        minting = put(library, tenant, "mints", **client_credentials(tenant))
        basic = put(library, tenant, "basic", auth=Auth.BASIC, user=tenant.user, password=tenant.password)
        with minting.client() as per_request, basic.client() as free:
            receipt = read(per_request)  # warm: $metadata, connections, the tenant's page cache
            read(free)
            minting.check()
            times: dict[str, list[float]] = {"read": [], "free": [], "mint": []}
            for _ in range(ROUNDS):
                times["read"].append(seconds(lambda: read(per_request)))
                times["free"].append(seconds(lambda: read(free)))
                times["mint"].append(seconds(minting.check))
            receipt = read(per_request)
        used = receipt.mints - receipt.mints_unused
        of = {name: statistics.median(values) for name, values in times.items()}
        note(f"{PAGES} pages: {of['read']:.3f} s with {used} mints of {of['mint']:.3f} s, {of['free']:.3f} s without")
        figure("mint_overlap_ratio", 1 - (of["read"] - of["free"]) / (used * of["mint"]), "ratio")


def writes() -> None:
    """writes_per_s_64_threads: creates through one client, a token for each, no pace (mints_per_second off; with the
    usual pace of 50/s it would be that). The tenant is a sandbox of one Python process on the same machine: this is a
    floor, and the tenant's own work is most of it. csrf_fetch_share: fetches of CSRF tokens among its API requests."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as tenant, instance(folder) as library, \
            put(library, tenant, "nordvik", **client_credentials(tenant)).client() as client:
        read(client)
        tenant.reset_stats()
        failures: list[Exception] = []

        def work(thread: int) -> None:
            for number in range(EACH):
                try:
                    client.create(SERVICE, ORDERS, {**NEW_ORDER, "PurchaseOrderByCustomer": f"{thread}-{number}"})
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        stats = tenant.stats()
        made = stats["created_by_reference"]
        if failures or len(made) != THREADS * EACH or stats["duplicate_references"]:
            raise SystemExit(f"{len(made)} orders, {len(failures)} failures, the first: {failures[:1]}")
        api = stats["requests"]["api"]
        note(f"{len(made)} orders in {took:.1f} s, {api['total']} requests, {stats['mints']} mints, {stats['csrf']}")
        figure("writes_per_s_64_threads", len(made) / took, "1/s")
        figure("csrf_fetch_share", stats["csrf"]["fetches"] / api["total"], "ratio")


FIGURES: dict[str, Callable[[], None]] = {"mint_overlap": overlap, "writes": writes}
