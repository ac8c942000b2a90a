# SPDX-License-Identifier: Apache-2.0
"""Bad input and bad answers, and the exception that each one becomes."""

import itertools
import os
import threading
import time

import pytest
from conftest import SERVICE, put, requests

from askel_s4 import (
    AskelError,
    Auth,
    Code,
    CredentialExpired,
    HostRefused,
    Instance,
    InvalidArgument,
    MalformedAnswer,
    NotFound,
    NotOData,
    OriginRefused,
    Outcome,
    ReadInconsistent,
    ServiceError,
    Throttled,
    TimedOut,
    TlsRefused,
    TooLarge,
    Unauthorised,
    Unreachable,
    VaultError,
    VaultKeyRefused,
    VaultUnavailable,
    Verdict,
)

PUBLIC = "my300000-api.s4hana.cloud.sap"


def read(client, **options):
    """Reads to the end, counting what came before an error."""
    rows = []
    cursor = client.read(SERVICE, "A_SalesOrder", select="SalesOrder", **options)
    try:
        rows += cursor
    except AskelError as error:
        return error, rows, cursor
    raise AssertionError(f"no error; {len(rows)} rows, {cursor.receipt}")


@pytest.mark.parametrize(
    "host",
    [
        f"http://{PUBLIC}",
        f"{PUBLIC}/sap/opu/odata",
        f"user@{PUBLIC}",
        f"{PUBLIC}:0",
        f"{PUBLIC}:70000",
        f"{PUBLIC}.evil.example",
        "sap.customer.example",
        "localhost",
        "127.0.0.1",
    ],
)
def test_a_host_of_a_wrong_form_is_refused_when_it_is_stored(instance, sandbox, host):
    with pytest.raises(HostRefused):
        put(instance, sandbox, host=host, allow_host=None)
    assert instance.connections() == []


def test_a_host_that_is_no_public_edition_host_is_told_what_is(instance, sandbox):
    with pytest.raises(HostRefused, match="Public Edition"):
        put(instance, sandbox, host="sap.customer.example", allow_host=None)


def test_an_unknown_enum_value(instance, sandbox):
    with pytest.raises(InvalidArgument, match="client_auth") as caught:
        put(instance, sandbox, client_auth=9)
    assert caught.value.target == "client_auth"
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("id", ["", "a\nb", "x" * 129, "a\0b", "\udcff"])
def test_an_id_that_is_none(instance, sandbox, id):
    with pytest.raises(InvalidArgument, match="id"):
        put(instance, sandbox, id)


def test_key_files_that_are_not_fit(tmp_path):
    key, vault = tmp_path / "key", tmp_path / "vault"
    with pytest.raises(VaultError):
        Instance(vault, key_file=key)
    Instance.create_key_file(key)
    with pytest.raises(VaultUnavailable):
        Instance.create_key_file(key)
    os.chmod(key, 0o644)
    with pytest.raises(VaultKeyRefused, match=r"600"):
        Instance(vault, key_file=key)
    key.write_bytes(b"short")
    os.chmod(key, 0o600)
    with pytest.raises(VaultKeyRefused):
        Instance(vault, key_file=key)
    with pytest.raises(InvalidArgument):
        Instance(vault, key=b"short")
    with pytest.raises(InvalidArgument):
        Instance(vault)


def test_another_key_does_not_open_the_vault(tmp_path):
    Instance(tmp_path / "vault", key=bytes(range(32))).close()
    with pytest.raises(VaultKeyRefused):
        Instance(tmp_path / "vault", key=bytes(32))
    with Instance(tmp_path / "vault", key=bytearray(range(32))) as opened:
        assert opened.connections() == []


def test_a_wrong_secret_is_sent_once(instance, sandbox):
    connection = put(instance, sandbox, client_secret="wrong")
    with pytest.raises(CredentialExpired) as caught:
        connection.check()
    error = caught.value
    assert (error.code, error.sap_code, error.http_status) == (Code.CREDENTIAL_EXPIRED, "invalid_client", 401)
    assert error.outcome == Outcome.NOT_PROCESSED
    assert not error.retryable
    assert "wrong" not in str(error).split()
    assert instance.connection("nordvik").state == "expired"
    with connection.client() as client:
        for _ in range(3):
            with pytest.raises(CredentialExpired):
                next(client.read(SERVICE, "A_SalesOrder"))
            with pytest.raises(CredentialExpired):
                client.get(SERVICE, "A_SalesOrder", "1")
    assert sandbox.stats()["mint_failures"] == {"bad_secret": 1}
    assert requests(sandbox, "collection") == 0


def test_a_new_secret_is_used_at_once_and_the_event_says_so(instance, sandbox):
    connection = put(instance, sandbox, client_secret="wrong")
    with pytest.raises(CredentialExpired):
        connection.check()
    with connection.client() as client:
        put(instance, sandbox)
        assert next(client.read(SERVICE, "A_SalesOrder", top=1))
    states = [(event["from"], event["to"]) for event in instance.events() if event["event"] == "connection_state"]
    assert ("new", "expired") in states
    assert states[-1][1] == "active"


