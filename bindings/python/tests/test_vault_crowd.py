# SPDX-License-Identifier: Apache-2.0
"""Eight processes of four threads each at one vault: no update is lost, none waits for ever, none is turned away."""

import os
from collections import Counter

import pytest
from c_programs import preload
from vault_work import work_fixture  # noqa: F401

PROCESSES, THREADS = 8, 4
SECONDS = 20 if os.environ.get("ASKEL_S4_SOAK") else 5


@pytest.mark.parametrize("rotation", ["-", "rotate"])
def test_no_update_is_lost_in_a_crowd(work, rotation, record_property):
    other = work.other_key if rotation == "rotate" else None
    if rotation == "rotate":
        work.needs("rotate", other=other, vault=work.folder / "trial.db")
    work.run("share")
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


def test_a_slow_disk_starves_no_process(work, tmp_path):
    """One process hands SQLite's lock from thread to thread; the other has only the gaps between them to come in."""
    disk = preload("slow_disk", tmp_path)
    work.run("share")
    many, few = (work.start("crowd", 15, threads, threads, threads, "-", preload=disk) for threads in (5, 1))
    said = [process.communicate(timeout=90)[0] for process in (many, few)]
    assert [many.returncode, few.returncode] == [0, 0], said
