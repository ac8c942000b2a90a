# SPDX-License-Identifier: Apache-2.0
"""A copy that is put in the place of a vault that processes have open: what they acknowledge from then on is in it."""

import contextlib
import os
import subprocess
import sys
import threading

import pytest

from askel_s4 import Auth, Instance, NotFound, VaultUnavailable

# Answers each line of its input with one of its output.
PROCESS = """
import sys
from askel_s4 import AskelError, Auth, Instance
with Instance(sys.argv[1], key_file=sys.argv[2]) as vault:
    print("open", flush=True)
    for line in sys.stdin:
        verb, *ids = line.split()
        try:
            if verb == "put":
                for id in ids:
                    vault.put_connection(id, "my300000-api.s4hana.cloud.sap", auth=Auth.BASIC, user="u", password="p")
            print(*[each.id for each in vault.connections()], flush=True)
        except AskelError as error:
            print("error", error.code.name, error, flush=True)
"""


class Process:
    """Another process that has the vault open."""

    def __init__(self, vault, key):
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, vault, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "open\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def ask(self, *words):
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


def put(instance, id):
    return instance.put_connection(id, "my300000-api.s4hana.cloud.sap", auth=Auth.BASIC, user="u", password="p")


@pytest.fixture
def places(tmp_path):
    Instance.create_key_file(tmp_path / "key")
    return str(tmp_path / "vault.db"), str(tmp_path / "key"), str(tmp_path / "copy")


def fresh(vault, key):
    with Process(vault, key) as process:
        return process.ask("list").split()


@pytest.mark.parametrize("removed", [[], ["-wal", "-shm"]])
def test_every_process_goes_over_to_the_copy(places, removed):
    vault, key, copy = places
    with Instance(vault, key_file=key) as instance, Process(vault, key) as other:
        put(instance, "kept")
        instance.backup(copy)
        put(instance, "lost")
        assert other.ask("put", "lost-too") == "kept lost lost-too"
        for suffix in removed:
            os.unlink(vault + suffix)
        os.replace(copy, vault)
        put(instance, "after")
        with pytest.raises(NotFound):
            instance.connection("lost")
        assert other.ask("put", "b") == "after b kept"
        assert [each.id for each in instance.connections()] == ["after", "b", "kept"]
        assert fresh(vault, key) == ["after", "b", "kept"]
        instance.check_vault()
    assert fresh(vault, key) == ["after", "b", "kept"]


def test_a_missing_vault_is_missed_by_all_and_made_by_none(places):
    vault, key, copy = places
    with Instance(vault, key_file=key) as instance, Process(vault, key) as other:
        put(instance, "kept")
        instance.backup(copy)
        assert other.ask("list") == "kept"
        os.unlink(vault)
        for ask in (lambda: instance.connection("kept"), lambda: put(instance, "x"), instance.vault_status):
            with pytest.raises(VaultUnavailable, match="put it back") as caught:
                ask()
            assert caught.value.retryable
        assert other.ask("put", "x").startswith("error VAULT_UNAVAILABLE")
        assert not os.path.exists(vault)
        os.replace(copy, vault)
        put(instance, "after")
        assert other.ask("put", "b") == "after b kept"


def test_busy_processes_lose_nothing_that_they_acknowledge(places):
    vault, key, copy = places
    rounds = 10
    with Instance(vault, key_file=key) as instance, Process(vault, key) as other:
        put(instance, "kept")
        for number in range(rounds):
            instance.backup(f"{copy}{number}")
        over = threading.Event()
        problems = []

        def work(number):
            try:
                while not over.is_set():
                    # It is read back, and the copy that came in between has it not.
                    with contextlib.suppress(NotFound):
                        put(instance, f"thread-{number}")
                    assert instance.connection("kept")
                put(instance, f"end-{number}")
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for number in range(rounds):
            os.replace(f"{copy}{number}", vault)
            assert f"b{number}" in other.ask("put", f"b{number}").split()
            assert instance.connection(f"b{number}").id == f"b{number}"
        over.set()
        for thread in threads:
            thread.join()
        assert problems == []
        expected = {"kept", f"b{rounds - 1}", "end-0", "end-1", "end-2"}
        assert expected <= set(fresh(vault, key))
        assert instance.audit_verify()["intact"]
