# SPDX-License-Identifier: Apache-2.0
"""One vault, wherever it is kept: in a file, in a store in memory, and in a PostgreSQL server."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SERVICE, put
from memory_store import MemoryStore
from stores import gone, postgres_fixture, table_fixture  # noqa: F401

from askel_s4 import Cancelled, Conflict, Instance, KeyBytes, NotFound, VaultKeyRefused

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


class Place:
    """Where a vault is kept, and instances on it."""

    def __init__(self, **options):
        self.options = options

    def open(self, key=OLD, **options):
        return Instance(**self.options, key=key, **options)

    def values(self):
        """All that somebody with the database has."""
        if "vault" in self.options:
            folder = self.options["vault"].parent
            return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
        return b"".join(key.encode() + value for key, _, value in self.options["store"].list("", None, 1000))


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        return Place(vault=tmp_path / "vault.db")
    return Place(store=MemoryStore() if request.param == "memory" else request.getfixturevalue("table"))


def test_a_connection_goes_through_its_life(place, sandbox):
    with place.open() as instance:
        assert instance.connections() == []
        put(instance, sandbox).check(actor="anna")
        put(instance, sandbox, "berg")
        with instance.connection("nordvik").client() as client:
            assert next(client.read(SERVICE, "A_SalesOrder", top=1))["SalesOrder"]
        assert [each.id for each in instance.connections()] == ["berg", "nordvik"]
        assert instance.vault_status()["storage"] == ("sqlite" if "vault" in place.options else "store")
    with place.open() as instance:
        assert instance.connection("nordvik").state == "active"
        instance.connection("nordvik").check()
        instance.delete_connection("nordvik", actor="anna")
        with pytest.raises(NotFound):
            instance.connection("nordvik")
        instance.check_vault()
        assert instance.vault_status()["connections"] == 1
    kept = place.values()
    for secret in (sandbox.client_secret, sandbox.client_id, "nordvik", "anna", "localhost"):
        assert secret.encode() not in kept


def test_a_secret_is_staged_proven_promoted_and_retired(place, sandbox):
    with place.open() as instance, place.open() as other:
        connection = put(instance, sandbox)
        connection.check()
        with pytest.raises(Conflict):
            connection.promote()
        instance.stage_connection("nordvik", client_secret="wrong", actor="anna")
        instance.stage_connection("nordvik", client_secret=sandbox.client_secret, actor="anna")
        with pytest.raises(Conflict):
            other.connection("nordvik").promote()
        other.connection("nordvik").check(beside=True)
        promoted = instance.connection("nordvik").promote(actor="anna")
        assert (promoted.generation, promoted.beside.role, promoted.beside.generation) == (3, "former", 1)
        other.connection("nordvik").check()
        assert other.connection("nordvik").retire().beside is None
        assert instance.connection("nordvik").generation == 3


def test_a_key_is_rotated_while_another_instance_works(place, sandbox):
    with place.open() as instance, place.open(other_key=KeyBytes(NEW)) as other:
        for number in range(12):
            put(instance, sandbox, f"c{number}")
        with pytest.raises(Cancelled):
            instance.rotate_key(KeyBytes(NEW), progress=lambda done, total: done < 5)
        assert instance.vault_status()["rotation"]["kind"] == "rotate"
        put(other, sandbox, "c1")
        told = []
        instance.rotate_key(KeyBytes(NEW), actor="anna", progress=lambda done, total: told.append((done, total)))
        assert told[-1][0] == told[-1][1]
        assert instance.vault_status()["key_version"] == 2
        assert instance.vault_status()["rotation"] is None
        for each in (instance, other):
            each.connection("c1").check()
            put(each, sandbox, "c2")
        instance.rekey(actor="anna")
        other.connection("c2").check()
        instance.check_vault()
        assert instance.audit_verify()["intact"]
    with pytest.raises(VaultKeyRefused):
        place.open()
    with place.open(NEW) as instance:
        instance.connection("c11").check()


def test_the_audit_trail_is_kept_and_verified(place, sandbox):
    with place.open() as instance:
        put(instance, sandbox, actor="anna")
        head = instance.audit_head()
        instance.connection("nordvik").check(actor="berta")
        put(instance, sandbox, "berg")
        instance.delete_connection("nordvik", actor="carla")
        actions = [(entry["action"], entry["actor"]) for entry in instance.audit(connection="nordvik")]
        assert actions == [("put", "anna"), ("check", "berta"), ("delete", "carla")]
        report = instance.audit_verify(head)
        assert report["intact"], report
        assert report["entries"] == instance.vault_status()["audit_entries"] == len(list(instance.audit()))
    if "store" not in place.options:
        return
    store = place.options["store"]
    entries = store.list("audit/e/", None, 100)
    assert store.commit([gone(entries[2][0], entries[2][1])])
    with place.open() as instance:
        report = instance.audit_verify(head)
        assert (report["intact"], report["first_broken"]) == (False, 3)


def test_no_put_of_two_instances_is_lost(place, sandbox):
    with place.open() as first, place.open() as second:
        for id in ("a", "b"):
            put(first, sandbox, id)

        def work(number):
            instance = (first, second)[number % 2]
            for round in range(6):
                put(instance, sandbox, "ab"[round % 2], actor=str(number))
                assert len(instance.connections()) == 2

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert [each.generation for each in second.connections()] == [25, 25]
        report = first.audit_verify()
        assert report["intact"], report
        assert sum(entry["action"] == "put" for entry in second.audit()) == 50


def test_a_vault_outlives_its_server(postgres, table, sandbox):
    place = Place(store=table)
    with place.open() as instance:
        put(instance, sandbox)
        postgres.restart(signal.SIGQUIT)
        instance.connection("nordvik").check()
        postgres.restart()
        put(instance, sandbox)
        assert instance.connection("nordvik").generation == 2
