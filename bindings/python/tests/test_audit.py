# SPDX-License-Identifier: Apache-2.0
"""The audit trail: who changed what, and that a change of it shows."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from conftest import put
from key_service import KeyService

from askel_s4 import CredentialExpired, Instance, InvalidArgument, KeyBytes

KEY, NEW = KeyBytes(bytes(32)), KeyBytes(b"\1" * 32)


def actions(instance, **options):
    return [entry["action"] for entry in instance.audit(**options)]


def test_who_did_what_stands_there(sandbox, tmp_path):
    begin = datetime.now(timezone.utc)
    with Instance(tmp_path / "vault", vault_key=KEY) as instance:
        connection = put(instance, sandbox, actor="anna@example.com")
        connection.check(actor="ben")
        instance.stage_connection("nordvik", client_secret=sandbox.rotate_secret(keep_old=True), actor="anna")
        connection.check(beside=True, actor="anna")
        connection.promote(actor="anna")
        connection.retire(actor="anna")
        with pytest.raises(CredentialExpired):
            put(instance, sandbox, "other", client_secret="wrong").check(actor="ben")
        instance.rotate_key(NEW, actor="carol")
        instance.rekey(actor="carol")
        instance.delete_connection("nordvik", actor="dave")
        entries = list(instance.audit())
        assert [each["entry"] for each in entries] == list(range(1, len(entries) + 1))
        told = [(each["actor"], each["action"], each["connection"]) for each in entries]
        for expected in [
            (None, "vault_created", None),
            ("anna@example.com", "put", "nordvik"),
            ("ben", "check", "nordvik"),
            ("anna", "stage", "nordvik"),
            ("anna", "promote", "nordvik"),
            ("anna", "retire", "nordvik"),
            ("carol", "rotate_started", None),
            ("carol", "rotate_ended", None),
            ("carol", "rekey_started", None),
            ("carol", "rekey_ended", None),
            ("dave", "delete", "nordvik"),
        ]:
            assert expected in told
        assert {each["result"] for each in entries if each["connection"] == "other"} > {"ok"}
        for each in entries:
            assert begin - timedelta(seconds=1) < datetime.fromisoformat(each["at"].replace("Z", "+00:00"))
        assert sandbox.client_secret not in json.dumps(entries)
        assert instance.vault_status()["audit_entries"] == len(entries)
        report = instance.audit_verify()
        assert (report["intact"], report["entries"], report["finding"]) == (True, len(entries), None)
        assert report["head"] == instance.audit_head()


def test_entries_are_chosen(sandbox, tmp_path):
    with Instance(tmp_path / "vault", vault_key=KEY) as instance:
        for id in ("one", "two", "one"):
            put(instance, sandbox, id)
        assert actions(instance) == ["vault_created", "put", "put", "put"]
        assert [each["entry"] for each in instance.audit(connection="one")] == [2, 4]
        assert [each["entry"] for each in instance.audit(after=2)] == [3, 4]
        assert actions(instance, connection="nobody") == []
        now = datetime.now(timezone.utc)
        assert len(actions(instance, since=now - timedelta(hours=1), before=now + timedelta(hours=1))) == 4
        assert actions(instance, since=now + timedelta(hours=1)) == []
        assert actions(instance, before="2020-01-01T00:00:00Z") == []
        with pytest.raises(InvalidArgument, match="time zone"):
            actions(instance, since=datetime(2026, 1, 1))


def test_more_entries_than_come_at_once(tmp_path):
    with Instance(tmp_path / "vault", vault_key=KEY) as instance:
        for number in range(1100):
            instance.put_connection(
                "c", "my300000-api.s4hana.cloud.sap", auth=1, user="u", password="p", actor=f"line\u2028{number}"
            )
        entries = list(instance.audit())
        assert [each["entry"] for each in entries] == list(range(1, 1102))
        assert entries[-1]["actor"] == "line\u20281099"


def test_an_earlier_file_put_back_shows(sandbox, tmp_path):
    vault = tmp_path / "vault"
    with Instance(vault, vault_key=KEY) as instance:
        put(instance, sandbox)
        instance.backup(tmp_path / "earlier")
        put(instance, sandbox)
        head = instance.audit_head()
        assert instance.audit_verify(head)["intact"]
        assert instance.audit_verify(json.dumps(head))["intact"]
    shutil.copy(tmp_path / "earlier", vault)
    with Instance(vault, vault_key=KEY) as instance:
        assert instance.audit_verify()["intact"]
        report = instance.audit_verify(head)
        assert not report["intact"] and report["finding"]
    with Instance(tmp_path / "another", vault_key=KEY) as instance, pytest.raises(InvalidArgument):
        instance.audit_verify(head)


def test_an_entry_that_was_changed_shows(sandbox, tmp_path):
    vault = tmp_path / "vault"
    with Instance(vault, vault_key=KEY) as instance:
        for _ in range(4):
            put(instance, sandbox)
    with closing(sqlite3.connect(vault)) as database, database:
        key = "audit/e/" + f"{3:016x}"
        (value,) = database.execute("SELECT value FROM record WHERE key = ?", (key,)).fetchone()
        database.execute(
            "UPDATE record SET value = ? WHERE key = ?", (value[:-1] + bytes([value[-1] ^ 1]), key)
        )
    with Instance(vault, vault_key=KEY) as instance:
        report = instance.audit_verify()
        assert (report["intact"], report["first_broken"]) == (False, 3)


def test_with_a_key_service_it_stays_verifiable_over_its_keys_too(sandbox, tmp_path):
    services = [KeyService(f"keys/{number}") for number in range(3)]
    with Instance(tmp_path / "vault", vault_key=services[0].key()) as instance:
        put(instance, sandbox, actor="anna")
        first = instance.audit_head()
        for service in services[1:]:
            instance.rotate_key(service.key())
            instance.rekey()
            put(instance, sandbox, actor="ben")
        count = len(actions(instance))
    # The last key alone opens what was written under each.
    with Instance(tmp_path / "vault", vault_key=services[2].key()) as instance:
        report = instance.audit_verify(first)
        assert (report["intact"], report["entries"]) == (True, count)
        assert actions(instance).count("put") == 3
    with closing(sqlite3.connect(tmp_path / "vault")) as database, database:
        database.execute("DELETE FROM record WHERE key = (SELECT min(key) FROM record WHERE key LIKE 'audit/e/%')")
    with Instance(tmp_path / "vault", vault_key=services[2].key()) as instance:
        report = instance.audit_verify()
        assert not report["intact"] and report["finding"]
