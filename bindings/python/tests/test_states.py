# SPDX-License-Identifier: Apache-2.0
"""The states of a connection, each by what the tenant does: one event for a change, the state in the vault for every
process, and after a rejection no further attempt by any of them."""

import subprocess
import sys
import threading

import pytest
from conftest import SERVICE, put

from askel_s4 import (
    Auth,
    CredentialExpired,
    Instance,
    ServiceError,
    Throttled,
    TimedOut,
    TlsRefused,
    Unauthorised,
    Unreachable,
)

SET = "A_SalesOrder"
PLACE = f"/sap/opu/odata/sap/{SERVICE}/{SET}"
BASIC = {"auth": Auth.BASIC, "token_url": None, "client_id": None, "client_secret": None}


def token_says(status, text):
    return lambda sandbox: sandbox.fault("status", on="token", code=status, body="text", message=text)


def api_says(status, **args):
    return lambda sandbox: sandbox.fault("status", match=SET, code=status, **args)


def fault(name, **args):
    return lambda sandbox: sandbox.fault(name, match=SET, **args)


#: What the tenant does; the error that the caller sees; the state that follows; its code.
TABLE = [
    ("invalid_client", token_says(401, '{"error":"invalid_client"}'), CredentialExpired, "expired", "invalid_client"),
    ("400-invalid_client", token_says(400, '{"error":"invalid_client"}'), CredentialExpired, "expired",
     "invalid_client"),
    ("unauthorized", token_says(401, '{"error":"unauthorized"}'), CredentialExpired, "expired", "unauthorized"),
    ("unauthorized_client", token_says(400, '{"error":"unauthorized_client"}'), CredentialExpired, "expired",
     "unauthorized_client"),
    ("token-401", token_says(401, "no"), CredentialExpired, "expired", "401"),
    ("token-503", token_says(503, "no"), Unreachable, "unreachable", "503"),
    ("token-500", token_says(500, "no"), Unreachable, "unreachable", "500"),
    ("token-429", token_says(429, "no"), Throttled, "active", None),
    ("invalid_scope", token_says(400, '{"error":"invalid_scope"}'), ServiceError, "active", None),
    ("api-401", fault("unauthorized_api"), Unauthorised, "unauthorised", "401"),
    ("api-403", fault("forbidden"), Unauthorised, "unauthorised", "403"),
    ("csrf-403", api_says(403, headers={"x-csrf-token": "Required"}), ServiceError, "active", None),
    ("api-400", api_says(400), ServiceError, "active", None),
    ("api-500-of-sap", api_says(500), ServiceError, "active", None),
    ("api-500", api_says(500, body="html"), Unreachable, "unreachable", "500"),
    ("api-408", api_says(408), Unreachable, "unreachable", "408"),
    ("api-502", api_says(502), Unreachable, "unreachable", "502"),
    ("api-503", api_says(503), Unreachable, "unreachable", "503"),
    ("api-504", api_says(504, body="empty"), Unreachable, "unreachable", "504"),
    ("api-429", api_says(429), Throttled, "active", None),
    ("reset", fault("reset", when="before"), Unreachable, "unreachable", "unreachable"),
    ("timeout", fault("latency", ms=20_000), TimedOut, "unreachable", "timedOut"),
]  # fmt: skip


def changes(instance):
    return [event for event in instance.events() if event["event"] == "connection_state"]


def once(client, timeout=None):
    with client.read(SERVICE, SET, top=1, timeout=timeout) as cursor:
        return next(cursor)


@pytest.mark.parametrize("_, happens, error, state, code", TABLE, ids=[row[0] for row in TABLE])
def test_each_state_and_back(tmp_path, sandbox, instance, connection, _, happens, error, state, code):
    with connection.client(retries=0) as client:
        assert once(client)
        assert [(event["from"], event["to"]) for event in changes(instance)] == [("new", "active")]
        happens(sandbox)
        for _ in range(3):
            with pytest.raises(error) as caught:
                once(client, timeout=1 if error is TimedOut else None)
        told = changes(instance)
        if state == "active":
            assert told == []
        else:
            # One, however often it happens.
            assert [(event["from"], event["to"], event["recovered"]) for event in told] == [("active", state, False)]
            assert told[0]["code"] == code and told[0]["message"]
        if state == "unauthorised":
            assert PLACE in caught.value.target and PLACE in str(caught.value) and PLACE in told[0]["message"]
        known = instance.connection("nordvik")
        assert (known.state, known.last_error) == (state, code)
        # Whoever else opens the vault finds the same.
        with Instance(tmp_path / "vault.db", key_file=tmp_path / "vault.key") as other:
            found = other.connection("nordvik")
            assert (found.state, found.last_error, found.since) == (known.state, known.last_error, known.since)
        sandbox.clear_faults()
        if state == "expired":
            assert connection.check().state == "active"
        assert once(client)
        back = [] if state == "active" else [(state, "active", True)]
        assert [(event["from"], event["to"], event["recovered"]) for event in changes(instance)] == back
        assert instance.connection("nordvik").state == "active" and instance.connection("nordvik").last_error is None


