# SPDX-License-Identifier: Apache-2.0
"""Every fault in the answer and its transport does what README.md says. Raw sockets see what HTTP clients hide."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import socket
import time
from typing import Any

import pytest
import requests

from askel_s4_sandbox.sandbox import SandboxError

ORDERS = "A_SalesOrder"
TOP = "$top=20&$select=SalesOrder"


def connection(client: Any) -> http.client.HTTPSConnection:
    port = int(client.sandbox.api_url.rpartition(":")[2])
    return http.client.HTTPSConnection("localhost", port, timeout=10, context=client.sandbox.ssl_context)


def request(
    client: Any, conn: http.client.HTTPSConnection, query: str = TOP, **headers: str
) -> http.client.HTTPResponse:
    given = {"Authorization": client.session.headers["Authorization"], "Accept": "application/json"}
    conn.request("GET", f"/sap/opu/odata/sap/API_SALES_ORDER_SRV/{ORDERS}?{query}", headers=given | headers)
    return conn.getresponse()


def test_latency_is_added(client: Any) -> None:
    client.sandbox.fault("latency", ms=300)
    start = time.monotonic()
    client.rows(ORDERS, TOP)
    assert time.monotonic() - start >= 0.3
    client.sandbox.clear_faults()
    client.sandbox.settings(latency_ms=200)
    start = time.monotonic()
    client.rows(ORDERS, TOP)
    client.sandbox.mint()
    assert time.monotonic() - start >= 0.4


def test_rules_match_skip_and_run_out(client: Any) -> None:
    client.sandbox.fault("status", match="A_SalesOrderItem", skip=1, times=2, code=503)
    assert client.get(ORDERS, TOP).status_code == 200
    answers = [client.get("A_SalesOrderItem", TOP).status_code for _ in range(5)]
    assert answers == [200, 503, 503, 200, 200]
    assert client.sandbox.stats()["faults"] == {"status": 2}


def test_one_request_can_ask_for_its_own_fault(client: Any) -> None:
    answer = client.get(ORDERS, TOP, x_sandbox_fault="status", x_sandbox_fault_args='{"code":429,"retry_after":7}')
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "7"
    assert client.get(ORDERS, TOP).status_code == 200
    assert "unknown fault" in client.get(ORDERS, TOP, x_sandbox_fault="nonsense").text


@pytest.mark.parametrize("when", ["before", "after_headers", "body"])
def test_reset_cuts_the_connection(client: Any, when: str) -> None:
    client.sandbox.fault("reset", when=when, at=100)
    conn = connection(client)
    if when == "before":
        with pytest.raises(ConnectionError):
            request(client, conn)
        return
    answer = request(client, conn)
    assert answer.status == 200
    got = b""
    with pytest.raises((ConnectionError, http.client.IncompleteRead, OSError)):
        while piece := answer.read(50):
            got += piece
        raise ConnectionError if len(got) < int(answer.headers["Content-Length"]) else AssertionError
    assert len(got) <= 100


def test_truncate_ends_short_of_its_content_length(client: Any) -> None:
    client.sandbox.fault("truncate", at=150)
    answer = request(client, connection(client))
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert len(caught.value.partial) == 150


def test_truncate_clean_is_good_http_with_half_a_json(client: Any) -> None:
    client.sandbox.fault("truncate", variant="clean")
    answer = client.get(ORDERS, TOP)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_drip_sends_slowly(client: Any) -> None:
    size = len(request(client, connection(client)).read())
    client.sandbox.fault("drip", bytes_per_s=size * 2)
    start = time.monotonic()
    assert len(request(client, connection(client)).read()) == size
    assert 0.4 < time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("args", "content_type"),
    [
        ({}, "application/json"),
        ({"body": "text"}, "text/plain"),
        ({"body": "html"}, "text/html"),
        ({"body": "empty"}, ""),
    ],
)
def test_status_can_be_anything(client: Any, args: dict[str, Any], content_type: str) -> None:
    client.sandbox.fault("status", code=503, message="down", retry_after="Wed, 21 Oct 2026 07:28:00 GMT", **args)
    answer = client.get(ORDERS, TOP)
    assert answer.status_code == 503 and answer.headers["Retry-After"].endswith("GMT")
    assert answer.headers.get("content-type", "").startswith(content_type) and (answer.text == "") == (not content_type)
    if content_type == "application/json":
        assert answer.json()["error"]["message"]["value"] == "down"


def test_html_login_unauthorized_and_forbidden(client: Any) -> None:
    client.sandbox.fault("html_login", times=1)
    answer = client.get(ORDERS, TOP)
    assert (
        answer.status_code == 200 and answer.headers["content-type"].startswith("text/html") and "Logon" in answer.text
    )
    client.sandbox.fault("unauthorized_api", times=1)
    answer = client.get(ORDERS, TOP)
    assert answer.status_code == 401 and "S4X/100" in answer.headers["www-authenticate"]
    client.sandbox.fault("forbidden", times=1)
    assert client.error(ORDERS, TOP, status=403)["code"] == "/IWFND/MED/170"
    assert client.rows(ORDERS, TOP)


def test_bodies_can_be_broken(client: Any) -> None:
    client.sandbox.fault("malformed_json", times=1)
    with pytest.raises(json.JSONDecodeError):
        client.get(ORDERS, TOP).json()
    client.sandbox.fault("duplicate_keys_json", times=1)
    assert '"SalesOrder":"0","SalesOrder":"6001"' in client.get(ORDERS, TOP).text
    client.sandbox.fault("duplicate_keys_json", times=1, where="top")
    assert client.get(ORDERS, TOP).text.count('"results"') == 2
    client.sandbox.fault("invalid_utf8", times=1)
    with pytest.raises(UnicodeDecodeError):
        client.get(ORDERS, TOP).content.decode()


def test_huge_headers_and_bodies(client: Any) -> None:
    client.sandbox.fault("huge_header", times=1, kb=40)
    assert len(client.get(ORDERS, TOP).headers["x-sandbox-padding"]) == 40 * 1024
    client.sandbox.fault("huge_body", times=2, mb=30)
    answer = request(client, connection(client), **{"Accept-Encoding": "gzip"})
    wire = answer.read()
    assert len(wire) < 60_000 and len(gzip.decompress(wire)) > 30_000_000
    total, answer = 0, request(client, connection(client))
    while piece := answer.read(1_000_000):
        total += len(piece)
    assert total > 30_000_000


def test_redirects_lead_to_a_stranger_or_home(client: Any) -> None:
    client.sandbox.fault("redirect", times=1)
    answer = client.get(ORDERS, TOP)
    assert answer.status_code == 307 and answer.headers["Location"].startswith(client.sandbox.foreign_url)
    client.sandbox.fault("redirect", times=1, location="same", code=302)
    answer = client.get(ORDERS, TOP)
    assert answer.status_code == 302 and answer.headers["Location"].startswith(client.root)
    client.sandbox.fault("redirect", times=1, location="http://localhost/x")
    assert client.get(ORDERS, TOP).headers["Location"] == "http://localhost/x"


def test_faults_strike_the_token_endpoint_too(client: Any) -> None:
    client.sandbox.fault("status", on="token", times=1, code=429, retry_after=3, body="text")
    session = client.session
    del session.headers["Authorization"]
    form = {"grant_type": "client_credentials", "client_id": client.sandbox.client_id}
    form["client_secret"] = client.sandbox.client_secret
    answer = session.post(client.sandbox.token_url, form, timeout=10)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "3"
    client.sandbox.fault("html_login", on="token", times=1)
    assert session.post(client.sandbox.token_url, form, timeout=10).headers["content-type"].startswith("text/html")
    client.sandbox.fault("reset", on="token", times=1)
    with pytest.raises(requests.ConnectionError):
        session.post(client.sandbox.token_url, form, timeout=10)
    client.sandbox.fault("malformed_json", on="token", times=1, match="/oauth/")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        session.post(client.sandbox.token_url, form, timeout=10).json()
    assert session.post(client.sandbox.token_url, form, timeout=10).json()["access_token"]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "nonsense"},
        {"fault": "drip", "on": "moon"},
        {"fault": "drip", "often": 1},
        {"fault": "wrong_set", "on": "token"},
        7,
    ],
)
def test_rules_that_make_no_sense_are_refused(client: Any, rule: object) -> None:
    with pytest.raises(SandboxError):
        client.sandbox.control("POST", "/faults", [rule])
    assert client.sandbox.control("GET", "/faults") == []


def test_resets_are_real_tcp_resets(client: Any) -> None:
    client.sandbox.fault("reset", when="body", at=10)
    port = int(client.sandbox.api_url.rpartition(":")[2])
    with client.sandbox.ssl_context.wrap_socket(
        socket.create_connection(("localhost", port), 10), server_hostname="localhost"
    ) as tls:
        head = f"GET /sap/opu/odata/sap/API_SALES_ORDER_SRV/{ORDERS}?{TOP} HTTP/1.1\r\nHost: localhost:{port}\r\n"
        tls.sendall(f"{head}Authorization: {client.session.headers['Authorization']}\r\n\r\n".encode())
        # OpenSSL calls a reset an EOF; the bare socket tells them apart.
        bare = socket.socket(fileno=os.dup(tls.fileno()))
        bare.settimeout(10)
        with bare, pytest.raises(ConnectionResetError):
            while bare.recv(4096):
                pass


@pytest.mark.parametrize("when", ["before", "body"])
def test_a_connection_can_end_in_good_order(client: Any, when: str) -> None:
    client.sandbox.fault("reset", when=when, how="close")
    with pytest.raises((http.client.RemoteDisconnected, http.client.IncompleteRead)):
        request(client, connection(client)).read()


def test_tls_can_stall_or_end_before_it_begins(client: Any) -> None:
    for url, expected in ((client.sandbox.silent_url, TimeoutError), (client.sandbox.closing_url, OSError)):
        with socket.create_connection(("localhost", int(url.rpartition(":")[2])), 0.3) as bare:
            with pytest.raises(expected):
                client.sandbox.ssl_context.wrap_socket(bare, server_hostname="localhost")
