# SPDX-License-Identifier: Apache-2.0
"""Client certificates: at the token endpoint in place of a secret, and alone at the API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from askel_s4_sandbox.ca import make_certificates

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def session(client: Any, tmp_path: Path) -> Iterator[requests.Session]:
    """Shows the certificate that the tenant knows."""
    with certified(client.sandbox, tmp_path, client.sandbox.client_certificate, client.sandbox.client_key) as made:
        yield made


def certified(sandbox: Any, directory: Path, certificate: str, key: str) -> requests.Session:
    file = directory / "client.pem"
    file.write_text(certificate + key)
    made = requests.Session()
    made.trust_env, made.verify, made.cert = False, sandbox.ca_file, str(file)
    return made


def collection(client: Any) -> str:
    return f"{client.root}/A_SalesOrder?$top=1&$format=json"


@pytest.mark.parametrize("url", ["token_url", "abap_token_url"])
def test_a_certificate_takes_the_place_of_the_secret(client: Any, session: requests.Session, url: str) -> None:
    where = getattr(client.sandbox, url)
    answer = session.post(where, GRANT | {"client_id": client.sandbox.client_id}, timeout=10)
    assert answer.status_code == 200
    assert client.get("A_SalesOrder", "$top=1", Authorization="Bearer " + answer.json()["access_token"]).ok
    assert session.post(where, GRANT | {"client_id": "other"}, timeout=10).status_code == 401
    assert session.post(where, GRANT, timeout=10).status_code == 401
    client.sandbox.know_certificate(False)
    assert session.post(where, GRANT | {"client_id": client.sandbox.client_id}, timeout=10).status_code == 401
    assert client.sandbox.stats()["mint_failures"] == {"bad_certificate": 2, "no_credentials": 1}


def test_a_secret_beside_a_certificate_is_judged_as_a_secret(client: Any, session: requests.Session) -> None:
    form = GRANT | {"client_id": client.sandbox.client_id, "client_secret": "wrong"}
    assert session.post(client.sandbox.token_url, form, timeout=10).status_code == 401


def test_a_certificate_alone_opens_the_api(client: Any, session: requests.Session) -> None:
    assert session.get(collection(client), timeout=10).status_code == 200
    assert session.get(collection(client), headers={"Authorization": "Bearer x"}, timeout=10).status_code == 401
    client.sandbox.know_certificate(False)
    assert session.get(collection(client), timeout=10).status_code == 401
    assert client.sandbox.stats()["unauthorized"] == {"unknown_token": 1, "unknown_certificate": 1}


def test_without_a_certificate_everything_is_as_before(client: Any) -> None:
    form = GRANT | {"client_id": client.sandbox.client_id}
    assert client.session.post(client.sandbox.token_url, form, timeout=10).status_code == 401
    assert client.get("A_SalesOrder", "$top=1", Authorization="").status_code == 401


def test_a_certificate_of_a_strangers_authority_ends_the_handshake(client: Any, tmp_path: Path) -> None:
    stranger = make_certificates(tmp_path)
    session = certified(client.sandbox, tmp_path, stranger.client_certificate, stranger.client_key)
    with session, pytest.raises(requests.exceptions.ConnectionError):
        session.get(collection(client), timeout=10)