def test_a_wrong_password_never_locks_the_user(instance, sandbox):
    connection = instance.put_connection(
        "basic", sandbox.api_url, auth=Auth.BASIC, user=sandbox.user, password="wrong", allow_host="localhost",
        ca_file=sandbox.ca_file,
    )  # fmt: skip
    with connection.client() as client:
        for _ in range(5):
            with pytest.raises(CredentialExpired):
                next(client.read(SERVICE, "A_SalesOrder"))
    assert sandbox.stats()["basic_auth_failures"] == 1
    assert sandbox.stats()["locked_users"] == []


@pytest.mark.parametrize("where", ["api", "token"])
def test_a_login_page_is_told_as_what_it_is(sandbox, connection, client, where):
    sandbox.fault("html_login", on=where)
    with pytest.raises(NotOData, match=r"(?i)html|web page|login"):
        connection.check() if where == "token" else next(client.read(SERVICE, "A_SalesOrder"))


@pytest.mark.parametrize(
    "fault,args,expected",
    [
        ("truncate", {"variant": "clean"}, MalformedAnswer),
        ("malformed_json", {}, MalformedAnswer),
        ("invalid_utf8", {}, MalformedAnswer),
        ("wrong_set", {"set": "A_SalesOrderItem"}, MalformedAnswer),
        ("repeat_rows", {"k": 3}, ReadInconsistent),
        ("next_loop", {}, ReadInconsistent),
        ("next_to_self_first", {}, ReadInconsistent),
        ("next_foreign", {}, OriginRefused),
        ("next_http", {}, OriginRefused),
        ("next_port80", {}, OriginRefused),
        ("redirect", {"location": "foreign"}, OriginRefused),
        ("forbidden", {}, Unauthorised),
        ("status", {"code": 400, "sap_code": "SY/530", "message": "No such thing"}, ServiceError),
    ],
)
def test_a_bad_second_page_delivers_no_row(sandbox, client, fault, args, expected):
    sandbox.fault(fault, match="A_SalesOrder", skip=1, **args)
    error, rows, cursor = read(client)
    assert type(error) is expected
    # A link is refused with the page that carries it; anything else with the page itself.
    assert len(rows) == 1000
    assert cursor.receipt.verdict == Verdict.FAILED
    assert cursor.receipt.rows == 1000
    assert sandbox.foreign_log() == []
    with pytest.raises(expected):
        next(cursor)


def test_a_read_that_was_cut_off_goes_on_with_the_same_page(sandbox, connection):
    sandbox.fault("truncate", match="A_SalesOrder", skip=1, times=1)
    error, rows, cursor = read(connection.client(retries=0), top=2500)
    assert isinstance(error, MalformedAnswer)
    assert error.retryable
    assert len(rows) == 1000
    keys = [row["SalesOrder"] for row in itertools.chain(rows, cursor)]
    assert len(keys) == len(set(keys)) == 2500
    assert cursor.receipt.verdict != Verdict.FAILED


def test_a_connection_that_dies_makes_no_token_be_sent_twice(sandbox, client):
    sandbox.fault("reset", match="A_SalesOrder", skip=1, times=1, when="before")
    with client.read(SERVICE, "A_SalesOrder", select="SalesOrder", top=2500) as cursor:
        assert sum(1 for _ in cursor) == 2500
    assert cursor.receipt.retries == 1
    assert sandbox.stats()["tokens"]["used_more_than_once"] == 0


@pytest.mark.parametrize("shift", [False, True])
def test_missing_rows_are_noticed_where_the_server_counts(sandbox, client, shift):
    sandbox.fault("skip_rows", match="A_SalesOrder", skip=1, times=1, k=3, shift=shift)
    error, rows, cursor = read(client, filter="OverallSDProcessStatus ne ?", params=["C"], count=True)
    assert isinstance(error, ReadInconsistent)
    assert cursor.receipt.verdict == Verdict.FAILED
    assert cursor.receipt.server_count > len(rows)


def test_saps_own_words(sandbox, client):
    sandbox.fault("status", match="A_SalesOrder", code=400, sap_code="SY/530", message="No such thing")
    error, rows, _ = read(client)
    assert rows == []
    assert (error.sap_code, error.http_status) == ("SY/530", 400)
    assert "No such thing" in str(error)
    assert isinstance(error.details, list)


def test_a_throttled_read_says_for_how_long(sandbox, client):
    sandbox.fault("status", match="A_SalesOrder", code=429, retry_after=120)
    error, _, _ = read(client, timeout=5)
    assert isinstance(error, Throttled)
    assert error.retry_after == 120
    assert error.retryable


def test_nobody_there(instance, sandbox):
    connection = put(instance, sandbox, host="localhost:9", token_url="https://localhost:9/oauth/token")
    with pytest.raises(Unreachable) as caught:
        connection.check(timeout=5)
    assert caught.value.retryable
    assert caught.value.outcome == Outcome.NOT_SENT
    assert instance.connection("nordvik").state == "unreachable"


