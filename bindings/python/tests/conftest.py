# SPDX-License-Identifier: Apache-2.0
"""A real sandbox tenant for every test, and the binding connected to it."""

from pathlib import Path
from typing import Any, Iterator

import pytest

pytest.importorskip("askel_s4_sandbox", reason="the sandbox tenant is not installed (Tests/Sandbox)")

import secrecy
from askel_s4_sandbox import Sandbox
from askel_s4_sandbox.marks import leaks

from askel_s4 import Client, Connection, Instance

SERVICE = "API_SALES_ORDER_SRV"
secrecy.listen()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    """A test in which a secret of the tenant's was told, printed or stored in clear has failed."""
    outcome = yield
    report = outcome.get_result()
    found = secrecy.take()
    if report.when == "teardown":
        found += [place for name, text in report.sections for place in leaks(text)]
        if "tmp_path" in item.funcargs:
            found += secrecy.in_files(item.funcargs["tmp_path"])
    if found:
        report.outcome = "failed"
        report.longrepr = "a secret of the sandbox tenant shows: " + "; ".join(found)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The tenant, as new: what a test did to it is undone."""
    settings = running_sandbox.control("GET", "/settings")
    secret = running_sandbox.client_secret
    running_sandbox.reset_stats()
    yield running_sandbox
    running_sandbox.clear_faults()
    running_sandbox.settings(**settings)
    running_sandbox.set_user(locked=False)
    running_sandbox.control("POST", "/secrets", {"replace": secret})
    running_sandbox.info["client_secret"] = secret


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    Instance.create_key_file(tmp_path / "vault.key")
    with Instance(tmp_path / "vault.db", key_file=tmp_path / "vault.key") as opened:
        yield opened


def put(instance: Instance, sandbox: Sandbox, id: str = "nordvik", **changes: Any) -> Connection:
    """Stores the sandbox's connection, with changes."""
    values = {
        "host": sandbox.api_url,
        "token_url": sandbox.token_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "allow_host": "localhost",
        "ca_file": sandbox.ca_file,
    }
    values.update(changes)
    return instance.put_connection(id, **values)


@pytest.fixture
def connection(instance: Instance, sandbox: Sandbox) -> Connection:
    return put(instance, sandbox)


@pytest.fixture
def client(connection: Connection) -> Iterator[Client]:
    with connection.client() as opened:
        yield opened


def requests(sandbox: Sandbox, kind: str) -> int:
    """How many requests of that kind the API was sent."""
    count: int = sandbox.stats()["requests"].get("api", {}).get("by_kind", {}).get(kind, 0)
    return count
