# SPDX-License-Identifier: Apache-2.0
"""Stores for the tests, one in memory and one in a PostgreSQL server, and what is written to them."""

import itertools
import pathlib
import sys

import pytest
from postgres_server import PostgresServer

from askel_s4 import StoreAction, StoreChange

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

from postgres_store import PostgresStore

#: Names for tables, which are not to be taken for anything else than names.
tables = (f'Vault "{number}"' for number in itertools.count())


@pytest.fixture(name="postgres", scope="session")
def postgres_fixture():
    with PostgresServer() as running:
        yield running


@pytest.fixture(name="table")
def table_fixture(postgres):
    with PostgresStore(postgres.dsn, table=next(tables)) as opened:
        yield opened


def new(key, value=b""):
    return StoreChange(StoreAction.PUT, key, 0, 1, value)


def changed(key, version, value=b""):
    return StoreChange(StoreAction.PUT, key, version, version + 1, value)


def keep(key, version):
    return StoreChange(StoreAction.KEEP, key, version)


def gone(key, version):
    return StoreChange(StoreAction.DELETE, key, version)


def keys(store, prefix="", after=None, limit=1000):
    return [key for key, _, _ in store.list(prefix, after, limit)]
