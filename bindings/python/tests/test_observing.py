# SPDX-License-Identifier: Apache-2.0
"""What is told of requests: log records, counts, request ids and the product's own trace."""

import json
import threading

import pytest
from conftest import SERVICE, put

import askel_s4
from askel_s4 import AskelError, Code, Instance, InvalidArgument, LogLevel

ORDERS = "A_SalesOrder"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def logging(tmp_path, sandbox):
    """Opens instances with a log level, on a vault of their own."""
    opened = []

    def open_at(level, **options):
        path = tmp_path / f"{len(opened)}.db"
        Instance.create_key_file(path.with_suffix(".key"))
        instance = Instance(path, key_file=path.with_suffix(".key"), log_level=level, **options)
        opened.append(instance)
        put(instance, sandbox)
        return instance

    yield open_at
    for instance in opened:
        instance.close()


def records(instance):
    return [event for event in instance.events() if event["event"] == "log"]


def test_a_record_says_what_a_person_looks_for_and_nothing_of_the_customer(sandbox, logging):
    instance = logging(LogLevel.DEBUG)
    with instance.connection("nordvik").client() as client, askel_s4.trace(TRACE):
        number = next(iter(client.read(SERVICE, ORDERS, top=1)))["SalesOrder"]
        client.get(SERVICE, ORDERS, number)
    # A token that was minted ahead, and that nobody wanted any more, may be told of as cancelled.
    told = [record for record in records(instance) if record["status"] != Code.CANCELLED]
    assert [record["what"] for record in told].count("token_request") >= 3
    api = [record for record in told if record["what"] == "request"]
    assert [record["path"].rpartition("/")[2] for record in api] == ["$metadata", ORDERS, ORDERS]
    for record in told:
        assert record["connection"] == "nordvik" and record["host"] == "localhost" and record["attempt"] == 1
        assert record["http_status"] == 200 and record["status"] == Code.OK and record["message"] is None
        assert record["level"] == ("debug" if record["what"] == "token_request" else "info")
        assert len(record["request_id"]) == 36 and record["ms"] >= 0 and record["bytes"] > 0
    assert {record["traceparent"] for record in api} == {TRACE}
    assert len({record["request_id"] for record in told}) == len(told)
    text = json.dumps(told)
    assert number not in text and "?" not in text and sandbox.client_secret not in text


def test_the_trace_and_the_request_id_reach_the_tenant(sandbox, client):
    sandbox.fault("status", match=ORDERS, times=1, code=400)
    with askel_s4.trace(TRACE), pytest.raises(AskelError) as caught:
        client.get(SERVICE, ORDERS, "1")
    *others, last = [seen["headers"] for seen in sandbox.control("GET", "/requests")]
    assert last["traceparent"] == TRACE and last["x-request-id"] == caught.value.request_id != ""
    # The token endpoint is another party: it gets an id, and no trace.
    assert all(len(seen["x-request-id"]) == 36 for seen in others)
    client.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")
    assert "traceparent" not in sandbox.control("GET", "/requests")[-1]["headers"]


@pytest.mark.parametrize(
    "text",
    ["", "00", TRACE.upper(), TRACE + "-1", TRACE[:-1], "ff" + TRACE[2:], "00-" + "0" * 32 + TRACE[35:],
     TRACE + "\r\nX: 1", TRACE[:36] + "0" * 16 + TRACE[52:], "\u0661" + TRACE[1:], "01" + TRACE[2:] + "-" + "x" * 300],
)
def test_a_trace_that_is_none_is_refused(client, text):
    with askel_s4.trace(text), pytest.raises(InvalidArgument) as caught:
        client.read(SERVICE, ORDERS)
    assert caught.value.target == "traceparent"


