# SPDX-License-Identifier: Apache-2.0
"""Measures what the project claims, through the shipped library, and prints `figure NAME VALUE UNIT` lines.

Ratios are taken within one run, between reads that alternate; medians count. Usage: bench.py [FIGURE ...]
"""

from __future__ import annotations

import datetime as dt
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from askel_s4 import Auth, Client, Instance, Receipt
from askel_s4_sandbox import Sandbox

import fire_bench
import vault_bench
import wire_bench
from figures import figure, note

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = 4_200
LATENCY_MS = 60
ROUNDS = 7


def instance(folder: str) -> Instance:
    Instance.create_key_file(f"{folder}/key")
    return Instance(f"{folder}/vault.db", key_file=f"{folder}/key")


def connect(library: Instance, tenant: Sandbox, name: str, basic: bool) -> Client:
    ways = (
        {"auth": Auth.BASIC, "user": tenant.user, "password": tenant.password}
        if basic
        else {"token_url": tenant.token_url, "client_id": tenant.client_id, "client_secret": tenant.client_secret}
    )
    connection = library.put_connection(
        name, tenant.api_url, allow_host="localhost", ca_file=tenant.ca_file, **ways)
    return connection.client()


def read(client: Client, tenant: Sandbox) -> tuple[float, Receipt]:
    """Seconds of one read of the open orders of the last 30 days, and its receipt."""
    since = dt.date.fromisoformat(tenant.info["today"]) - dt.timedelta(days=30)
    began = time.monotonic()
    with client.sales_orders(created_from=since) as orders:
        rows = sum(len(page) for page in orders.pages())
        took = time.monotonic() - began
        if rows != ROWS:
            raise SystemExit(f"{rows} rows came, {ROWS} were to come")
        return took, orders.receipt


def mints() -> None:
    """One read, counted by the library and by the tenant."""
    with tempfile.TemporaryDirectory() as folder, Sandbox() as tenant, instance(folder) as library:
        with connect(library, tenant, "nordvik", basic=False) as client:
            _, receipt = read(client, tenant)
        used = receipt.mints - receipt.mints_unused
        seen = tenant.stats()["tokens"]
        note(f"{receipt.rows} rows, {receipt.pages} pages, {receipt.requests} requests, {receipt.mints} mints; "
             f"the tenant saw {seen}")
        if seen["used_once"] != used or seen["used_more_than_once"]:
            raise SystemExit("the tenant counted other uses than the library")
        figure("mints_used_per_request", used / receipt.requests, "mints/request")
        figure("mints_unused", receipt.mints_unused, "mints")


def overlap() -> None:
    """The cost of a token for each request, at 60 ms an answer and with $metadata warm.

    The same read with a pre-minted token is one whose credential is at hand for every page and costs nothing to make:
    the HTTP Basic header is that, so the two reads differ in nothing but the mints.
    """
    with tempfile.TemporaryDirectory() as folder, Sandbox(latency_ms=LATENCY_MS) as tenant, \
            instance(folder) as library:
        minting = connect(library, tenant, "per-request", basic=False)
        ready = connect(library, tenant, "pre-minted", basic=True)
        for client in (minting, ready):  # warm: $metadata, connections, and the tenant's own page cache
            read(client, tenant)
        per_request, pre_minted = [], []
        for _ in range(ROUNDS):
            per_request.append(read(minting, tenant)[0])
            pre_minted.append(read(ready, tenant)[0])
        note(f"per_request {statistics.median(per_request):.3f} s, pre-minted {statistics.median(pre_minted):.3f} s")
        figure("read_4200_mint_overlap", statistics.median(per_request) / statistics.median(pre_minted), "ratio")
        minting.close()
        ready.close()


def fresh_demo() -> None:
    """`make demo` on a clean clone of what is committed, with the system's packages present."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "-q", str(ROOT), f"{folder}/clone"], check=True)
        began = time.monotonic()
        done = subprocess.run(["make", "demo"], cwd=f"{folder}/clone", capture_output=True, text=True)
        took = time.monotonic() - began
        if done.returncode:
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
        figure("fresh_demo_s", took, "s")


FIGURES: dict[str, Callable[[], None]] = {
    "mints": mints, "overlap": overlap, **fire_bench.FIGURES, **vault_bench.FIGURES, **wire_bench.FIGURES,
    "fresh_demo": fresh_demo,
}


def main() -> None:
    for name in sys.argv[1:] or FIGURES:
        FIGURES[name]()


if __name__ == "__main__":
    main()
