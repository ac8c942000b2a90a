# SPDX-License-Identifier: Apache-2.0
"""Objects closed, dropped, shared between threads, and carried over a fork."""

import gc
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SERVICE, put

from askel_s4 import Closed, Forked, Instance


def test_use_after_close(instance, connection, client):
    cursor = client.read(SERVICE, "A_SalesOrder", top=3)
    row = next(cursor)
    cursor.close()
    cursor.close()
    assert row["SalesOrder"]
    assert cursor.receipt.rows == 3
    for step in (cursor, cursor.pages()):
        with pytest.raises(Closed):
            next(step)
    client.close()
    with pytest.raises(Closed):
        client.read(SERVICE, "A_SalesOrder")
    instance.close()
    instance.close()
    for use in (instance.status, instance.connections, connection.check, connection.client, lambda: instance.event_fd):
        with pytest.raises(Closed):
            use()
    assert "closed" in repr(instance)


def test_the_instance_closed_under_a_cursor(instance, client):
    cursor = client.read(SERVICE, "A_SalesOrder", page_size=10)
    row = next(cursor)
    instance.close()
    assert row["SalesOrder"]
    with pytest.raises(Closed):
        list(cursor)
    with pytest.raises(Closed):
        client.read(SERVICE, "A_SalesOrder")


def test_the_instance_closed_under_a_thread_that_waits(sandbox, instance, client):
    sandbox.fault("latency", match="A_SalesOrder", ms=30_000)
    timer = threading.Timer(0.3, instance.close)
    timer.start()
    with pytest.raises(Closed):
        next(client.read(SERVICE, "A_SalesOrder"))
    timer.join()


def test_a_cursor_closed_under_a_thread_that_waits(sandbox, client):
    sandbox.fault("latency", match="A_SalesOrder", ms=30_000)
    cursor = client.read(SERVICE, "A_SalesOrder")
    timer = threading.Timer(0.3, cursor.close)
    timer.start()
    with pytest.raises(Closed):
        next(cursor)
    timer.join()


def test_what_is_in_use_keeps_what_it_needs(instance, sandbox):
    put(instance, sandbox)
    cursor = instance.connection("nordvik").client().read(SERVICE, "A_SalesOrder", top=3)
    del instance
    gc.collect()
    assert len(list(cursor)) == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_dropped_in_any_order(sandbox, tmp_path, order):
    instance = Instance(tmp_path / "vault", key=bytes(32))
    client = put(instance, sandbox).client()
    cursor = client.read(SERVICE, "A_SalesOrder", top=10, page_size=5)
    objects = [instance, client, cursor, next(cursor)]
    # A cycle, so that nothing goes before the collector comes.
    knots = [[each] for each in objects]
    for knot in knots:
        knot.append(knot)
    del instance, client, cursor, knot
    for position in order:
        objects[position] = None
        knots[position] = None
        gc.collect()


def test_many_threads_with_a_client_each(connection):
    def read(_):
        with connection.client() as client, client.read(SERVICE, "A_SalesOrder", top=300, page_size=100) as cursor:
            return len({row["SalesOrder"] for row in cursor})

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(read, range(24))) == [300] * 24


def test_many_threads_with_one_client(client):
    def read(_):
        return sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=100))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(16))) == [100] * 16


def test_rows_read_by_one_thread_while_another_goes_on(client):
    cursor = client.read(SERVICE, "A_SalesOrder", orderby="SalesOrder", top=500, page_size=50)
    kept = [next(cursor) for _ in range(50)]
    expected = [row["SalesOrder"] for row in kept]
    with ThreadPoolExecutor(4) as pool:
        again = [pool.submit(lambda: [row["SalesOrder"] for row in kept for _ in range(5)]) for _ in range(4)]
        assert sum(1 for _ in cursor) == 450
        for future in again:
            assert future.result() == [key for key in expected for _ in range(5)]


def test_a_fork_leaves_the_parent_alone(instance, connection, client, tmp_path):
    cursor = client.read(SERVICE, "A_SalesOrder", page_size=10, top=20)
    next(cursor)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for use in (instance.status, lambda: client.read(SERVICE, "A_SalesOrder"), lambda: list(cursor)):
                try:
                    use()
                except Forked:
                    continue
                os._exit(2)
            cursor._handle.close()
            client.close()
            instance.close()
            with Instance(tmp_path / "vault.db", key_file=tmp_path / "vault.key") as own:
                own.connection("nordvik").check()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(cursor)) == 19


def test_no_descriptor_and_no_thread_stays(sandbox, tmp_path):
    def once():
        with Instance(tmp_path / "vault", key=bytes(32)) as instance:
            put(instance, sandbox).check()

    def standing():
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    once()
    before = standing()
    for _ in range(10):
        once()
    assert standing() == before
