# SPDX-License-Identifier: Apache-2.0
"""The vault as a whole: its key replaced, copies of it, looking through it, and reading it without writing."""

import os
import shutil
import threading

import pytest
from conftest import SERVICE, put
from key_service import KeyService

from askel_s4 import (
    Cancelled,
    Closed,
    Conflict,
    Instance,
    InvalidArgument,
    KeyBytes,
    KeyFile,
    Passphrase,
    VaultCorrupt,
    VaultError,
    VaultKeyRefused,
    VaultUnavailable,
)

OLD, NEW, THIRD = (KeyBytes(bytes([number] * 32)) for number in (1, 2, 3))
# More than are moved in one step.
MANY = 150


@pytest.fixture
def vault(tmp_path):
    return tmp_path / "vault"


@pytest.fixture
def opened(vault):
    with Instance(vault, vault_key=OLD) as instance:
        yield instance


def fill(instance, count=MANY):
    for number in range(count):
        instance.put_connection(
            f"customer-{number:03}",
            "my300000-api.s4hana.cloud.sap",
            token_url="https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token",
            client_id="client",
            client_secret=f"secret {number}",
        )


def test_status_members_are_all_described(opened):
    text = Instance.vault_status.__doc__
    assert [name for name in opened.vault_status() if f'"{name}"' not in text] == []


def test_status(opened):
    fill(opened, 2)
    status = opened.vault_status()
    assert status["vault_id"] == opened.status()["vault_id"]
    assert (status["storage"], status["connections"], status["key"], status["key_version"]) == ("sqlite", 2, "bytes", 1)
    assert (status["rotation"], status["former_key_version"], status["read_only"]) == (None, None, False)
    assert status["audit_entries"] == 3
    assert isinstance(opened.status()["memory_locked"], bool)


@pytest.mark.parametrize("kind", ["file", "bytes", "passphrase", "service"])
def test_after_a_rotation_the_new_key_alone_opens(sandbox, vault, opened, tmp_path, kind):
    path = tmp_path / "new key"
    Instance.create_key_file(path)
    new = {
        "file": KeyFile(path),
        "bytes": NEW,
        "passphrase": Passphrase("correct horse"),
        "service": KeyService().key(),
    }[kind]
    put(opened, sandbox)
    told = []
    opened.rotate_key(new, actor="anna", progress=lambda *each: told.append(each))
    assert told[0] == (0, 1) and told[-1] == (1, 1)
    status = opened.vault_status()
    assert (status["key_version"], status["key"], status["rotation"]) == (2, kind, None)
    assert opened.connection("nordvik").check().state == "active"
    with pytest.raises(VaultKeyRefused):
        Instance(vault, vault_key=OLD)
    with Instance(vault, vault_key=new) as again:
        assert again.connection("nordvik").check().state == "active"


def test_a_rotation_from_one_service_to_another(sandbox, vault):
    first, second = KeyService("first"), KeyService("second")
    with Instance(vault, vault_key=first.key()) as instance:
        put(instance, sandbox)
        instance.rotate_key(second.key())
    first.failure = ConnectionError("it is gone")
    with Instance(vault, vault_key=second.key()) as instance:
        instance.connection("nordvik").check()


def test_a_cancelled_rotation_goes_on_with_the_same_key_alone(vault, opened):
    fill(opened)
    with pytest.raises(Cancelled):
        opened.rotate_key(NEW, progress=lambda done, total: done == 0)
    status = opened.vault_status()
    assert status["rotation"]["kind"] == "rotate"
    assert 0 < status["rotation"]["done"] < status["rotation"]["total"] == MANY
    assert (status["key_version"], status["former_key_version"]) == (2, 1)
    with pytest.raises(Conflict):
        opened.rotate_key(THIRD)
    with pytest.raises(Conflict):
        opened.rekey()
    with Instance(vault, vault_key=NEW, other_key=OLD) as other:
        told = []
        other.rotate_key(NEW, progress=lambda done, total: told.append(done))
        assert told[0] == status["rotation"]["done"] and told[-1] == MANY
        assert other.vault_status()["rotation"] is None
    assert len(opened.connections()) == MANY
    with pytest.raises(VaultKeyRefused):
        Instance(vault, vault_key=OLD)


def test_an_exception_cancels_and_is_raised_again(opened):
    fill(opened)

    def fail(done, total):
        if done:
            raise RuntimeError("no more")

    for kind in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(kind) as caught:
            opened.rotate_key(NEW, progress=fail if kind is RuntimeError else interrupt)
        assert isinstance(caught.value.__context__, Cancelled)
    assert opened.vault_status()["rotation"]["done"] > 0
    opened.rotate_key(NEW)
    assert opened.vault_status()["rotation"] is None


def interrupt(done, total):
    raise KeyboardInterrupt


