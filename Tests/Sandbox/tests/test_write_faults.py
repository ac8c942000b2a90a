# SPDX-License-Identifier: Apache-2.0
"""Faults of writes: answers that are lost, commits that come late, refusals that a second try gets past."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from conftest import order

FILTER = "$filter=PurchaseOrderByCustomer eq '{}'&$select=SalesOrder"


def numbers(client: Any, reference: str) -> list[str]:
    return [row["SalesOrder"] for row in client.rows("A_SalesOrder", FILTER.format(reference))]


@pytest.fixture
def ready(client: Any) -> Iterator[Any]:
    """A client that has its CSRF token already."""
    client.fetch_token()
    client.sandbox.reset_stats()
    yield client


def post(client: Any, reference: str = "", **headers: str) -> requests.Response:
    answer: requests.Response = client.write("POST", "A_SalesOrder", order(reference), **headers)
    return answer


@pytest.mark.parametrize("name", ["lost_answer", "lost_answer_after_headers"])
def test_the_order_is_there_and_its_answer_lost(ready: Any, name: str) -> None:
    ready.sandbox.fault(name, times=1)
    assert numbers(ready, name) == []
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        post(ready, name)
    assert len(numbers(ready, name)) == 1 and post(ready, name).status_code == 201
    stats = ready.sandbox.stats()
    assert stats["duplicate_references"] == {name: 2} and stats["faults"] == {name: 1}


def test_a_lost_answer_can_stall_or_be_a_proxys(ready: Any) -> None:
    ready.sandbox.fault("lost_answer", times=1, how="stall", stall_ms=300)
    start = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        post(ready, "stalled")
    assert time.monotonic() - start >= 0.3
    ready.sandbox.fault("lost_answer", times=1, how="status")
    answer = post(ready, "504")
    assert answer.status_code == 504 and answer.headers["content-type"].startswith("text/html")
    assert len(numbers(ready, "stalled")) == len(numbers(ready, "504")) == 1
    writes = ready.sandbox.stats()["writes"]["API_SALES_ORDER_SRV"]["A_SalesOrder"]["POST"]
    assert writes == {"0": 1, "504": 1}


def test_a_client_that_leaves_does_not_undo_the_write(ready: Any) -> None:
    ready.sandbox.fault("lost_answer", times=1, how="stall")
    with pytest.raises(requests.ReadTimeout):
        url, head = f"{ready.root}/A_SalesOrder", {"x-csrf-token": ready.token}
        ready.session.post(url, json=order("left"), headers=head, timeout=0.3)
    assert len(numbers(ready, "left")) == 1


@pytest.mark.parametrize("how", ["reset", "status"])
def test_a_late_commit_is_not_seen_by_an_early_read(ready: Any, how: str) -> None:
    ready.sandbox.fault("late_commit", times=1, after_ms=400, how=how)
    if how == "status":
        assert post(ready, how).status_code == 504
    else:
        with pytest.raises(requests.ConnectionError):
            post(ready, how)
    assert numbers(ready, how) == []
    time.sleep(0.5)
    assert len(numbers(ready, how)) == 1 and ready.sandbox.stats()["late_commits"] == {"committed": 1}


def test_what_is_refused_is_no_lost_answer(ready: Any) -> None:
    ready.sandbox.fault("lost_answer")
    assert ready.write("POST", "A_SalesOrder", {}).status_code == 400
    ready.sandbox.clear_faults()
    ready.sandbox.fault("late_commit", after_ms=50)
    with pytest.raises(requests.ConnectionError):
        ready.write("POST", "A_SalesOrder", {})
    time.sleep(0.15)
    assert ready.sandbox.stats()["late_commits"] == {"refused": 1}


def test_nothing_is_written_when_the_reset_comes_first(ready: Any) -> None:
    ready.sandbox.fault("not_processed_reset", times=1, method="POST")
    assert numbers(ready, "never") == []
    with pytest.raises(requests.ConnectionError):
        post(ready, "never")
    assert numbers(ready, "never") == [] and ready.sandbox.stats()["created"] == {}


def test_rules_for_writes_pass_over_reads(ready: Any) -> None:
    ready.sandbox.fault("lost_answer", times=1)
    ready.sandbox.fault("status", method="PATCH", code=503)
    assert ready.get("A_SalesOrder('9999')").status_code == 200
    assert ready.write("PATCH", "A_SalesOrder('9999')", {}, If_Match="*").status_code == 503
    assert [rule["times"] for rule in ready.sandbox.control("GET", "/faults")] == [0, None]


def test_an_etag_can_move_just_before_the_update(ready: Any) -> None:
    path = f"A_SalesOrder('{ready.create()['SalesOrder']}')"
    ready.sandbox.fault("etag_moved", times=1)
    etag = ready.get(path).headers["etag"]
    assert ready.write("PATCH", path, {"SalesGroup": "A"}, If_Match=etag).status_code == 412
    fresh = ready.get(path).headers["etag"]
    assert fresh != etag and ready.write("PATCH", path, {"SalesGroup": "A"}, If_Match=fresh).status_code == 204


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_comes_in_both_forms(ready: Any, code: int) -> None:
    ready.sandbox.fault("status", times=1, code=code, retry_after=2)
    assert post(ready, "x").headers["Retry-After"] == "2"
    ready.sandbox.fault("status", times=1, code=code, retry_after=5, retry_after_as="date")
    answer = post(ready, "x")
    left = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp() - time.time()
    assert answer.status_code == code and 2 < left <= 6 and numbers(ready, "x") == []
    ready.sandbox.fault("status", on="token", times=1, code=429, retry_after=1, retry_after_as="date")
    form = {"grant_type": "client_credentials"}
    answer = ready.session.post(ready.sandbox.token_url, form, timeout=10)
    assert answer.status_code == 429 and answer.headers["Retry-After"].endswith("GMT")


def test_one_write_can_ask_for_its_own_fault(ready: Any) -> None:
    with pytest.raises(requests.ConnectionError):
        post(ready, "own", x_sandbox_fault="lost_answer", x_sandbox_fault_args='{"wait_ms":10}')
    assert len(numbers(ready, "own")) == 1 and post(ready, "own").status_code == 201


def test_bodies_can_be_slow_in_both_directions(ready: Any) -> None:
    ready.sandbox.fault("slow_body", times=1, method="POST", ms=300)
    start = time.monotonic()
    assert post(ready).status_code == 201 and time.monotonic() - start >= 0.3
    ready.sandbox.fault("slow_body", times=1, method="POST", ms=0, read_bytes_per_s=1000)
    start = time.monotonic()
    assert post(ready, "slow").status_code == 201 and time.monotonic() - start >= 0.2


def test_error_bodies_can_repeat_credentials(ready: Any) -> None:
    ready.sandbox.fault("echo_authorization", times=1)
    answer = post(ready, "echoed")
    text = answer.json()["error"]["message"]["value"]
    assert answer.status_code == 500 and ready.session.headers["Authorization"] in text
    assert "SAP_SESSIONID_S4X_100=" in text and "echoed" in text and numbers(ready, "echoed") == []
    ready.sandbox.fault("echo_authorization", on="token", times=1, code=400, body="text")
    form = {"grant_type": "client_credentials", "client_secret": "to be hidden"}
    answer = ready.session.post(ready.sandbox.token_url, form, timeout=10)
    assert answer.status_code == 400 and "to+be+hidden" in answer.text


def test_cookies_can_be_for_another_host(ready: Any) -> None:
    ready.sandbox.fault("cookie_foreign", times=1, domain="evil.example", cookie="SAP_SESSIONID_S4X_100")
    answer = post(ready)
    assert "domain=evil.example" in answer.headers["set-cookie"]
    assert not ready.session.cookies.get_dict(domain="evil.example") and post(ready).status_code == 201
    assert ready.sandbox.foreign_log() == []


def test_the_strangers_host_tells_what_it_got(ready: Any) -> None:
    ready.sandbox.fault("redirect", times=1)
    answer = post(ready)
    head = {"Authorization": "Bearer x", "Cookie": "a=b"}
    ready.session.post(answer.headers["Location"], data="abc", headers=head, timeout=10)
    logged = ready.sandbox.foreign_log()[0]
    assert logged["authorization"] == "Bearer x" and "a=b" in logged["cookies"][0] and logged["body_bytes"] == 3


def test_large_bodies_are_refused_or_asked_for(ready: Any) -> None:
    head = {"x-csrf-token": ready.token, "Content-Type": "application/json", "Expect": "100-continue"}
    body = b'{"PurchaseOrderByCustomer":"' + b"x" * 100_000 + b'"}'
    answer = ready.session.post(f"{ready.root}/A_SalesOrder", data=body, headers=head, timeout=10)
    assert answer.status_code == 400
    body = b"x" * 17_000_000
    answer = ready.session.post(f"{ready.root}/A_SalesOrder", data=body, headers=head, timeout=10)
    assert answer.status_code == 413
