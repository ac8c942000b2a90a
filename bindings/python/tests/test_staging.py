# SPDX-License-Identifier: Apache-2.0
"""A second credential beside the live one: proven, promoted, fallen over to, retired; and ends that are declared."""

import secrets
from datetime import date, datetime, timedelta, timezone

import pytest
from conftest import SERVICE, put

from askel_s4 import (
    Auth,
    ClientAuth,
    Conflict,
    CredentialExpired,
    HostRefused,
    InvalidArgument,
    NotFound,
)


def events(instance, kind):
    return [event for event in instance.events() if event["event"] == kind]


def rows(client):
    return sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=3))


def test_a_new_secret_is_proven_and_takes_over_without_a_gap(sandbox, instance, connection):
    connection.check()
    old, new = sandbox.client_secret, sandbox.rotate_secret(keep_old=True)
    staged = instance.stage_connection("nordvik", client_secret=new, actor="anna")
    assert (staged.generation, staged.state) == (1, "active")
    beside = staged.beside
    assert (beside.role, beside.generation, beside.state) == ("staged", 2, "new")
    assert (beside.host, beside.client_id, beside.has_ca) == (staged.host, staged.client_id, True)
    with pytest.raises(Conflict):
        connection.promote()
    with connection.client() as client:
        assert rows(client) == 3
        assert connection.check(beside=True, actor="anna").state == "active"
        promoted = connection.promote(actor="anna")
        assert (promoted.generation, promoted.state) == (2, "active")
        assert (promoted.beside.role, promoted.beside.generation) == ("former", 1)
        sandbox.remove_secret(old)
        assert rows(client) == 3
    retired = connection.retire(actor="anna")
    assert retired.beside is None
    with pytest.raises(Conflict):
        connection.retire()
    with pytest.raises(Conflict):
        connection.promote()
    assert connection.check().state == "active"
    assert new not in repr(staged) + repr(promoted)


def test_a_former_credential_can_be_promoted_back(sandbox, instance, connection):
    connection.check()
    instance.stage_connection("nordvik", client_secret=sandbox.rotate_secret(keep_old=True))
    connection.check(beside=True)
    connection.promote()
    back = connection.promote()
    assert (back.generation, back.beside.generation, back.beside.role) == (1, 2, "former")


def test_a_staged_secret_that_is_wrong_is_told_and_leaves_the_live_one_alone(sandbox, instance, connection):
    connection.check()
    instance.stage_connection("nordvik", client_secret="wrong")
    with pytest.raises(CredentialExpired) as caught:
        connection.check(beside=True)
    assert caught.value.sap_code == "invalid_client"
    now = instance.connection("nordvik")
    assert (now.state, now.beside.state, now.beside.last_error) == ("active", "expired", "invalid_client")
    with pytest.raises(Conflict):
        connection.promote()
    with connection.client() as client:
        assert rows(client) == 3


def test_the_library_goes_over_to_the_proven_one_by_itself(sandbox, instance, connection):
    connection.check()
    old, new = sandbox.client_secret, sandbox.rotate_secret(keep_old=True)
    instance.stage_connection("nordvik", client_secret=new)
    connection.check(beside=True)
    with connection.client() as client:
        assert rows(client) == 3
        list(instance.events())
        sandbox.remove_secret(old)
        assert rows(client) == 3
        assert rows(client) == 3
    switched = events(instance, "credential_switched")
    assert len(switched) == 1
    event = switched[0]
    assert (event["connection"], event["from_generation"], event["to_generation"]) == ("nordvik", 1, 2)
    assert event["code"] == "invalid_client"
    now = instance.connection("nordvik")
    assert (now.generation, now.state, now.beside.role, now.beside.state) == (2, "active", "former", "expired")


def test_one_that_is_not_proven_is_not_gone_over_to(sandbox, instance, connection):
    connection.check()
    old, new = sandbox.client_secret, sandbox.rotate_secret(keep_old=True)
    instance.stage_connection("nordvik", client_secret=new)
    sandbox.remove_secret(old)
    with connection.client() as client, pytest.raises(CredentialExpired):
        rows(client)
    assert events(instance, "credential_switched") == []
    assert instance.connection("nordvik").generation == 1


def test_another_way_to_log_on_is_staged(sandbox, instance, connection):
    connection.check()
    staged = instance.stage_connection(
        "nordvik",
        auth=Auth.BASIC,
        host=sandbox.api_url,
        user=sandbox.user,
        password=sandbox.password,
        allow_host="localhost",
        ca_file=sandbox.ca_file,
    )
    assert (staged.auth, staged.beside.auth, staged.beside.user) == ("client_credentials", "basic", sandbox.user)
    connection.check(SERVICE, beside=True)
    assert connection.promote().auth == "basic"
    with connection.client() as client:
        assert rows(client) == 3


def test_what_cannot_be_staged(sandbox, instance, connection):
    with pytest.raises(NotFound):
        instance.stage_connection("nobody", client_secret="x")
    with pytest.raises(HostRefused):
        instance.stage_connection("nordvik", client_secret="x", host="sap.customer.example")
    with pytest.raises(InvalidArgument, match="actor"):
        instance.stage_connection("nordvik", client_secret="x", actor="x" * 257)
    with pytest.raises(InvalidArgument, match="NUL"):
        instance.stage_connection("nordvik", client_certificate=b"a\0b")
    assert instance.connection("nordvik").beside is None


