# SPDX-License-Identifier: Apache-2.0
"""The search for secrets finds what there is: each secret that the sandbox hands out is marked."""

import base64

import requests
import secrecy
from askel_s4_sandbox.marks import leaks
from conftest import SERVICE, put

from askel_s4._ffi import lib
from askel_s4._values import take_text


def test_every_secret_of_the_tenant_is_found_in_every_form(sandbox):
    session = requests.Session()
    session.verify, session.trust_env = sandbox.ca_file, False
    form, client = {"grant_type": "client_credentials"}, (sandbox.client_id, sandbox.client_secret)
    token = session.post(sandbox.token_url, form, auth=client, timeout=20).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "x-csrf-token": "Fetch"}
    fetched = session.get(f"{sandbox.api_url}/sap/opu/odata/sap/{SERVICE}/", headers=headers, timeout=20)
    session_id, csrf = fetched.cookies["SAP_SESSIONID_S4X_100"], fetched.headers["x-csrf-token"]
    # A token's beginning is base64 itself.
    assert leaks(token[:60])
    secrets = [sandbox.client_secret, sandbox.password, token, csrf, session_id, sandbox.rotate_secret()]
    for secret in secrets:
        told = leaks(f"before {secret} after")
        assert told and "before" in told[0] and not any(leaks(place) for place in told)
        assert leaks(secret.encode().hex())
        for before in ("", "u", "us", "user:"):
            assert leaks(base64.b64encode(f"{before}{secret}".encode()))
    assert leaks(sandbox.client_id) == leaks(sandbox.user) == leaks("x" * 1000) == []


def test_what_the_library_tells_is_searched(instance, sandbox):
    # Who names a connection after its secret sees it again: in texts, errors and events alike.
    secret = sandbox.client_secret
    try:
        instance.connection(secret)
    except Exception as error:
        assert secret in str(error)
    assert any("error_message" in place for place in secrecy.take())
    put(instance, sandbox, secret)
    assert any("text" in place for place in secrecy.take())
    with instance._handle as pointer:
        assert secret in take_text(lib.connection_list, pointer)
    assert secrecy.take()


def test_what_lies_in_a_vaults_folder_is_searched(tmp_path, sandbox):
    (tmp_path / "below").mkdir()
    file = tmp_path / "below" / "vault.db-wal"
    file.write_text(f"clear: {sandbox.password}")
    assert list(secrecy.in_files(tmp_path)) == ["vault.db-wal: clear: ***"]
    file.unlink()
