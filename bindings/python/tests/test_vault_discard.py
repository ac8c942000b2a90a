# SPDX-License-Identifier: Apache-2.0
"""Records that are no connection's of their vault: found before anything begins, and discarded by their key."""

import sqlite3

import pytest
from memory_store import MemoryStore

from askel_s4 import Auth, Conflict, Instance, InvalidArgument, KeyBytes, NotFound, VaultCorrupt

ORPHAN = "connection/" + "0a" * 16
HOST = "my300000-api.s4hana.cloud.sap"


class FileVault:
    def __init__(self, folder):
        self.where = {"vault": folder / "vault.db"}

    def add(self, key, value):
        with sqlite3.connect(self.where["vault"]) as file:
            file.execute("INSERT INTO record VALUES (?, 1, ?)", (key, value))
        file.close()


class StoreVault:
    def __init__(self, _):
        self.where = {"store": MemoryStore()}

    def add(self, key, value):
        self.where["store"].records[key] = (1, value)


@pytest.fixture(params=[FileVault, StoreVault])
def place(request, tmp_path):
    return request.param(tmp_path)


def test_an_orphan_is_in_the_way_until_it_is_discarded(place):
    with Instance(**place.where, vault_key=KeyBytes(b"k" * 32)) as instance:
        instance.put_connection("nordvik", HOST, auth=Auth.BASIC, user="u", password="p")
        place.add(ORPHAN, b"what was left of it")
        before = instance.audit_head()
        for ask in (instance.connections, instance.rekey, lambda: instance.rotate_key(KeyBytes(b"l" * 32))):
            with pytest.raises(VaultCorrupt, match="askel_s4_vault_discard") as caught:
                ask()
            assert caught.value.target == ORPHAN
        # Nothing has begun.
        assert instance.audit_head() == before
        instance.discard(caught.value.target, actor="anna")
        assert [each.id for each in instance.connections()] == ["nordvik"]
        with pytest.raises(NotFound):
            instance.connection("nobody")
        instance.rotate_key(KeyBytes(b"l" * 32))
        instance.rekey()
        entry = next(each for each in instance.audit() if each["action"] == "discard")
        assert (entry["actor"], entry["connection"], entry["result"]) == ("anna", None, ORPHAN)
        assert instance.audit_verify()["intact"]


def test_what_is_not_discarded(place):
    with Instance(**place.where, vault_key=KeyBytes(b"k" * 32)) as instance:
        instance.put_connection("nordvik", HOST, auth=Auth.BASIC, user="u", password="p")
        for key in ("vault", "audit/head", ""):
            with pytest.raises(InvalidArgument):
                instance.discard(key)
        with pytest.raises(NotFound):
            instance.discard(ORPHAN)
        if "store" in place.where:
            key = next(each for each in place.where["store"].records if each.startswith("connection/"))
            with pytest.raises(Conflict, match="nordvik"):
                instance.discard(key)
        assert instance.connection("nordvik")
