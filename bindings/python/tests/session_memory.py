# SPDX-License-Identifier: Apache-2.0
"""Reads and writes, and counts what is left of the tenant's sessions in this process's memory.

A program of its own: in a process of many tests, Python's garbage holds cursors, and these their clients; and what was
sent by HTTP/2 stays in memory that its library freed.

    session_memory.py FOLDER < JSON with the members of put_connection, and "order"

Prints JSON: counts of (cookies, tokens) after reads, while a client with a session is open, and when it is closed.
"""

import json
import re
import sys
import time
from pathlib import Path

from askel_s4 import Instance

SERVICE, ORDERS = "API_SALES_ORDER_SRV", "A_SalesOrder"
# In pieces, so that what is looked for is not found here.
COOKIE = re.compile(b"SAP_SESSION" + b"ID[A-Z0-9_]*=[A-Za-z0-9%_-]{8}")
TOKEN = re.compile(b"(?i)x-csrf" + b"-token: [A-Za-z0-9_=-]{12}")


def count():
    """How often a cookie and a token stand in this process's memory."""
    found = [0, 0]
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            span, mode, _ = line.split(maxsplit=2)
            if mode.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                try:
                    memory.seek(start)
                    piece = memory.read(end - start)
                except OSError:
                    continue
                found = [found[0] + len(COOKIE.findall(piece)), found[1] + len(TOKEN.findall(piece))]
    return found


def main():
    folder, given = Path(sys.argv[1]), json.load(sys.stdin)
    order = given.pop("order")
    counts = {}
    with Instance(folder / "vault.db", key=bytes(range(32))) as instance:
        connection = instance.put_connection("nordvik", given.pop("host"), **given)
        with connection.client() as client:
            rows = list(client.read(SERVICE, ORDERS, select="SalesOrder", page_size=10, top=50))
            assert len(rows) == 50
            counts["read"] = count()
            client.create(SERVICE, ORDERS, order)
            counts["open"] = count()
        # The I/O thread may still be on its way out of the last answer: a moment on a busy machine, not longer.
        end = time.monotonic() + 5
        while (left := count()) != [0, 0] and time.monotonic() < end:
            time.sleep(0.05)
        counts["closed"] = left
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main()
