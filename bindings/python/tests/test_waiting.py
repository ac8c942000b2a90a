# SPDX-License-Identifier: Apache-2.0
"""Waiting for answers, and ending the wait."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import SERVICE, requests

from askel_s4 import Cancelled, TimedOut

# An answer that takes longer than any test waits for it.
LONG_MS = 30_000
# What ending a wait may take on a busy machine.
SOON_S = 5


@pytest.fixture
def slow(sandbox):
    sandbox.fault("latency", match="A_SalesOrder", ms=LONG_MS)
    return sandbox


def test_a_deadline(slow, client):
    before = time.monotonic()
    with pytest.raises(TimedOut):
        next(client.read(SERVICE, "A_SalesOrder", timeout=0.5))
    assert time.monotonic() - before < SOON_S


def test_cancel_from_another_thread(slow, client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=3)
    timer = threading.Timer(0.3, cursor.cancel)
    timer.start()
    before = time.monotonic()
    with pytest.raises(Cancelled):
        next(cursor)
    assert time.monotonic() - before < SOON_S
    timer.join()
    slow.clear_faults()
    assert len(list(cursor)) == 3


def test_cancel_between_pages_ends_the_next_fetch(sandbox, client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=6, page_size=2)
    kept = [next(cursor)]
    asked = requests(sandbox, "collection")
    other = threading.Thread(target=cursor.cancel)
    other.start()
    other.join()
    kept.append(next(cursor))
    with pytest.raises(Cancelled):
        next(cursor)
    assert requests(sandbox, "collection") == asked
    kept += cursor
    assert len({row["SalesOrder"] for row in kept}) == len(kept) == 6
    cursor.cancel()
    assert list(cursor) == []


def test_cancel_before_the_first_page(client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=3)
    cursor.cancel()
    with pytest.raises(Cancelled):
        next(cursor)
    assert len(list(cursor)) == 3


def test_cancel_between_pages_of_an_asyncio_read(client):
    async def read():
        pages = client.read(SERVICE, "A_SalesOrder", top=4, page_size=2).pages()
        first = await pages.__anext__()
        pages._cursor.cancel()
        with pytest.raises(Cancelled):
            await pages.__anext__()
        return [len(first)] + [len(page) async for page in pages]

    assert asyncio.run(read()) == [2, 2]


def test_ctrl_c_cancels_and_leaves_everything_usable(slow, client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=3)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(cursor)
    assert time.monotonic() - before < SOON_S
    timer.join()
    slow.clear_faults()
    assert len(list(cursor)) == 3


def test_ctrl_c_ends_a_program(slow, instance, connection, tmp_path):
    program = (
        "import sys, askel_s4\n"
        "instance = askel_s4.Instance(sys.argv[1], key_file=sys.argv[2])\n"
        "cursor = instance.connection('nordvik').client().read('API_SALES_ORDER_SRV', 'A_SalesOrder')\n"
        "print('reading', flush=True)\n"
        "next(cursor)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "vault.db"), str(tmp_path / "vault.key")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "reading\n"
        time.sleep(0.5)
        before = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - before < SOON_S
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT


def test_asyncio_reads_without_a_thread(client):
    async def read():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())
        cursors = [client.read(SERVICE, "A_SalesOrder", select="SalesOrder", top=1500) for _ in range(3)]
        threads = threading.active_count()
        counts = await asyncio.gather(*(count(cursor) for cursor in cursors))
        ticker.cancel()
        return counts, ticks, threads

    async def count(cursor):
        rows = 0
        async for row in cursor:
            rows += bool(row["SalesOrder"])
        return rows

    counts, ticks, threads = asyncio.run(read())
    assert counts == [1500, 1500, 1500]
    assert ticks > 10
    assert threads == threading.active_count()


def test_asyncio_reads_page_by_page(client):
    async def read():
        with client.read(SERVICE, "A_SalesOrder", top=25, page_size=10) as cursor:
            return [len(page) async for page in cursor.pages()]

    assert asyncio.run(read()) == [10, 10, 5]


def test_cancelling_a_task_cancels_its_operation(slow, client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=3)

    async def read():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(cursor.__anext__(), 0.3)

    before = time.monotonic()
    asyncio.run(read())
    assert time.monotonic() - before < SOON_S
    slow.clear_faults()
    assert len(list(cursor)) == 3


def test_events_are_announced_by_their_descriptor(instance, connection):
    assert select.select([instance.event_fd], [], [], 0)[0] == []
    connection.check()
    assert select.select([instance.event_fd], [], [], SOON_S)[0] == [instance.event_fd]
    events = list(instance.events())
    assert [(event["connection"], event["from"], event["to"]) for event in events] == [("nordvik", "new", "active")]
    assert list(instance.events()) == []
    assert select.select([instance.event_fd], [], [], 0)[0] == []
