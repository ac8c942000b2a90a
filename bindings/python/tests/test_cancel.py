# SPDX-License-Identifier: Apache-2.0
"""A call ends when it is cancelled and when its time is over, wherever it waits. What it waits for would take longer
than any test; a name that is slow to look up is in test_names.py."""

import contextlib
import threading
import time
from typing import ClassVar, List

import pytest
from conftest import SERVICE, put, requests
from stalls import silent, unaccepting

from askel_s4 import AskelError, Cancelled, Closed, Instance, Outcome, TimedOut, UnknownOutcome, Unreachable
from askel_s4 import row as answering
from askel_s4._call import Call

ORDERS = "A_SalesOrder"
FOREVER_MS = 600_000


class Seen(Call):
    """Calls of writes, so that a test can cancel them."""

    made: ClassVar[List[Call]] = []

    def __init__(self):
        super().__init__()
        Seen.made.append(self)


@pytest.fixture(autouse=True)
def seen(monkeypatch):
    Seen.made = []
    monkeypatch.setattr(answering, "Call", Seen)


class Stage:
    """Brings calls to one stage: `read` is the client's way to it, `reached` says that they are there."""

    def __init__(self, instance, sandbox, stack):
        self.instance, self.sandbox, self.stack = instance, sandbox, stack
        self.client = put(instance, sandbox).client()
        list(self.client.read(SERVICE, ORDERS, top=1))
        sandbox.reset_stats()
        self.reached = lambda: time.sleep(0.2)

    def read(self, timeout):
        cursor = self.client.read(SERVICE, ORDERS, top=300, page_size=100, timeout=timeout)
        return cursor.cancel, lambda: list(cursor), cursor.close

    def create(self, timeout):
        def cancel():
            Seen.made[-1].cancel()

        return cancel, lambda: self.client.create(SERVICE, ORDERS, {}, timeout=timeout), lambda: None

    def asked(self, kind, server="api"):
        def wait():
            while not self.sandbox.stats()["requests"].get(server, {}).get("by_kind", {}).get(kind):
                time.sleep(0.02)
            time.sleep(0.1)

        return wait

    def elsewhere(self, port):
        connection = put(self.instance, self.sandbox, "other", token_url=f"https://localhost:{port}/oauth/token")
        self.client = connection.client()


def tcp(stage):
    stage.elsewhere(stage.stack.enter_context(unaccepting()))
    return stage.read


def tls(stage):
    stage.elsewhere(stage.stack.enter_context(silent()))
    return stage.read


def token(stage):
    stage.sandbox.fault("latency", on="token", ms=FOREVER_MS)
    stage.reached = stage.asked("xsuaa_token", "token")
    return stage.read


def token_made_ahead(stage):
    stage.sandbox.fault("latency", on="token", skip=1, ms=FOREVER_MS)
    stage.reached = stage.asked("collection")
    return stage.read


def headers(stage):
    stage.sandbox.fault("latency", match=ORDERS, ms=FOREVER_MS)
    stage.reached = stage.asked("collection")
    return stage.read


def drip(stage):
    stage.sandbox.fault("drip", match=ORDERS, bytes_per_s=10)
    stage.reached = stage.asked("collection")
    return stage.read


def body(stage):
    stage.sandbox.fault("slow_body", match=ORDERS, ms=FOREVER_MS)
    stage.reached = stage.asked("collection")
    return stage.read


def retry(stage):
    stage.client = stage.instance.connection("nordvik").client(retries=100)
    list(stage.client.read(SERVICE, ORDERS, top=1))
    stage.sandbox.reset_stats()
    stage.sandbox.fault("status", match=ORDERS, code=503, retry_after=20)
    stage.reached = stage.asked("collection")
    return stage.read


def session(stage):
    stage.sandbox.fault("latency", match=SERVICE + "/", method="GET", ms=FOREVER_MS)
    stage.reached = stage.asked("service_document")
    return stage.create


def session_of_another(stage):
    create = session(stage)
    _, run, _ = create(None)

    def first():
        with contextlib.suppress(AskelError):
            run()

    thread = threading.Thread(target=first)
    thread.start()
    stage.reached()
    first_call = Seen.made[-1]
    stage.stack.callback(thread.join)
    stage.stack.callback(first_call.cancel)
    stage.reached = lambda: time.sleep(0.2)
    return create