def test_a_key_that_is_down_in_the_middle_is_told(opened):
    fill(opened)
    service = KeyService()

    def fail(done, total):
        if done:
            service.failure = ConnectionError("down")

    with pytest.raises(ConnectionError):
        opened.rotate_key(service.key(), progress=fail)
    service.failure = None
    opened.rotate_key(service.key())
    assert opened.vault_status()["key"] == "service"
    opened.check_vault()


def test_processes_that_have_the_new_key_go_on(sandbox, vault, opened):
    connection = put(opened, sandbox)
    with Instance(vault, vault_key=OLD, other_key=NEW) as other, Instance(vault, vault_key=OLD) as third:
        third.add_key(NEW)
        with other.connection("nordvik").client() as client:
            rows = iter(client.read(SERVICE, "A_SalesOrder", top=30, page_size=10))
            next(rows)
            opened.rotate_key(NEW)
            assert sum(1 for _ in rows) == 29
        for instance in (other, third):
            assert instance.connection("nordvik").check().state == "active"
            put(instance, sandbox)
    assert connection.check().state == "active"


def test_work_goes_on_beside_a_rotation(sandbox, opened):
    fill(opened)
    connection = put(opened, sandbox)
    failures = []

    def work():
        try:
            while not ended.is_set():
                connection.check()
                put(opened, sandbox, "another")
        except BaseException as error:
            failures.append(error)

    ended = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    for key in (NEW, THIRD, OLD):
        opened.rotate_key(key)
    opened.rekey()
    ended.set()
    thread.join()
    assert failures == []
    opened.check_vault()


def test_a_rekey_is_told_and_leaves_all_as_it_is(sandbox, vault, opened):
    fill(opened)
    put(opened, sandbox)
    with pytest.raises(Cancelled):
        opened.rekey(progress=lambda done, total: done < 64)
    assert opened.vault_status()["rotation"]["kind"] == "rekey"
    told = []
    opened.rekey(actor="anna", progress=lambda *each: told.append(each))
    assert told[-1] == (MANY + 1, MANY + 1)
    assert opened.vault_status()["rotation"] is None
    assert opened.connection("nordvik").check().state == "active"
    opened.check_vault()


def test_what_no_key_is(opened):
    for wrong in (None, b"bytes", "text"):
        for use in (opened.rotate_key, opened.add_key):
            with pytest.raises((TypeError, InvalidArgument), match=r"key"):
                use(wrong)
    with pytest.raises(InvalidArgument):
        opened.rotate_key(NEW, actor="x" * 257)
    opened.close()
    for use in (opened.vault_status, opened.rekey, opened.check_vault, lambda: opened.rotate_key(KeyService().key())):
        with pytest.raises(Closed):
            use()


def test_a_backup_opens(sandbox, opened, tmp_path):
    put(opened, sandbox)
    copy = tmp_path / "copy"
    opened.backup(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with Instance(copy, vault_key=OLD) as instance:
        assert instance.connection("nordvik").check().state == "active"
        assert instance.vault_status()["vault_id"] == opened.vault_status()["vault_id"]
    with pytest.raises(VaultUnavailable):
        opened.backup(copy)
    with pytest.raises(VaultError):
        opened.backup(tmp_path / "no such directory" / "copy")


def test_damage_is_found(vault, opened, tmp_path):
    fill(opened, 3)
    opened.check_vault()
    copy = tmp_path / "copy"
    opened.backup(copy)
    import sqlite3

    with sqlite3.connect(copy) as database:
        database.execute("UPDATE record SET value = zeroblob(100) WHERE key LIKE 'connection/%'")
    database.close()
    with Instance(copy, vault_key=OLD) as instance, pytest.raises(VaultCorrupt):
        instance.check_vault()
    shutil.copy(copy, tmp_path / "torn")
    with open(tmp_path / "torn", "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8192))
    with pytest.raises(VaultError):
        Instance(tmp_path / "torn", vault_key=OLD, check=True)


def test_nothing_is_written_to_a_vault_that_is_read_only(sandbox, vault):
    with Instance(vault, vault_key=OLD) as instance:
        put(instance, sandbox)
    vault.chmod(0o444)
    before = vault.read_bytes()
    with Instance(vault, vault_key=OLD, read_only=True, check=True) as instance:
        connection = instance.connection("nordvik")
        assert connection.check().state == "active"
        with connection.client() as client:
            assert sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=5)) == 5
        status = instance.vault_status()
        assert status["read_only"] and status["read_only_reason"]
        for change in (lambda: put(instance, sandbox), instance.rekey, lambda: instance.rotate_key(NEW)):
            with pytest.raises(VaultUnavailable):
                change()
    assert vault.read_bytes() == before


def test_a_vault_or_a_store_is_given():
    with pytest.raises(InvalidArgument):
        Instance(vault_key=OLD)
