# SPDX-License-Identifier: Apache-2.0
"""Token requests of many clients at one endpoint, counted by the endpoint."""

import threading
import time

import pytest
from conftest import SERVICE, put

from askel_s4 import Instance, MintPolicy, Throttled


def together(clients):
    """Each client reads a row, all at once."""
    failed = []

    def attempt(client):
        try:
            next(client.read(SERVICE, "A_SalesOrder", top=1))
        except Throttled as error:
            failed.append(error)

    threads = [threading.Thread(target=attempt, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


@pytest.fixture
def opened(tmp_path, sandbox):
    """Opens clients of two connections to one endpoint, each warm."""
    instances = []

    def make(per_second, **options):
        Instance.create_key_file(tmp_path / "key")
        instances.append(Instance(tmp_path / "v.db", key_file=tmp_path / "key", mints_per_second=per_second))
        connections = [put(instances[0], sandbox, f"nordvik-{number}") for number in range(2)]
        clients = [connection.client(mint_policy=MintPolicy.PER_CALL, **options) for connection in connections * 4]
        assert together(clients) == []
        time.sleep(1.1)  # what was minted for that does not count any more
        sandbox.reset_stats()
        return clients

    yield make
    for instance in instances:
        instance.close()


def test_all_clients_of_an_instance_have_one_pace(sandbox, opened):
    clients = opened(4)
    began = time.monotonic()
    assert together(clients) == [] and together(clients) == []
    # Sixteen, of which the first four go at once: the last ones in the fourth second.
    assert time.monotonic() - began >= 3
    assert sandbox.stats()["mints"] == 16


def test_an_endpoint_that_asks_to_wait_is_left_alone_by_all_clients(sandbox, opened):
    clients = opened(50)
    sandbox.fault("status", on="token", times=1, code=429, retry_after=2)
    first = threading.Thread(target=together, args=(clients[:1],))
    first.start()
    while sandbox.stats()["requests"].get("token", {}).get("by_status", {}).get("429") != 1:
        time.sleep(0.02)
    began = time.monotonic()
    assert together(clients[1:]) == []
    first.join()
    assert time.monotonic() - began >= 1
    assert sandbox.stats()["requests"]["token"]["by_status"] == {"429": 1, "200": 8}


def test_a_wait_beyond_the_deadline_is_told_at_once_and_nobody_asks_meanwhile(sandbox, opened):
    clients = opened(50, timeout=5)
    sandbox.fault("status", on="token", code=429, retry_after=50)
    (error,) = together(clients[:1])
    assert error.retry_after == 50 and error.retryable
    assert len(together(clients[1:])) == 7
    assert sandbox.stats()["requests"]["token"]["by_status"] == {"429": 1}
