# SPDX-License-Identifier: Apache-2.0
"""What is sent again, when, and what is not; and how fast tokens are minted."""

import threading
import time
from email.utils import formatdate

import pytest
from conftest import SERVICE, put

from askel_s4 import CredentialExpired, Instance, Throttled, Unreachable


def rows(client, **options):
    """Reads five pages of ten rows."""
    cursor = client.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=50, **options)
    keys = [row["SalesOrder"] for row in cursor]
    assert len(keys) == len(set(keys)) == 50
    return cursor.receipt


def statuses(stats):
    """Answers of the API by their status. An answer that was there before its client went, and whose sending the server
    has not ended since, may count as cut ("0") in the next test."""
    return {status: count for status, count in stats["requests"]["api"]["by_status"].items() if status != "0"}


@pytest.fixture
def warm(client):
    """A client that knows $metadata."""
    list(client.read(SERVICE, "A_SalesOrder", top=1))
    return client


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("body", ["sap", "html"])
def test_what_passes_is_waited_for(sandbox, warm, code, body):
    sandbox.reset_stats()
    sandbox.fault("status", match="A_SalesOrder", skip=1, times=2, code=code, body=body)
    receipt = rows(warm)
    assert (receipt.retries, receipt.requests, receipt.pages) == (2, 7, 5)
    stats = sandbox.stats()
    assert statuses(stats) == {"200": 5, str(code): 2}
    # Each attempt had a token of its own.
    assert stats["tokens"]["used_more_than_once"] == 0


@pytest.mark.parametrize(
    "fault", [{"name": "reset", "when": "before"}, {"name": "reset", "when": "body"}, {"name": "truncate"}],
    ids=lambda fault: "-".join(map(str, fault.values())),
)  # fmt: skip
def test_a_page_that_was_lost_comes_again(sandbox, warm, fault):
    fault = dict(fault)
    sandbox.fault(fault.pop("name"), match="A_SalesOrder", skip=1, times=2, **fault)
    assert rows(warm).retries == 2


@pytest.mark.parametrize("code", [400, 403, 404, 501])
def test_what_says_something_is_not_repeated(sandbox, warm, code):
    sandbox.reset_stats()
    sandbox.fault("status", match="A_SalesOrder", code=code)
    with pytest.raises(Exception) as caught:
        rows(warm)
    assert caught.value.http_status == code
    assert statuses(sandbox.stats()) == {str(code): 1}


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_what_retry_after_names_is_waited_out(sandbox, warm, form):
    # A date has whole seconds: of two more than one is left.
    value = "1" if form == "seconds" else formatdate(time.time() + 2.5, usegmt=True)
    sandbox.fault("status", match="A_SalesOrder", times=1, code=503, retry_after=value)
    began = time.monotonic()
    assert rows(warm).retries == 1
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("code, expected", [(429, Throttled), (503, Unreachable)])
def test_the_deadline_wins(sandbox, warm, code, expected):
    sandbox.reset_stats()
    sandbox.fault("status", match="A_SalesOrder", code=code, retry_after=30)
    began = time.monotonic()
    with pytest.raises(expected) as caught:
        rows(warm, timeout=20)
    # Not waited for in vain, and said for how long.
    assert time.monotonic() - began < 10
    assert caught.value.retryable and caught.value.retry_after == 30
    assert statuses(sandbox.stats()) == {str(code): 1}


def test_retries_come_to_an_end(sandbox, warm):
    sandbox.reset_stats()
    sandbox.fault("status", match="A_SalesOrder", code=503)
    with pytest.raises(Unreachable):
        rows(warm)
    assert statuses(sandbox.stats()) == {"503": 5}


def test_retries_can_be_switched_off(sandbox, connection):
    with connection.client(retries=0) as client:
        list(client.read(SERVICE, "A_SalesOrder", top=1))
        sandbox.reset_stats()
        for code, expected in ((503, Unreachable), (429, Throttled)):
            sandbox.clear_faults()
            sandbox.fault("status", match="A_SalesOrder", code=code)
            with pytest.raises(expected):
                rows(client)
        assert statuses(sandbox.stats()) == {"503": 1, "429": 1}


def test_a_cancelled_call_does_not_wait(sandbox, warm):
    sandbox.fault("status", match="A_SalesOrder", code=503, retry_after=50)
    cursor = warm.read(SERVICE, "A_SalesOrder", page_size=10, top=50)
    timer = threading.Timer(0.3, cursor.close)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Exception):  # noqa: B017
        next(iter(cursor))
    assert time.monotonic() - began < 10
    timer.join()


@pytest.mark.parametrize("code", [429, 503])
def test_a_token_endpoint_that_asks_to_wait_is_waited_for(sandbox, warm, code):
    sandbox.reset_stats()
    sandbox.fault("status", on="token", skip=1, times=1, code=code, retry_after=1)
    began = time.monotonic()
    receipt = rows(warm)
    assert receipt.retries == 1
    assert time.monotonic() - began >= 1
    assert sandbox.stats()["requests"]["token"]["by_status"][str(code)] == 1


def test_a_rejected_secret_is_not_repeated(sandbox, warm):
    sandbox.reset_stats()
    sandbox.rotate_secret()
    with pytest.raises(CredentialExpired):
        rows(warm)
    assert sandbox.stats()["requests"]["token"]["by_status"] == {"401": 1}


def test_tokens_are_minted_no_faster_than_asked(sandbox, tmp_path):
    Instance.create_key_file(tmp_path / "key")
    with Instance(tmp_path / "v.db", key_file=tmp_path / "key", mints_per_second=5) as instance:
        connections = [put(instance, sandbox, f"nordvik-{number}") for number in range(4)]
        began = time.monotonic()
        threads = [threading.Thread(target=connection.check) for connection in connections for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Of twelve at one endpoint the sixth waits for the second second, the eleventh for the third.
        assert time.monotonic() - began >= 2
        assert instance.status()["mints"] == 12
        with connections[0].client() as client, pytest.raises(Throttled, match="token endpoint"):
            for _ in range(20):
                list(client.read(SERVICE, "A_SalesOrder", top=1, timeout=0.3))
