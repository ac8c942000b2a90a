# SPDX-License-Identifier: Apache-2.0
"""A vault in a bad place: refused, or degraded with the status saying so, with a message that says what to do. What was
stored before stays readable."""

import ctypes
import json
import os
import re
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from c_programs import UNABLE
from vault_work import Work, work_fixture  # noqa: F401

UNAVAILABLE, KEY_REFUSED = 10, 11
# What a message may tell people to do.
ADVICE = re.compile(r"[:;] (give|make|free|chmod|use|open|put|restore|look|try|this process needs) ")


def refusal(said: str, code: int) -> str:
    """The message of an error with that code."""
    found = re.search(r"^error (\d+) (?:\w+): (.*)$", said, re.M)
    assert found, said
    message = found.group(2)
    assert int(found.group(1)) == code, said
    assert ADVICE.search(message), f"says not what to do: {message}"
    print(message)
    return message


@pytest.fixture
def filled(work: Work) -> Work:
    work.run("fill", 20, 1)
    return work


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    """A place for mounts that this test's processes alone see."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting needs root")
    place = tmp_path / "mounted"
    place.mkdir()
    trial = f"mount -t tmpfs none '{place}'"
    if subprocess.run(["unshare", "-m", "sh", "-c", trial], capture_output=True).returncode != 0:
        pytest.skip("this host lets nobody mount")
    return place


def mounted(script: str, *command: object) -> "subprocess.CompletedProcess[str]":
    """Runs a shell script, with the command as its "$@", in a mount namespace of its own."""
    return subprocess.run(
        ["unshare", "-m", "sh", "-euc", script, "sh", *map(str, command)], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=60,
    )  # fmt: skip


def before(shown):
    return {id: (each["generation"], each["client_id"], each["scope"]) for id, each in shown.connections.items()}


@pytest.mark.parametrize("size", [4_096, 40_960])
def test_a_limit_on_file_sizes_refuses_puts_and_keeps_the_rest(filled, size):
    stored = before(filled.show())

    def limit():
        # As a product has it whose runtime ignores the signal; Python and Go do.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = filled.attempt("fill", 200, 1, preexec=limit)
    message = refusal(done.stdout, UNAVAILABLE)
    assert any(word in message for word in ("disk", "full", "limit")), message
    # Puts before the one that had no place may have come through: they are second generations of the same.
    found = before(filled.show())
    for id, (_, client_id, scope) in stored.items():
        assert found[id][0] in (1, 2) and found[id][1:] == (client_id, scope)
    filled.run("fill", 200, 1)
    assert len(filled.show().connections) == 200


def test_a_full_disk_refuses_puts_and_keeps_the_rest(work, mounts):
    vault = mounts / "vault.db"
    script = """
    work=$1 vault=$2 key=$3 folder=$4
    mount -t tmpfs -o size=600k none "$folder"
    "$work" fill "$vault" "$key" - 20 1
    "$work" fill "$vault" "$key" - 2000 1 && echo "wrong: all of it fits"
    "$work" show "$vault" "$key" -
    dd if=/dev/zero of="$folder/rest" bs=4096 2> /dev/null || true
    # All that SQLite wants for a look is to be made anew now, and has no place.
    status=0; "$work" show "$vault" "$key" - > "$folder/../full" || status=$?; echo "full: $status"
    rm "$folder/rest"
    "$work" show "$vault" "$key" -
    """
    done = mounted(script, work.built, vault, work.key, mounts)
    assert done.returncode == 0, done.stdout[-3000:]
    refused, status, first, opened, full, _, last, _ = done.stdout.splitlines()
    assert "full" in refusal(refused, UNAVAILABLE)
    assert before(work.shown(f"{status}\n{first}\n{opened}")).keys() >= {"customer-0000", "customer-0019"}
    assert json.loads(first) == json.loads(last)
    # On the full disk itself: readable, or refused with the reason; never a crash.
    assert full in ("full: 0", "full: 1"), full
    print(full)
    if full == "full: 1":
        refusal((work.folder / "full").read_text(), UNAVAILABLE)


READ_ONLY = """
    folder=$1 from=$2; shift 2
    mount -t tmpfs none "$folder"
    cp -p "$from/vault.db" "$from/key" "$folder"
    mount -o remount,ro "$folder"
    "$@"
"""


def test_a_read_only_file_system_says_so(filled, mounts):
    put = filled.command("put", 3, 2, vault=mounts / "vault.db", key=mounts / "key")
    done = mounted(READ_ONLY, mounts, filled.folder, *put)
    message = refusal(done.stdout, UNAVAILABLE)
    assert done.returncode == 1 and ("read-only" in message or "to read and write the file" in message)


@pytest.mark.parametrize("mode", [0o600, 0o444])
def test_a_vault_opened_for_reading_alone_needs_no_writable_place(filled, mounts, mode):
    stored = before(filled.show())
    (filled.folder / "vault.db").chmod(mode)
    show = filled.command("show_read_only", vault=mounts / "vault.db", key=mounts / "key")
    done = mounted(READ_ONLY, mounts, filled.folder, *show)
    if done.returncode == UNABLE:
        pytest.skip("this library opens no vault for reading alone yet")
    assert done.returncode == 0, done.stdout
    assert before(filled.shown(done.stdout)) == stored


def test_a_missing_directory_is_named(work):
    missing = work.folder / "missing"
    assert str(missing) in refusal(work.attempt("put", 1, 1, vault=missing / "vault.db").stdout, UNAVAILABLE)
    assert not missing.exists()


def test_a_symbolic_link_is_refused(filled):
    stored = before(filled.show())
    link = filled.folder / "link.db"
    link.symlink_to(filled.folder / "vault.db")
    assert "link" in refusal(filled.attempt("put", 3, 2, vault=link).stdout, UNAVAILABLE)
    dangling = filled.folder / "dangling.db"
    dangling.symlink_to(filled.folder / "elsewhere.db")
    assert "link" in refusal(filled.attempt("put", 3, 2, vault=dangling).stdout, UNAVAILABLE)
    assert not (filled.folder / "elsewhere.db").exists()
    assert before(filled.show()) == stored


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(filled, mode):
    stored = before(filled.show())
    vault = filled.folder / "vault.db"
    vault.chmod(mode)
    assert "600" in refusal(filled.attempt("put", 3, 2).stdout, UNAVAILABLE)
    vault.chmod(0o600)
    filled.key.chmod(mode)
    assert "600" in refusal(filled.attempt("put", 3, 2).stdout, KEY_REFUSED)
    filled.key.chmod(0o400)
    assert before(filled.show()) == stored


def test_no_lockable_memory_is_no_obstacle_and_told(filled):
    stored = before(filled.show())

    def limit():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        # Root's right to lock beyond the limit (PR_CAPBSET_DROP of CAP_IPC_LOCK) is gone with the exec that follows.
        ctypes.CDLL(None).prctl(24, 14, 0, 0, 0)

    filled.run("put", 3, 2, preexec=limit)
    shown = filled.show(preexec=limit)
    assert before(shown) == {**stored, "customer-0003": (2, "client-3-2", "s-3-2")}
    if "memory_locked" not in shown.status:
        pytest.skip("works; this library's status does not tell of locked memory yet")
    assert shown.status["memory_locked"] is False
    assert filled.show().status["memory_locked"] is True
