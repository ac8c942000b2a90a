# SPDX-License-Identifier: Apache-2.0
"""Who may call the API, what a refusal looks like, CSRF tokens and cookies, and what the statistics say."""

from __future__ import annotations

import base64
from typing import Any

REALM = 'Basic realm="SAP NetWeaver Application Server [S4X/100]"'


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def status(client: Any, authorization: str) -> int:
    answer = client.get("A_SalesOrder", "$top=1", Authorization=authorization)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == REALM
    return int(answer.status_code)


def test_strangers_are_refused(client: Any) -> None:
    assert status(client, "Bearer nonsense") == status(client, "") == status(client, "Digest x") == 401
    assert client.sandbox.stats()["unauthorized"] == {"unknown_token": 1, "no_authorization": 2}
    token = client.sandbox.mint()
    assert status(client, f"bearer {token}") == 200
    client.sandbox.revoke_tokens()
    assert status(client, f"Bearer {token}") == 401


def test_a_user_locks_after_three_failures(client: Any) -> None:
    sandbox = client.sandbox
    right, wrong = basic(sandbox.user, sandbox.password), basic(sandbox.user, "wrong")
    assert [status(client, text) for text in (right, wrong, wrong, right, wrong, wrong)] == [
        200,
        401,
        401,
        200,
        401,
        401,
    ]
    assert sandbox.stats()["locked_users"] == []
    assert status(client, wrong) == 401 and status(client, right) == 401
    stats = sandbox.stats()
    assert stats["locked_users"] == [sandbox.user] and stats["basic_auth_failures"] == 6
    sandbox.set_user(locked=False)
    assert status(client, right) == 200


def test_a_user_has_one_password(client: Any) -> None:
    sandbox, old = client.sandbox, client.sandbox.password
    sandbox.set_user(password="neu:ß")
    assert status(client, basic(sandbox.user, old)) == 401 and status(client, basic(sandbox.user, "neu:ß")) == 200
    assert status(client, basic("other", "x")) == 401 and sandbox.stats()["locked_users"] == []


def test_csrf_tokens_come_with_cookies(client: Any) -> None:
    plain = client.get("", Accept="application/json")
    assert "x-csrf-token" not in plain.headers and not plain.cookies
    answer = client.get("", X_CSRF_Token="Fetch")
    token, cookies = answer.headers["x-csrf-token"], answer.cookies.get_dict()
    assert token.endswith("==") and set(cookies) == {"SAP_SESSIONID_S4X_100", "sap-usercontext"}
    again = client.get("", X_CSRF_Token="fetch")
    assert again.headers["x-csrf-token"] == token and "set-cookie" not in again.headers
    client.session.cookies.clear()
    error = client.get("A_SalesOrder('1')", X_CSRF_Token="Fetch")
    assert error.status_code == 404 and error.headers["x-csrf-token"] != token
    client.session.cookies.clear()
    client.sandbox.settings(cookies_on_reads=True)
    assert client.get("A_SalesOrder", "$top=1").cookies


def test_requests_are_counted_by_kind_and_status(client: Any) -> None:
    for path in (
        "",
        "A_SalesOrder",
        "A_SalesOrder('9999')",
        "A_SalesOrder('9999')/to_Item",
        "A_SalesOrder/$count",
        "Nonsense",
    ):
        client.get(path)
    client.get("$metadata", Accept="application/xml")
    counted = client.sandbox.stats()["requests"]["api"]
    assert counted["by_kind"] == {
        "service_document": 1, "collection": 2, "entity": 1, "navigation": 1, "count": 1, "metadata": 1,
    }  # fmt: skip
    assert counted["by_status"] == {"200": 6, "404": 1} and counted["total"] == 7
    assert counted["connections"] == 1 and counted["most_in_flight"] == 1


def test_answers_are_compressed_for_those_who_accept_it(client: Any) -> None:
    answer = client.get("A_SalesOrder", Accept_Encoding="gzip")
    assert (
        answer.headers["content-encoding"] == "gzip" and int(answer.headers["content-length"]) < len(answer.content) / 5
    )
    plain = client.get("A_SalesOrder", Accept_Encoding="identity")
    assert "content-encoding" not in plain.headers and plain.content == answer.content
    client.sandbox.settings(gzip=False)
    assert "content-encoding" not in client.get("A_SalesOrder", Accept_Encoding="gzip").headers