def token_of_a_session(stage):
    """The token made ahead beside $metadata, which the session's fetch waits for."""
    stage.client = stage.instance.connection("nordvik").client()
    stage.sandbox.fault("latency", on="token", skip=1, ms=FOREVER_MS)
    stage.reached = stage.asked("metadata")
    return stage.create


def written(stage):
    stage.sandbox.fault("latency", method="POST", ms=FOREVER_MS)
    stage.reached = stage.asked("collection")
    return stage.create


STAGES = [
    tcp, tls, token, token_made_ahead, headers, drip, body, retry, session, session_of_another, token_of_a_session,
    written,
]  # fmt: skip


@pytest.fixture(params=STAGES, ids=lambda stage: stage.__name__)
def stage(request, instance, sandbox):
    with contextlib.ExitStack() as stack:
        made = Stage(instance, sandbox, stack)
        made.start = request.param(made)
        made.name = request.param.__name__
        yield made


def ends_of(run):
    """Runs it in a thread; the list gets what it raised."""
    ends = []

    def work():
        try:
            run()
            ends.append(None)
        except AskelError as error:
            ends.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return ends, thread


def test_a_cancelled_call_ends_wherever_it_waits(stage):
    cancel, run, close = stage.start(None)
    ends, thread = ends_of(run)
    stage.reached()
    assert ends == []
    cancel()
    thread.join(30)
    assert ends, "it still waits"
    assert type(ends[0]) is Cancelled, ends[0]
    # Of a write that was under way nobody knows what became of it.
    if stage.start == stage.create:
        assert ends[0].outcome == (Outcome.UNKNOWN if stage.name == "written" else Outcome.NOT_SENT)
    close()


def test_a_call_ends_with_its_time_wherever_it_waits(stage):
    _, run, close = stage.start(1.0)
    ends, thread = ends_of(run)
    thread.join(30)
    assert ends, "it still waits"
    # A retry that would come too late is not waited for.
    expected = {"written": UnknownOutcome, "retry": Unreachable}.get(stage.name, TimedOut)
    assert type(ends[0]) is expected, ends[0]
    close()


@pytest.mark.parametrize("stage", [session, written], indirect=True, ids=["session", "written"])
def test_a_close_says_of_a_write_whether_it_was_sent(stage):
    _, run, _ = stage.start(None)
    ends, thread = ends_of(run)
    stage.reached()
    stage.instance.close()
    thread.join(30)
    assert ends and type(ends[0]) is Closed, ends
    assert ends[0].outcome == (Outcome.UNKNOWN if stage.name == "written" else Outcome.NOT_SENT)


def test_handles_are_freed_wherever_their_calls_wait(stage):
    _, run, close = stage.start(None)
    ends, thread = ends_of(run)
    stage.reached()
    for call in list(Seen.made[-1:]):
        call.cancel()
    close()
    stage.client.close()
    stage.instance.close()
    thread.join(30)
    assert ends and isinstance(ends[0], AskelError)


def test_a_wait_for_a_place_at_the_token_endpoint_is_cancelled(sandbox, tmp_path):
    Instance.create_key_file(tmp_path / "key")
    with contextlib.ExitStack() as stack:
        instance = stack.enter_context(Instance(tmp_path / "v.db", key_file=tmp_path / "key", mints_per_second=1))
        client = stack.enter_context(put(instance, sandbox).client())
        # Their places are a second apart.
        cursors = [client.read(SERVICE, ORDERS, top=1) for _ in range(40)]
        started = [ends_of(lambda cursor=cursor: list(cursor)) for cursor in cursors]
        time.sleep(0.5)
        assert requests(sandbox, "collection") <= 2
        for cursor in cursors:
            cursor.cancel()
        for ends, thread in started:
            thread.join(30)
            assert ends, "it still waits"
            assert ends[0] is None or isinstance(ends[0], Cancelled)
        assert sum(isinstance(ends[0], Cancelled) for ends, _ in started) >= 30
