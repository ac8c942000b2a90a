# SPDX-License-Identifier: Apache-2.0
"""Writes need the token of the session whose cookies they carry."""

from __future__ import annotations

import base64
import time
from typing import Any

from conftest import order


def refused(answer: Any) -> bool:
    if answer.status_code != 403:
        return False
    assert answer.headers["x-csrf-token"] == "Required" and answer.text == "CSRF token validation failed"
    assert answer.headers["content-type"] == "text/plain;charset=utf-8"
    return True


def post(client: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.session.post(f"{client.root}/A_SalesOrder", json=order(), headers=named, timeout=20)


def test_token_and_both_cookies_are_needed(client: Any) -> None:
    assert refused(post(client)) and refused(post(client, x_csrf_token="Fetch"))
    client.fetch_token()
    assert refused(post(client)) and refused(post(client, x_csrf_token="nonsense"))
    assert post(client, x_csrf_token=client.token).status_code == 201
    for name in ("sap-usercontext", "SAP_SESSIONID_S4X_100"):
        kept = client.session.cookies.copy()
        client.session.cookies.set(name, None)
        assert refused(post(client, x_csrf_token=client.token))
        client.session.cookies = kept
    assert post(client, x_csrf_token=client.token).status_code == 201
    assert client.sandbox.stats()["csrf"] == {"fetches": 1, "refused": 6, "sessions": 1}


def test_nothing_is_created_without_the_token(client: Any) -> None:
    before = client.get("A_SalesOrder/$count").text
    post(client)
    assert client.get("A_SalesOrder/$count").text == before


def test_tokens_belong_to_their_session_and_caller(client: Any) -> None:
    client.fetch_token()
    old, cookies = client.token, client.session.cookies.copy()
    client.session.cookies.clear()
    client.fetch_token()
    assert refused(post(client, x_csrf_token=old))
    client.session.cookies = cookies
    assert post(client, x_csrf_token=old).status_code == 201
    pair = base64.b64encode(f"{client.sandbox.user}:{client.sandbox.password}".encode()).decode()
    assert refused(post(client, x_csrf_token=old, Authorization=f"Basic {pair}"))
    fetched = client.get("", X_CSRF_Token="Fetch", Authorization=f"Basic {pair}")
    assert fetched.headers["x-csrf-token"] != old and "set-cookie" in fetched.headers


def test_metadata_gives_a_token_too(client: Any) -> None:
    answer = client.get("$metadata", X_CSRF_Token="Fetch", Accept="application/xml")
    assert post(client, x_csrf_token=answer.headers["x-csrf-token"]).status_code == 201


def test_sessions_end(client: Any) -> None:
    client.fetch_token()
    client.sandbox.drop_sessions()
    assert refused(post(client, x_csrf_token=client.token))
    client.fetch_token()
    client.sandbox.settings(session_lifetime=0.2)
    assert post(client, x_csrf_token=client.token).status_code == 201
    time.sleep(0.25)
    assert refused(post(client, x_csrf_token=client.token))


def test_what_needs_a_token_is_a_setting(client: Any) -> None:
    client.sandbox.settings(csrf="off")
    assert post(client).status_code == 201
    client.sandbox.settings(csrf="required", csrf_reads=True)
    assert refused(client.get("A_SalesOrder", "$top=1"))
    client.fetch_token()
    assert client.get("A_SalesOrder", "$top=1", x_csrf_token=client.token).status_code == 200
    assert refused(client.session.post(f"{client.root}/$batch", timeout=20))
    client.sandbox.settings(csrf_batch=False)
    assert client.session.post(f"{client.root}/$batch", timeout=20).status_code == 400


def test_tokens_on_errors_are_a_setting(client: Any) -> None:
    assert "x-csrf-token" in client.get("Nonsense", X_CSRF_Token="Fetch").headers
    client.sandbox.settings(csrf_on_errors=False)
    assert "x-csrf-token" not in client.get("Nonsense", X_CSRF_Token="Fetch").headers


def test_strangers_get_no_session(client: Any) -> None:
    answer = client.get("", X_CSRF_Token="Fetch", Authorization="Bearer nonsense")
    assert answer.status_code == 401 and "x-csrf-token" not in answer.headers and not answer.cookies


def test_the_token_can_be_asked_for_again_by_a_fault(client: Any) -> None:
    client.fetch_token()
    client.sandbox.fault("csrf_required", times=2)
    assert refused(post(client, x_csrf_token=client.token))
    client.fetch_token()
    assert refused(post(client, x_csrf_token=client.token))
    client.fetch_token()
    assert post(client, x_csrf_token=client.token).status_code == 201
    client.sandbox.fault("csrf_required", times=1, drop=False)
    assert refused(post(client, x_csrf_token=client.token))
    assert post(client, x_csrf_token=client.token).status_code == 201


def test_requests_are_kept_without_what_they_show(client: Any) -> None:
    client.fetch_token()
    post(client, x_csrf_token=client.token, x_request_id="seen")
    last = client.sandbox.control("GET", "/requests")[-1]
    assert (last["server"], last["method"]) == ("api", "POST") and last["path"].endswith("/A_SalesOrder")
    assert last["headers"]["x-request-id"] == "seen"
    assert not {"authorization", "cookie", "x-csrf-token"} & set(last["headers"])
