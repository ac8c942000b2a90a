# SPDX-License-Identifier: Apache-2.0
"""Figures of the engine: what a thousand clients weigh, and how soon a cancelled call has ended."""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from askel_s4 import AskelError, Client, Connection, Cursor, Instance
from askel_s4_sandbox import Sandbox

from figures import figure, note

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "bindings/python/tests"))
from stalls import silent, unaccepting

CLIENTS = 1_000
ROUNDS = 60
SERVICE, ORDERS = "API_SALES_ORDER_SRV", "A_SalesOrder"


@contextlib.contextmanager
def _instance():
    with tempfile.TemporaryDirectory() as folder:
        Instance.create_key_file(f"{folder}/key")
        with Instance(f"{folder}/vault.db", key_file=f"{folder}/key") as library:
            yield library


def _connect(library: Instance, tenant: Sandbox, name: str, host: str, **changes: str) -> Connection:
    api, token = (urlsplit(url).port for url in (tenant.api_url, tenant.token_url))
    values = {"token_url": f"https://{host}:{token}/oauth/token"} | changes
    return library.put_connection(
        name, f"{host}:{api}", client_id=tenant.client_id, client_secret=tenant.client_secret, allow_host=host,
        ca_file=tenant.ca_file, **values)


def _memory() -> int:
    """KiB that this process alone has written to."""
    gc.collect()
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))


def idle_clients() -> None:
    """Clients of a thousand tenants, each under its own host name, that have read once and wait: what each has beyond
    the first, the interpreter's objects for it included."""
    with Sandbox() as tenant, _instance() as library:
        kept: list[Client] = []
        before = 0
        for number in range(CLIENTS + 1):
            client = _connect(library, tenant, f"t{number:04}", f"t{number:04}.tenants.localhost").client()
            if len(list(client.read(SERVICE, ORDERS, top=3))) != 3:
                raise SystemExit("three rows were to come")
            kept.append(client)
            before = before or _memory()
        threads = len(os.listdir("/proc/self/task")) - threading.active_count()
        note(f"{len(kept)} clients, {threads} threads of the library")
        if threads > 4:
            raise SystemExit("there are too many threads")
        figure("idle_client_kib", (_memory() - before) / CLIENTS, "KiB")


def _cancelled(cursor: Cursor, settled: float) -> float:
    """Milliseconds from the cancel to the end of the wait of whoever reads."""
    ended = []

    def wait() -> None:
        with contextlib.suppress(AskelError):
            next(cursor)
        ended.append(time.perf_counter())

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(settled)
    if ended:
        raise SystemExit("it did not wait")
    began = time.perf_counter()
    cursor.cancel()
    thread.join()
    return (ended[0] - began) * 1_000


def cancel_latency() -> None:
    """Reads that are cancelled while they wait for a connection, a handshake, a token, headers and a dripping body."""
    took: list[float] = []
    with Sandbox() as tenant, _instance() as library, unaccepting() as full, silent() as mute:
        plain = _connect(library, tenant, "plain", "localhost").client()
        list(plain.read(SERVICE, ORDERS, top=1))
        clients = [
            (what, _connect(library, tenant, what, "localhost", token_url=f"https://localhost:{port}/x").client(), None)
            for what, port in (("connection", full), ("handshake", mute))
        ] + [
            ("token", plain, {"name": "latency", "on": "token", "ms": 600_000}),
            ("headers", plain, {"name": "latency", "match": ORDERS, "ms": 600_000}),
            ("body", plain, {"name": "drip", "match": ORDERS, "bytes_per_s": 50}),
        ]  # fmt: skip
        for what, client, fault in clients:
            tenant.clear_faults()
            if fault:
                tenant.fault(**fault)
            mine = [_cancelled(client.read(SERVICE, ORDERS), 0.05) for _ in range(ROUNDS)]
            note(f"{what}: median {statistics.median(mine):.2f} ms, most {max(mine):.2f} ms")
            took += mine
    figure("cancel_latency_ms_p99", statistics.quantiles(took, n=100)[98], "ms")


FIGURES: dict[str, Callable[[], None]] = {"idle_clients": idle_clients, "cancel_latency": cancel_latency}
