# SPDX-License-Identifier: Apache-2.0
"""Repeatable requests, and what the statistics say of connections and of many writers at once."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path
from typing import Any

import requests
from conftest import Client, order

REPEAT = {"RequestID": "0123456789ABCDEF0123456789ABCDEF", "RepeatabilityCreation": "2026-11-23T10:00:00"}


def post(client: Any, reference: str, **headers: str) -> requests.Response:
    answer: requests.Response = client.write("POST", "A_SalesOrder", order(reference), **headers)
    return answer


def test_a_repeated_request_is_executed_once(client: Any) -> None:
    assert post(client, "twice", **REPEAT).headers.get("RepeatabilityResult") is None
    client.sandbox.settings(repeatable=True)
    first, second = post(client, "once", **REPEAT), post(client, "once", **REPEAT)
    assert first.status_code == second.status_code == 201 and first.json() == second.json()
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["RepeatabilityResult"] == second.headers["RepeatabilityResult"] == "accepted"
    other = REPEAT | {"RepeatabilityCreation": "2026-11-23T10:00:01"}
    assert post(client, "once", **other).status_code == 400
    assert post(client, "once", RequestID=REPEAT["RequestID"]).status_code == 201
    stats = client.sandbox.stats()
    assert stats["created_by_reference"] == {"twice": 1, "once": 2} and stats["replays"] == {REPEAT["RequestID"]: 1}


def test_refused_requests_are_not_remembered(client: Any) -> None:
    client.sandbox.settings(repeatable=True)
    assert client.write("POST", "A_SalesOrder", {}, **REPEAT).status_code == 400
    assert post(client, "now good", **REPEAT).status_code == 201


def test_a_late_commit_and_its_repetition_make_one_order(client: Any) -> None:
    client.sandbox.settings(repeatable=True)
    client.sandbox.fault("late_commit", times=1, after_ms=200, how="status")
    assert post(client, "late", **REPEAT).status_code == 504
    assert post(client, "late", **REPEAT).status_code == 201
    time.sleep(0.3)
    stats = client.sandbox.stats()
    assert stats["created_by_reference"] == {"late": 1} and stats["late_commits"] == {"committed": 1}


def test_connections_tell_who_used_them(client: Any, tmp_path: Path) -> None:
    sandbox = client.sandbox
    client.get("A_SalesOrder", "$top=1")
    pair = base64.b64encode(f"{sandbox.user}:{sandbox.password}".encode()).decode()
    client.get("A_SalesOrder", "$top=1", Authorization=f"Basic {pair}")
    file = tmp_path / "client.pem"
    file.write_text(sandbox.client_certificate + sandbox.client_key)
    with requests.Session() as session:
        session.trust_env, session.verify, session.cert = False, sandbox.ca_file, str(file)
        form = {"grant_type": "client_credentials", "client_id": sandbox.client_id, "client_secret": "wrong"}
        session.post(sandbox.token_url, form, timeout=10)
    first, second = [c for c in sandbox.stats()["tls_connections"] if c["server"] in ("api", "token")]
    assert first["certificate"] is None and first["requests"] == 2
    assert first["users"] == [sandbox.user] and first["clients"] == [sandbox.client_id] and len(first["tokens"]) == 1
    assert second["certificate"] == "nordvik-client" and second["clients"] == [sandbox.client_id]
    text = str(sandbox.stats())
    assert sandbox.password not in text and client.session.headers["Authorization"][7:] not in text


def test_many_writers_get_numbers_of_their_own(client: Any) -> None:
    found: list[str] = []

    def write(worker: int) -> None:
        own = Client(client.sandbox)
        found.extend(own.create(f"{worker}-{n}")["SalesOrder"] for n in range(10))
        own.session.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 80 and len(client.every_row("A_SalesOrder", "$select=SalesOrder")) == 7780
    stats = client.sandbox.stats()
    assert stats["created"] == {"A_SalesOrder": 80} and stats["duplicate_references"] == {}
    assert stats["csrf"]["fetches"] == stats["csrf"]["sessions"] == 8


def test_a_create_costs_little(client: Any) -> None:
    """Time of the server's own processor, so that a busy machine does not fail it."""

    def spent_s() -> float:
        fields = Path(f"/proc/{client.sandbox.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    client.create()
    begun = spent_s()
    for _ in range(300):
        client.create()
    assert (spent_s() - begun) / 300 < 0.003
