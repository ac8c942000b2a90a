# SPDX-License-Identifier: Apache-2.0
"""The token endpoint answers as XSUAA recordings do, on both of its addresses."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(params=["token_url", "abap_token_url"])
def post(request: pytest.FixtureRequest, client: Any) -> Any:
    """Posts a form to one of the two token URLs, with an `Authorization` header when `basic` is given."""
    sandbox, session = client.sandbox, requests.Session()
    session.trust_env, session.verify = False, sandbox.ca_file

    def send(form: dict[str, str] | str, basic: str | None = None, **more: Any) -> requests.Response:
        headers = {"Authorization": "Basic " + base64.b64encode(basic.encode()).decode()} if basic else {}
        return session.post(
            getattr(sandbox, request.param), form, headers=headers | more.pop("headers", {}), timeout=10
        )

    return send


def own_pair(sandbox: Any) -> str:
    return f"{quote_plus(sandbox.client_id)}:{quote_plus(sandbox.client_secret)}"


def own_form(sandbox: Any, **more: str) -> dict[str, str]:
    return GRANT | {"client_id": sandbox.client_id, "client_secret": sandbox.client_secret} | more


def test_both_ways_of_client_authentication_give_a_token(client: Any, post: Any) -> None:
    for answer in (post(GRANT, own_pair(client.sandbox)), post(own_form(client.sandbox))):
        assert answer.status_code == 200 and answer.headers["content-type"] == "application/json;charset=UTF-8"
        body = answer.json()
        assert list(body) == ["access_token", "token_type", "expires_in", "scope", "jti"]
        assert body["token_type"] == "bearer" and body["expires_in"] == 43199 and len(body["jti"]) == 32
        assert body["access_token"].count(".") == 2
        head = json.loads(base64.urlsafe_b64decode(body["access_token"].split(".")[0] + "=="))
        assert head["typ"] == "JWT"


def test_id_and_secret_are_form_urlencoded_inside_basic(client: Any, post: Any) -> None:
    client.sandbox.control("POST", "/secrets", {"replace": "a+b %:ü/=&"})
    client.sandbox.info["client_secret"] = "a+b %:ü/=&"
    assert post(GRANT, own_pair(client.sandbox)).status_code == 200
    assert post(GRANT, f"{client.sandbox.client_id}:a+b %:ü/=&").status_code == 401
    assert post(own_form(client.sandbox)).status_code == 200


def test_a_bad_secret_is_401_as_recorded(client: Any, post: Any) -> None:
    answer = post(GRANT, f"{quote_plus(client.sandbox.client_id)}:wrong")
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": "Bad credentials"}
    expected = 'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"'
    assert answer.headers["www-authenticate"] == expected and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
    assert post(own_form(client.sandbox, client_id="other")).status_code == 401 and post(GRANT).status_code == 401
    client.sandbox.settings(token_error="unauthorized")
    assert post(own_form(client.sandbox, client_secret="wrong")).json()["error"] == "unauthorized"
    failures = client.sandbox.stats()["mint_failures"]
    assert failures == {"bad_secret": 2, "bad_client_id": 1, "no_credentials": 1}


def test_other_grants_and_methods_are_refused(client: Any, post: Any) -> None:
    answer = post(own_form(client.sandbox, grant_type="password"))
    assert answer.status_code == 400 and answer.json()["error"] == "unsupported_grant_type"
    assert client.session.get(client.sandbox.token_url, timeout=10).status_code == 405
    assert post("{}", own_pair(client.sandbox), headers={"Content-Type": "application/json"}).status_code == 415


def test_more_parameters_may_be_wanted(client: Any, post: Any) -> None:
    client.sandbox.settings(token_params={"resource": ["urn:a b", "2"], "audience": ""})
    wanted = {"resource": ["urn:a b", "2"], "audience": ""}
    assert post({**own_form(client.sandbox), **wanted}).status_code == 200
    for given in ({}, {**wanted, "resource": ["2", "urn:a b"]}, {**wanted, "audience": "x"}):
        answer = post({**own_form(client.sandbox), **given})
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_target"
    assert client.sandbox.stats()["mint_failures"] == {"wrong_parameter": 3}


def test_several_secrets_are_valid_during_rotation(client: Any, post: Any) -> None:
    old = client.sandbox.client_secret
    new = client.sandbox.rotate_secret(keep_old=True)
    assert (
        post(own_form(client.sandbox)).status_code
        == post(own_form(client.sandbox, client_secret=old)).status_code
        == 200
    )
    client.sandbox.remove_secret(old)
    assert post(own_form(client.sandbox, client_secret=old)).status_code == 401
    client.sandbox.rotate_secret()
    assert post(own_form(client.sandbox, client_secret=new)).status_code == 401
    assert post(own_form(client.sandbox)).status_code == 200


def test_the_form_of_the_answer_is_a_setting(client: Any, post: Any) -> None:
    client.sandbox.settings(token_expires_in="3600", token_type="Bearer")
    body = post(own_form(client.sandbox)).json()
    assert body["expires_in"] == "3600" and body["token_type"] == "Bearer"
    client.sandbox.settings(token_expires_in=None, token_type=None)
    body = post(own_form(client.sandbox)).json()
    assert "expires_in" not in body and "token_type" not in body


def test_tokens_expire(client: Any) -> None:
    client.sandbox.settings(token_expires_in=0.3)
    bearer = f"Bearer {client.sandbox.mint()}"
    assert client.get("A_SalesOrder", "$top=1", Authorization=bearer).status_code == 200
    time.sleep(0.35)
    assert client.get("A_SalesOrder", "$top=1", Authorization=bearer).status_code == 401
    client.sandbox.settings(token_expires_in=43199, token_lifetime_s=0)
    assert client.get("A_SalesOrder", "$top=1", Authorization=f"Bearer {client.sandbox.mint()}").status_code == 401


def test_texts_of_tokens_are_kept_for_those_who_ask(client: Any) -> None:
    client.sandbox.mint()
    assert client.sandbox.kept_tokens() == []
    client.sandbox.keep_tokens()
    tokens = [client.sandbox.mint() for _ in range(2)]
    assert client.sandbox.kept_tokens() == tokens
    client.sandbox.keep_tokens(False)
    assert client.sandbox.kept_tokens() == []


def test_tokens_are_counted_by_their_use(client: Any) -> None:
    tokens = [client.sandbox.mint() for _ in range(4)]
    assert len(set(tokens)) == 4
    for token in (tokens[0], tokens[1], tokens[1]):
        assert client.get("A_SalesOrder", "$top=1", Authorization=f"Bearer {token}").status_code == 200
    stats = client.sandbox.stats()
    assert stats["tokens"] == {"minted": 4, "unused": 2, "used_once": 1, "used_more_than_once": 1}
    assert stats["mints"] == 4 and stats["requests"]["token"]["by_kind"] == {"xsuaa_token": 4}
    client.sandbox.settings(token_single_use=True)
    answers = [client.get("A_SalesOrder", "$top=1", Authorization=f"Bearer {tokens[2]}").status_code for _ in range(2)]
    assert answers == [200, 401]
