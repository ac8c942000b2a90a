# SPDX-License-Identifier: Apache-2.0
"""2,000 flipped bits and 200 cut ends of a vault's file and its log: the right value or a clear error, nothing else."""

import os
import tempfile
import time
from pathlib import Path

import pytest
from vault_work import work_fixture  # noqa: F401

SEED = int(os.environ.get("ASKEL_S4_SEED", time.time_ns() % 1_000_000))
COUNTS = {"flip": 1_000, "cut": 100}
BATCHES = 4


@pytest.fixture
def quick():
    """A folder in memory, where there is one: each damaged copy is written, and a log written back."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.mark.parametrize("where", ["db", "wal"])
@pytest.mark.parametrize("how", ["flip", "cut"])
def test_damage_is_refused_or_harmless(work, quick, where, how, record_property):
    # 20 connections; with a log, the file holds the first generation of each, and the log two more.
    work.run("fill", 20, 1)
    pristine, newest, oldest = work.folder / "vault.db", 1, 1
    if where == "wal":
        # What SQLite takes for the end of its log may come earlier: then an older put is the last.
        pristine, newest, oldest = work.folder / "copied.db", 3, 1
        work.run("copy", pristine)
    right = refused = 0
    for batch in range(BATCHES):
        seed = SEED + batch
        print(f"seed {seed}")
        # In a process of its own: a crash ends that one, and an alarm what hangs.
        arguments = (pristine, seed, COUNTS[how] // BATCHES, how, where, newest, oldest)
        said = work.run("damage", *arguments, vault=quick / "damaged.db", seconds=120)
        values = said.split()
        right, refused = right + int(values[1]), refused + int(values[3])
    print(f"{how} {where}: {right} answers were right, {refused} refused")
    record_property("right", right)
    record_property("refused", refused)
    assert right > 0 and (refused > 0 or where == "wal")
