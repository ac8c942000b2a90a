# SPDX-License-Identifier: Apache-2.0
"""Nordvik's open sales orders, read from the sandbox tenant: what a product does with this library, from start to end.

Run it with `make demo`. It starts a sandbox tenant, stores its credential in a new vault, proves it, reads the open
orders of the last 30 days and the items of those that are partially delivered, and prints what a person wants to see.
"""

import contextlib
import datetime as dt
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

import demo_report as report

import askel_s4
from askel_s4 import Client, Connection, Delivery, Instance, Receipt, Verdict

WINDOW_DAYS = 30


@contextlib.contextmanager
def sandbox() -> Iterator[Dict[str, Any]]:
    """A sandbox tenant, and what it says of itself. Ends with the block, however the block ends."""
    command = [sys.executable, "-m", "askel_s4_sandbox", "--exit-with-parent"]
    # In a session of its own: Ctrl-C is for the demo, which then ends the sandbox.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdin and process.stdout
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"The sandbox did not start (exit status {process.wait()}); `make demo` sets it up.")
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def connect(instance: Instance, tenant: Dict[str, Any]) -> Connection:
    """Stores the tenant's credential, sealed, and proves it: a token is minted and discarded."""
    connection = instance.put_connection(
        "nordvik",
        tenant["api_url"],
        token_url=tenant["token_url"],
        client_id=tenant["client_id"],
        client_secret=tenant["client_secret"],
        # A customer's tenant needs neither: the sandbox is on this machine and has a certificate authority of its own.
        allow_host="localhost",
        ca_file=tenant["ca_file"],
    )
    result = connection.check()
    report.connection(instance.connection(connection.id), result)
    return connection


def read_orders(client: Client, today: dt.date) -> bool:
    """Reads and shows the open orders of the window. Says whether all of them came."""
    since = today - dt.timedelta(days=WINDOW_DAYS)
    wanted = ("SalesOrder", "SoldToParty", "TotalNetAmount", "TransactionCurrency", "RequestedDeliveryDate")
    orders: List[Dict[str, Any]] = []
    with client.sales_orders(created_from=since, count=True) as cursor, report.progress("orders") as progress:
        for row in cursor:
            order = {name: row[name] for name in wanted}
            order.update({name: row[name] for name in report.STATUSES})
            orders.append(order)
            progress(len(orders))
    report.statuses(orders, since)
    report.top_customers(orders)
    report.late(orders, today)
    report.receipt("Receipt of the order read", cursor.receipt)
    return len(orders) == report.EXPECTED_ORDERS and proven(cursor.receipt)


def read_partials(client: Client, today: dt.date) -> bool:
    """Reads and shows the items of the partially delivered orders. Says whether all of them came."""
    since = today - dt.timedelta(days=WINDOW_DAYS)
    orders: List[Dict[str, Any]] = []
    cursor = client.sales_orders(created_from=since, delivery=Delivery.PARTIAL, with_items=True, count=True)
    with cursor, report.progress("partially delivered orders") as progress:
        for row in cursor:
            orders.append({"SalesOrder": row["SalesOrder"], "to_Item": row["to_Item"]})
            progress(len(orders))
    report.partials(orders)
    report.receipt("Receipt of the item read", cursor.receipt)
    return proven(cursor.receipt)


def proven(receipt: Receipt) -> bool:
    return receipt.verdict in (Verdict.COMPLETE_COUNTED, Verdict.CHAIN_UNBROKEN)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="askel-s4-demo-") as directory, sandbox() as tenant:
        key_file = Path(directory) / "vault.key"
        Instance.create_key_file(key_file)
        today = dt.date.fromisoformat(tenant["today"])
        report.title("Nordvik Manufacturing AG", f"askel-s4 {askel_s4.__version__}, sandbox tenant, today {today}")
        vault = Path(directory) / "vault.db"
        with Instance(vault, key_file=key_file) as instance, connect(instance, tenant).client() as client:
            complete = [read_orders(client, today), read_partials(client, today)]
    if not all(complete):
        print("\nNot complete: fewer or more orders came than the sandbox holds.", file=sys.stderr)
    return 0 if all(complete) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(130)
    except askel_s4.AskelError as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