def test_a_put_removes_what_stands_beside(sandbox, instance, connection):
    instance.stage_connection("nordvik", client_secret="x")
    now = put(instance, sandbox)
    assert (now.generation, now.beside) == (3, None)


# -- Ends that are declared


def test_a_credential_whose_end_is_near_is_expiring_and_goes_on(sandbox, instance):
    end = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=10)
    connection = put(instance, sandbox, expires_at=end)
    assert (connection.state, connection.expires_at) == ("new", end)
    assert connection.check().state == "expiring"
    now = instance.connection("nordvik")
    assert now.state == "expiring"
    event = events(instance, "connection_state")[-1]
    assert (event["to"], event["recovered"]) == ("expiring", False)
    with connection.client() as client:
        assert rows(client) == 3


@pytest.mark.parametrize("days,state", [(0, "expiring"), (9, "active"), (11, "expiring")])
def test_how_near_is_for_the_product_to_say(sandbox, instance, days, state):
    end = datetime.now(timezone.utc) + timedelta(days=10)
    assert put(instance, sandbox, expires_at=end, expiring_days=days).check().state == state


@pytest.mark.parametrize("left,state", [(13, "expiring"), (15, "active")])
def test_fourteen_days_are_near_where_nothing_is_said(sandbox, instance, left, state):
    end = datetime.now(timezone.utc) + timedelta(days=left)
    assert put(instance, sandbox, expires_at=end).check().state == state


def test_a_declared_end_that_is_past_stops_nothing(sandbox, instance):
    connection = put(instance, sandbox, expires_at="2020-01-01T00:00:00Z")
    assert connection.check().state == "expiring"
    with connection.client() as client:
        assert rows(client) == 3


def test_forms_of_an_end(sandbox, instance):
    whole = datetime(2099, 3, 31, tzinfo=timezone.utc)
    assert put(instance, sandbox, expires_at="2099-03-31").expires_at == whole
    assert put(instance, sandbox, expires_at=date(2099, 3, 31)).expires_at == whole
    there = datetime(2099, 3, 31, 2, tzinfo=timezone(timedelta(hours=2)))
    assert put(instance, sandbox, expires_at=there).expires_at == whole
    assert put(instance, sandbox).expires_at is None
    with pytest.raises(InvalidArgument, match="time zone"):
        put(instance, sandbox, expires_at=datetime(2099, 3, 31))
    for wrong in ("tomorrow", "31.03.2099"):
        with pytest.raises(InvalidArgument, match="expires_at"):
            put(instance, sandbox, expires_at=wrong)
    with pytest.raises(InvalidArgument, match="expiring_days"):
        put(instance, sandbox, expiring_days=3651)
    with pytest.raises(InvalidArgument, match="expiring_days"):
        put(instance, sandbox, expiring_days=-1)


# -- Certificates


def test_a_certificate_that_is_none_is_refused_when_it_is_stored(sandbox, instance):
    given = {"client_secret": None, "client_auth": ClientAuth.CERTIFICATE}
    for certificate, key in ((None, None), ("no certificate", "no key"), (sandbox_pem(sandbox), secrets.token_hex())):
        with pytest.raises(InvalidArgument, match=r"client_certificate|client_key"):
            put(instance, sandbox, client_certificate=certificate, client_key=key, **given)
    assert instance.connections() == []


def sandbox_pem(sandbox):
    with open(sandbox.ca_file, "rb") as file:
        return file.read()


@pytest.fixture
def certificate(sandbox):
    yield {"client_certificate": sandbox.client_certificate, "client_key": sandbox.client_key.encode()}
    sandbox.know_certificate()


def test_a_certificate_in_place_of_a_secret(sandbox, instance, connection, certificate):
    connection.check()
    another = {"client_auth": ClientAuth.CERTIFICATE, "client_id": sandbox.client_id}
    staged = instance.stage_connection("nordvik", **another, **certificate)
    assert (staged.client_auth, staged.beside.client_auth) == ("secret_basic", "certificate")
    assert staged.certificate is None
    beside = staged.beside
    assert beside.certificate.subject and beside.certificate.not_after == beside.expires_at
    assert "PRIVATE" not in repr(staged)
    connection.check(SERVICE, beside=True)
    connection.promote()
    sandbox.rotate_secret()
    with connection.client() as client:
        assert rows(client) == 3


def test_a_certificate_at_the_api_itself(sandbox, instance, certificate):
    connection = put(
        instance, sandbox, auth=Auth.CERTIFICATE, token_url=None, client_id=None, client_secret=None, **certificate
    )
    assert (connection.auth, connection.token_url) == ("certificate", None)
    assert connection.check(SERVICE).token is None
    with connection.client() as client:
        assert rows(client) == 3
        sandbox.know_certificate(False)
        with pytest.raises(CredentialExpired):
            rows(client)


def test_the_end_of_a_certificate_counts_where_it_is_earlier(sandbox, instance, certificate):
    given = {"client_secret": None, "client_auth": ClientAuth.CERTIFICATE, **certificate}
    end = put(instance, sandbox, **given).certificate.not_after
    assert put(instance, sandbox, expires_at=end + timedelta(days=1), **given).expires_at == end
    assert put(instance, sandbox, expires_at=end - timedelta(days=1), **given).expires_at == end - timedelta(days=1)