def test_attempts_and_failures_are_told_by_level(sandbox, logging):
    warnings, errors = logging(LogLevel.WARNING), logging(LogLevel.ERROR)
    for instance in (warnings, errors):
        with instance.connection("nordvik").client() as client:
            client.get(SERVICE, ORDERS, next(iter(client.read(SERVICE, ORDERS, top=1)))["SalesOrder"])
            sandbox.fault("status", match=ORDERS, times=1, code=503)
            sandbox.fault("reset", match=ORDERS, times=1, skip=1)
            next(iter(client.read(SERVICE, ORDERS, top=1)))
            sandbox.clear_faults()
    told = [record for record in records(warnings) if record["what"] == "request"]
    assert [(record["level"], record["http_status"]) for record in told] == [("warning", 503), ("error", 0)]
    assert [record["attempt"] for record in told] == [1, 2]
    assert len({record["request_id"] for record in told}) == 1
    lost = next(record for record in told if record["level"] == "error")
    assert lost["status"] == Code.UNREACHABLE and "localhost" in lost["message"]
    assert [record["level"] for record in records(errors)] == ["error"]


def test_no_level_no_records(instance, client):
    client.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")
    assert records(instance) == []


def test_records_push_no_event_out(sandbox, logging):
    instance = logging(LogLevel.DEBUG, event_capacity=4)
    with instance.connection("nordvik").client() as client:
        for _ in range(10):
            client.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")
    events = list(instance.events())
    assert events[0] == {"event": "log_dropped", "count": 16}
    assert [event["event"] for event in events[1:]].count("log") == 4
    assert [event["to"] for event in events if event["event"] == "connection_state"] == ["active"]
    assert instance.status()["events_dropped"] == 0


def test_requests_are_counted(sandbox, instance, connection):
    other = put(instance, sandbox, "other")
    sandbox.fault("status", match=ORDERS, times=1, code=503)
    with connection.client() as client, other.client() as second:
        rows = sum(1 for _ in client.read(SERVICE, ORDERS, top=50))
        second.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")
        with pytest.raises(AskelError):
            client.get(SERVICE, ORDERS, "0")
    assert rows == 50
    one, two, both = instance.stats("nordvik"), instance.stats("other"), instance.stats()
    assert one["connection"] == "nordvik" and both["connection"] is None
    assert one["api"]["requests"] == 4 and one["api"]["retries"] == 1
    assert one["api"]["answers"] == {"1xx": 0, "2xx": 2, "3xx": 0, "4xx": 1, "5xx": 1}
    assert one["api"]["bytes"] > one["api"]["bytes_wire"] > 0 and one["token"]["bytes_sent"] > 0
    assert two["api"]["requests"] == 1 and both["api"]["requests"] == 5
    latency = both["api"]["latency_ms"]
    assert latency["count"] == 5 and latency["le"][-1] == [60000, 5] and latency["sum"] >= latency["max"]
    assert [count for _, count in latency["le"]] == sorted(count for _, count in latency["le"])
    server = sandbox.stats()
    assert both["token"]["requests"] == server["mints"]
    instance.delete_connection("other")
    assert instance.stats()["api"]["requests"] == 4


def test_what_was_not_sent_is_not_counted(instance, connection):
    with connection.client() as client, pytest.raises(InvalidArgument):
        client.request("GET", "//x/")
    assert instance.stats()["api"]["requests"] == 0 and instance.stats("nobody")["api"]["requests"] == 0


def test_a_token_that_is_not_given_is_found_again(sandbox, instance, connection):
    sandbox.fault("status", on="token", times=1, code=400)
    with connection.client() as client, pytest.raises(AskelError) as caught:
        client.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")
    assert len(caught.value.request_id) == 36


def test_many_threads_are_counted_exactly(instance, connection):
    def work(client):
        for _ in range(10):
            client.request("GET", "/sap/opu/odata/sap/" + SERVICE + "/")

    with connection.client() as client:
        running = [threading.Thread(target=work, args=(client,)) for _ in range(8)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    assert instance.stats()["api"]["requests"] == 80