def test_a_401_of_http_basic_is_the_credential_itself(sandbox, instance):
    connection = put(instance, sandbox, **BASIC, user=sandbox.user, password=sandbox.password)
    with connection.client() as client:
        assert once(client)
        changes(instance)
        sandbox.fault("unauthorized_api")
        sandbox.reset_stats()
        for _ in range(3):
            with pytest.raises(CredentialExpired):
                once(client)
        assert sandbox.stats()["requests"]["api"]["total"] == 1
        assert [(event["to"], event["code"]) for event in changes(instance)] == [("expired", "401")]


def test_a_certificate_that_nobody_trusts_is_unreachable(sandbox, instance):
    connection = put(instance, sandbox, ca_file=None)
    with pytest.raises(TlsRefused):
        connection.check()
    assert [event["to"] for event in changes(instance)] == ["unreachable"]


def test_a_crowd_that_meets_the_same_change_tells_it_once(sandbox, instance, connection):
    def attempt(client):
        for _ in range(4):
            try:
                once(client)
                found.add("read")
            except Unreachable:
                found.add("unreachable")

    found, told = set(), []
    with connection.client(retries=0) as client:
        assert once(client)
        for happens in (lambda: sandbox.fault("status", match=SET, code=503), sandbox.clear_faults):
            happens()
            threads = [threading.Thread(target=attempt, args=(client,)) for _ in range(12)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            told.append([(event["from"], event["to"]) for event in changes(instance)])
    assert found == {"read", "unreachable"}
    assert told == [[("new", "active"), ("active", "unreachable")], [("unreachable", "active")]]


OTHER_PROCESS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from askel_s4 import AskelError, Instance

def attempt(work):
    try:
        return "read" if work() else "nothing"
    except AskelError as error:
        return type(error).__name__

with Instance(sys.argv[1], key_file=sys.argv[2]) as instance:
    connection = instance.connection("nordvik")
    clients = [connection.client() for _ in range(4)]
    def read(number):
        return next(clients[number % 4].read("API_SALES_ORDER_SRV", "A_SalesOrder", top=1))
    pages = clients[0].read("API_SALES_ORDER_SRV", "A_SalesOrder", select="SalesOrder", page_size=10, top=50).pages()
    next(pages)
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "check\\n":
            print(attempt(lambda: connection.check("API_SALES_ORDER_SRV")), flush=True)
            continue
        with ThreadPoolExecutor(12) as pool:
            found = set(pool.map(lambda number: attempt(lambda: read(number)), range(24)))
        found.add(attempt(lambda: next(pages)))
        print(",".join(sorted(found)), flush=True)
"""


@pytest.mark.parametrize("basic", [True, False])
def test_after_a_rejection_no_process_tries_again_until_the_credential_changes(tmp_path, sandbox, instance, basic):
    right = dict(BASIC, user=sandbox.user, password=sandbox.password) if basic else {}
    connection = put(instance, sandbox, **right)
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "vault.db"), str(tmp_path / "vault.key")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:

        def ask(line):
            other.stdin.write(line + "\n")
            other.stdin.flush()
            return other.stdout.readline().strip()

        def attempts():
            stats = sandbox.stats()
            return stats["basic_auth_failures"] if basic else sum(stats["mint_failures"].values())

        assert other.stdout.readline() == "ready\n"
        password = sandbox.password
        if basic:
            sandbox.set_user(password="changed by the admin")
        else:
            sandbox.rotate_secret()
        sandbox.reset_stats()
        try:
            crowd(connection)
            assert attempts() == 1
            assert ask("read") == "CredentialExpired"
            assert attempts() == 1
            assert ask("check") == "CredentialExpired"  # a person asked
            crowd(connection)
            assert ask("read") == "CredentialExpired"
            assert attempts() == 2 and sandbox.stats()["locked_users"] == []
            put(instance, sandbox, **(dict(right, password=sandbox.password) if basic else {}))
            assert ask("read") == "read"
            assert attempts() == 2
        finally:
            if basic:
                sandbox.set_user(password=password)
            other.stdin.close()


def crowd(connection):
    """Four clients, three threads each, four reads each."""
    codes = []

    def attempt(client):
        for _ in range(4):
            try:
                once(client)
            except CredentialExpired as error:
                codes.append(error.code)

    clients = [connection.client() for _ in range(4)]
    threads = [threading.Thread(target=attempt, args=(client,)) for client in clients * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert len(codes) == 48
