# SPDX-License-Identifier: Apache-2.0
"""Eight processes of four threads each at one vault: no update is lost, none waits for ever, none is turned away."""

from collections import Counter

import pytest
from c_programs import preload
from conftest import put
from vault_work import work_fixture  # noqa: F401

from askel_s4 import Instance

PROCESSES, THREADS = 8, 4
SECONDS = 20


def prove_two(work, sandbox):
    """A connection with two credentials that the tenant has accepted: they can change places at any time."""
    with Instance(work.folder / "vault.db", key_file=work.key) as instance:
        connection = put(instance, sandbox, "proven")
        connection.check()
        instance.stage_connection("proven", client_secret=sandbox.rotate_secret(keep_old=True))
        connection.check(beside=True)
        return Counter(entry["action"] for entry in instance.audit())


@pytest.mark.parametrize("rotation", ["-", "rotate"])
def test_no_update_is_lost_in_a_crowd(work, sandbox, rotation, record_property):
    other = work.other_key if rotation == "rotate" else None
    if rotation == "rotate":
        work.needs("rotate", other=other, vault=work.folder / "trial.db")
    work.run("share")
    done = prove_two(work, sandbox)
    processes = [
        work.start("crowd", SECONDS, THREADS, number, 1000 * number, rotation, other=other)
        for number in range(PROCESSES)
    ]
    puts, calls, slowest, rotated = Counter(), 0, 0, 0
    for process in processes:
        # SQLite's and the store's deadlines are ten seconds: who waits longer hangs.
        said = process.communicate(timeout=SECONDS + 30)[0]
        # Nobody is told that the vault is busy: that would be an error 10.
        assert process.returncode == 0, said[-2000:]
        for line in said.splitlines():
            what, id, count = line.split()
            if what == "puts":
                puts[id] += int(count)
            elif what == "done":
                done[id] += int(count)
            elif what == "calls":
                calls += int(count)
            elif what == "slowest_ms":
                slowest = max(slowest, int(count))
            rotated += what == "rotated"
    assert rotated == (rotation == "rotate")
    print(f"{calls} calls in {SECONDS} s; the slowest took {slowest} ms")
    record_property("calls", calls)
    record_property("slowest_ms", slowest)
    found = work.show(key=other).connections
    for id in [f"shared-{number}" for number in range(4)]:
        # One put was the test's own.
        assert found[id]["generation"] == puts.pop(id) + 1, id
    own = {id: each["generation"] for id, each in found.items() if id.startswith("own-")}
    assert own == {id: count for id, count in puts.items() if count}
    assert not [id for id in found if id.startswith("gone-")]
    assert all(each["beside"] is None for id, each in found.items() if id.startswith("second-"))
    # Each of two credentials that change places once for each promotion is where their number says.
    assert done["promote"] > 0
    assert (found["proven"]["generation"] < found["proven"]["beside"]["generation"]) == (done["promote"] % 2 == 0)
    with Instance(work.folder / "vault.db", key_file=other or work.key) as instance:
        assert instance.audit_verify()["intact"]
        told = Counter(entry["action"] for entry in instance.audit())
    assert {action: told[action] for action in done} == dict(done)


def test_a_slow_disk_starves_no_process(work, tmp_path):
    """One process hands SQLite's lock from thread to thread; the other has only the gaps between them to come in."""
    disk = preload("slow_disk", tmp_path)
    work.run("share")
    many, few = (work.start("crowd", 15, threads, threads, threads, "-", preload=disk) for threads in (5, 1))
    said = [process.communicate(timeout=90)[0] for process in (many, few)]
    assert [many.returncode, few.returncode] == [0, 0], said
