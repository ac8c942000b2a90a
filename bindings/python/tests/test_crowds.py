# SPDX-License-Identifier: Apache-2.0
"""SAP locks a user after three failed logons: however many ask at once, a wrong credential is sent once."""

import threading
import time

import pytest
from conftest import SERVICE, put

from askel_s4 import Auth, CredentialExpired


@pytest.mark.parametrize("basic", [True, False])
def test_a_crowd_with_a_wrong_credential_is_one_attempt(instance, sandbox, basic):
    """Twenty reads start together: the first rejection speaks for all, long before SAP would lock the user."""
    if basic:
        connection = put(
            instance, sandbox, auth=Auth.BASIC, user=sandbox.user, password="wrong", token_url=None, client_id=None,
            client_secret=None)  # fmt: skip
    else:
        connection = put(instance, sandbox, client_secret="wrong")
    sandbox.settings(latency_ms=50)
    ready = threading.Barrier(20)
    codes = []
    requests = []

    def attempt():
        with connection.client() as client:
            ready.wait()
            cursor = client.read(SERVICE, "A_SalesOrder", top=1)
            try:
                next(cursor)
            except CredentialExpired as error:
                codes.append(error.code)
                requests.append(cursor.receipt.requests)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 20
    assert sum(requests) == (1 if basic else 0)  # what was kept back is no request
    stats = sandbox.stats()
    assert stats["locked_users"] == []
    assert (stats["basic_auth_failures"] if basic else stats["mint_failures"]["bad_secret"]) == 1


@pytest.mark.parametrize("basic", [True, False])
def test_a_crowd_of_checks_is_one_attempt_and_a_later_check_another(instance, sandbox, basic):
    wrong = {"auth": Auth.BASIC, "user": sandbox.user, "password": "wrong", "token_url": None, "client_id": None,
             "client_secret": None} if basic else {"client_secret": "wrong"}  # fmt: skip
    connection = put(instance, sandbox, **wrong)
    sandbox.settings(latency_ms=300)
    ready = threading.Barrier(10)
    codes = []

    def attempt():
        ready.wait()
        try:
            connection.check(SERVICE)
        except CredentialExpired as error:
            codes.append(error.code)

    threads = [threading.Thread(target=attempt) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 10
    with pytest.raises(CredentialExpired):
        connection.check(SERVICE)
    stats = sandbox.stats()
    assert stats["locked_users"] == []
    assert (stats["basic_auth_failures"] if basic else stats["mint_failures"]["bad_secret"]) == 2


@pytest.mark.parametrize("basic", [True, False])
def test_a_crowd_that_waits_while_its_credential_is_replaced_is_one_attempt(instance, sandbox, basic):
    """The right credential comes while the wrong one's first answer is out: those behind it are not sent."""
    wrong = {"auth": Auth.BASIC, "user": sandbox.user, "password": "wrong", "token_url": None, "client_id": None,
             "client_secret": None} if basic else {"client_secret": "wrong"}  # fmt: skip
    right = dict(wrong, password=sandbox.password) if basic else {}
    connection = put(instance, sandbox, **wrong)
    sandbox.settings(latency_ms=700)
    ready = threading.Barrier(11)
    codes = []

    def attempt():
        with connection.client() as client:
            ready.wait()
            try:
                next(client.read(SERVICE, "A_SalesOrder", top=1))
            except CredentialExpired as error:
                codes.append(error.code)

    threads = [threading.Thread(target=attempt) for _ in range(10)]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(0.25)
    fresh = put(instance, sandbox, **right)
    with fresh.client() as client:
        assert next(client.read(SERVICE, "A_SalesOrder", top=1))
    for thread in threads:
        thread.join()
    assert len(codes) == 10
    stats = sandbox.stats()
    assert stats["locked_users"] == []
    assert (stats["basic_auth_failures"] if basic else stats["mint_failures"]["bad_secret"]) == 1
