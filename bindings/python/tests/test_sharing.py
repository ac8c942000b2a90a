# SPDX-License-Identifier: Apache-2.0
"""What many connections share, and what they never do."""

import os
import threading
from urllib.parse import urlsplit

from conftest import SERVICE, put

from askel_s4 import Auth

ORDERS = "A_SalesOrder"
SOAK = bool(os.environ.get("ASKEL_S4_SOAK"))
NO_CLIENT = {"token_url": None, "client_id": None, "client_secret": None}


def seen(sandbox, server):
    return [entry for entry in sandbox.stats()["tls_connections"] if entry["server"] == server]


def read_in_turn(clients, rounds=3):
    for _ in range(rounds):
        for client in clients:
            assert len(list(client.read(SERVICE, ORDERS, top=2))) == 2


def test_two_clients_of_one_host_share_no_connection(instance, sandbox):
    secrets = [sandbox.client_secret, sandbox.add_secret(), sandbox.add_secret()]
    read_in_turn([put(instance, sandbox, f"n{n}", client_secret=each).client() for n, each in enumerate(secrets)])
    token, api = seen(sandbox, "token"), seen(sandbox, "api")
    assert all(len(entry["secrets"]) == 1 for entry in token)
    assert len({*(entry["secrets"][0] for entry in token)}) == 3
    # Each has one connection, and goes on with it.
    assert len(api) == 3 and all(entry["requests"] > 2 for entry in api)


def test_users_certificates_and_tokens_share_no_connection(instance, sandbox):
    certificate = {"client_certificate": sandbox.client_certificate, "client_key": sandbox.client_key}
    ways = [
        {},
        {"auth": Auth.BASIC, "user": sandbox.user, "password": sandbox.password, **NO_CLIENT},
        {"auth": Auth.BASIC, "user": sandbox.user, "password": sandbox.password, **NO_CLIENT},
        {"auth": Auth.CERTIFICATE, **certificate, **NO_CLIENT},
    ]
    read_in_turn([put(instance, sandbox, f"n{n}", **way).client() for n, way in enumerate(ways)])
    shown = [
        (entry["certificate"], tuple(entry["users"]), bool(entry["tokens"])) for entry in seen(sandbox, "api")]
    user, name = (None, (sandbox.user,), False), seen(sandbox, "api")[-1]["certificate"]
    # The same user in two connections is two as well: one customer's may be another's by mistake alone.
    assert sorted(shown, key=str) == sorted([(None, (), True), user, user, (name, (), False)], key=str), shown


def test_a_changed_credential_leaves_its_connections(instance, sandbox):
    client = put(instance, sandbox).client()
    read_in_turn([client], 2)
    sandbox.rotate_secret()
    put(instance, sandbox)
    read_in_turn([client], 2)
    assert all(len(entry["secrets"]) == 1 for entry in seen(sandbox, "token"))
    assert len(seen(sandbox, "api")) == 2


def test_many_clients_cost_little(instance, sandbox):
    """As many tenants as a product has, each under its own name."""
    api, token = (urlsplit(url).port for url in (sandbox.api_url, sandbox.token_url))
    kept = []
    for number in range(1_000 if SOAK else 150):
        host = f"t{number:04}.tenants.localhost"
        connection = put(
            instance, sandbox, host, host=f"{host}:{api}", token_url=f"https://{host}:{token}/oauth/token",
            allow_host=host,
        )  # fmt: skip
        kept.append(connection.client())
        assert len(list(kept[-1].read(SERVICE, ORDERS, top=3))) == 3
    assert len(os.listdir("/proc/self/task")) - threading.active_count() <= 4
    sockets = 0
    for each in os.listdir("/proc/self/fd"):
        try:
            sockets += os.readlink(f"/proc/self/fd/{each}").startswith("socket:")
        except OSError:
            continue
    # Of two a client, and some of the interpreter's.
    assert sockets <= 150, sockets
    # Whose connection was closed meanwhile gets another.
    assert len(list(kept[0].read(SERVICE, ORDERS, top=3))) == 3
    for client in kept:
        client.close()