def test_a_certificate_that_nobody_vouches_for(instance, sandbox):
    with pytest.raises(TlsRefused):
        put(instance, sandbox, ca_file=None).check()


def test_an_answer_that_is_too_large(connection):
    with connection.client(max_answer_bytes=2_000_000) as client, pytest.raises(TooLarge):
        list(client.read(SERVICE, "A_SalesOrder"))


@pytest.mark.parametrize("service,entity_set", [(SERVICE, "A_Nothing"), ("API_NOTHING_SRV", "A_SalesOrder")])
def test_what_the_tenant_does_not_have(client, service, entity_set):
    with pytest.raises((NotFound, Unauthorised)):
        next(client.read(service, entity_set))


@pytest.mark.parametrize(
    "options,name",
    [
        ({"top": -1}, "top"),
        ({"page_size": 1 << 32}, "page_size"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"select": "a\0b"}, "select"),
    ],
)
def test_options_out_of_range(client, options, name):
    with pytest.raises(InvalidArgument, match=name):
        client.read(SERVICE, "A_SalesOrder", **options)


def test_a_deleted_connection(instance, client):
    cursor = client.read(SERVICE, "A_SalesOrder", page_size=10)
    next(cursor)
    instance.delete_connection("nordvik")
    with pytest.raises(NotFound):
        client.get(SERVICE, "A_SalesOrder", "1")
    with pytest.raises(NotFound):
        list(cursor)


def test_a_page_under_way_does_not_clear_a_rejection(instance, sandbox, client):
    """The secret changes at the tenant in the middle of a read: pages that still have a token arrive, and the secret
    that was rejected is not sent again for it."""
    connection = instance.connection("nordvik")
    cursor = client.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=100)
    pages = cursor.pages()
    next(pages)
    sandbox.rotate_secret()
    sandbox.reset_stats()
    with pytest.raises(CredentialExpired):
        for _ in pages:
            pass
    for _ in range(3):
        with pytest.raises(CredentialExpired):
            client.get(SERVICE, "A_SalesOrder", "1")
    assert sandbox.stats()["mint_failures"] == {"bad_secret": 1}
    assert instance.connection("nordvik").state == "expired"
    connection_events = []
    # The event comes when the vault has it, and a disk may take its time.
    for _ in range(100):
        connection_events += [event for event in instance.events() if event["event"] == "connection_state"]
        if len(connection_events) > 1:
            break
        time.sleep(0.05)
    assert [(event["from"], event["to"]) for event in connection_events] == [("new", "active"), ("active", "expired")]
    put(instance, sandbox)
    connection.check()
    assert sum(len(page) for page in pages) > 0  # the same read goes on with the new secret


def test_waiting_for_a_turn_ends_with_the_deadline(instance, sandbox):
    """The first request proves the credential slowly; the second does not wait longer than its own deadline."""
    connection = put(instance, sandbox)
    sandbox.settings(latency_ms=1500)
    with connection.client() as first, connection.client() as second:
        thread = threading.Thread(target=lambda: next(first.read(SERVICE, "A_SalesOrder", top=1)))
        thread.start()
        time.sleep(0.3)
        with pytest.raises(TimedOut):
            next(second.read(SERVICE, "A_SalesOrder", top=1, timeout=0.2))
        assert thread.is_alive()  # the first one's mint is still on its way
        thread.join()


def test_one_closed_entity_set_among_open_ones_is_told_once(instance, sandbox, client):
    sandbox.fault("forbidden", match="A_SalesOrderItem")
    for _ in range(3):
        assert next(client.read(SERVICE, "A_SalesOrder", top=1))
        with pytest.raises(Unauthorised):
            next(client.read(SERVICE, "A_SalesOrderItem", top=1))
    sandbox.clear_faults()
    assert next(client.read(SERVICE, "A_SalesOrderItem", top=1))
    events = [event for event in instance.events() if event["event"] == "connection_state"]
    assert [event["to"] for event in events] == ["active", "unauthorised", "active"]
    assert "A_SalesOrderItem" in events[1]["message"]
    assert events[2]["recovered"] is True


def test_a_rejected_credential_of_a_read_only_vault_is_not_sent_again(tmp_path, sandbox):
    key = os.urandom(32)
    with Instance(tmp_path / "vault.db", key=key) as instance:
        put(instance, sandbox, client_secret="wrong")
    sandbox.reset_stats()
    with Instance(tmp_path / "vault.db", key=key, read_only=True) as instance:
        connection = instance.connection("nordvik")
        for _ in range(4):
            with connection.client() as client, pytest.raises(CredentialExpired):
                client.get(SERVICE, "A_SalesOrder", "1")
        assert sandbox.stats()["mint_failures"] == {"bad_secret": 1}
        assert instance.connection("nordvik").state == "expired"
        assert [(event["from"], event["to"]) for event in instance.events()] == [("new", "expired")]
        # Only a person's check is sent.
        with pytest.raises(CredentialExpired):
            connection.check()
        assert sandbox.stats()["mint_failures"] == {"bad_secret": 2}
