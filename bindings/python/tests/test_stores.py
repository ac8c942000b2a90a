# SPDX-License-Identifier: Apache-2.0
"""What every store of a product's has to do: in memory, and the example over a PostgreSQL server."""

import contextlib
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from memory_store import MemoryStore
from stores import PostgresStore, changed, gone, keep, keys, new, postgres_fixture, table_fixture, tables  # noqa: F401


@pytest.fixture(params=["memory", "postgresql"])
def store(request):
    return MemoryStore() if request.param == "memory" else request.getfixturevalue("table")


def test_a_record_goes_through_its_life(store):
    assert store.get("a") is None
    assert store.list("", None, 10) == []
    assert store.commit([new("a", b"one")]) is True
    assert store.get("a") == (1, b"one")
    assert store.commit([new("a", b"two")]) is False
    assert store.commit([changed("a", 2)]) is False
    assert store.commit([changed("a", 1, b"two")]) is True
    assert store.list("", None, 10) == [("a", 2, b"two")]
    assert store.commit([gone("a", 1)]) is False
    assert store.commit([changed("b", 1)]) is False
    assert store.commit([gone("a", 2)]) is True
    assert store.commit([gone("a", 2)]) is False
    assert store.get("a") is None
    assert store.commit([new("a", b"again")]) is True
    assert store.get("a") == (1, b"again")


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("wrong", [new("d"), changed("x", 1), gone("x", 1), keep("x", 1), keep("d", 0), keep("d", 4)])
def test_all_changes_come_or_none(store, wrong, position):
    assert store.commit([new("c", b"c"), new("d", b"d"), new("e", b"e")])
    before = store.list("", None, 10)
    changes = [new("a", b"a"), changed("c", 1, b"C"), gone("e", 1)]
    assert store.commit([*changes[:position], wrong, *changes[position:]]) is False
    assert store.list("", None, 10) == before
    assert store.commit([*changes, keep("d", 1), keep("x", 0)]) is True
    assert store.list("", None, 10) == [("a", 1, b"a"), ("c", 2, b"C"), ("d", 1, b"d")]


def test_a_list_goes_by_the_bytes_of_the_keys(store):
    names = ["vault", "audit/head", "audit/e/0a", "audit/e/0A", "audit/e/_", "audit/e-1", "audit/e/", "Audit/e/1"]
    names += ["b-c", "b/c", "bc", "B", "a%", "a_", "a\\", "a~", "a!", "z" * 128]
    assert store.commit([new(name, name.encode()) for name in sorted(names)])
    assert keys(store) == sorted(names)
    for prefix in ["audit/", "audit/e/", "audit/e", "Audit", "a", "a%", "a_", "a\\", "b-", "b", "z" * 128, "q"]:
        assert keys(store, prefix) == sorted(name for name in names if name.startswith(prefix)), prefix
    for limit in (1, 2, 5, 17, 18, 1000):
        found, after = [], None
        while page := keys(store, "", after, limit):
            assert len(page) <= limit
            found, after = found + page, page[-1]
        assert found == sorted(names)
    # A key that is not there is a place to go on from too.
    assert keys(store, "audit/", "audit/e/00", 2) == ["audit/e/0A", "audit/e/0a"]
    assert keys(store, "audit/", "zzz") == []


@pytest.mark.parametrize("value", [b"", b"\0", bytes(range(256)), b"\\x41", os.urandom(1 << 20), os.urandom(3 << 20)])
def test_a_value_comes_back_as_it_was(store, value):
    assert store.commit([new("a", value)])
    assert store.get("a") == (1, value)
    assert store.list("a", None, 1) == [("a", 1, value)]
    assert store.commit([changed("a", 1, value[:1])])
    assert store.get("a") == (2, value[:1])


def test_no_update_of_eight_threads_is_lost(store):
    conflicts = []

    def count(number):
        for _ in range(25):
            while True:
                version, value = store.get("count") or (0, b"0")
                count = str(int(value) + 1)
                step = changed("count", version, count.encode()) if version else new("count", count.encode())
                if store.commit([step, new(f"e/{count}")]):
                    break
                conflicts.append(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert store.get("count") == (200, b"200")
    assert len(keys(store, "e/")) == 200


def test_no_reader_sees_half_a_change(store):
    names = [f"k/{number}" for number in range(20)]
    assert store.commit([new(name, b"1") for name in sorted(names)])

    def write():
        for version in range(1, 60):
            assert store.commit([changed(name, version, str(version + 1).encode()) for name in sorted(names)])

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        seen = []
        while not seen or not written.done():
            seen.append({(version, value) for _, version, value in store.list("k/", None, 100)})
        written.result()
    assert {len(each) for each in seen} == {1}


@pytest.mark.parametrize("there", [False, True])
def test_what_was_kept_is_as_it_was(store, there):
    """Two that each write what the other one relies upon: one comes, or none, never both (write skew)."""
    barrier = threading.Barrier(2)

    def write(round, own, other):
        mine = (changed if there else new)(f"{round}/{own}", *([1] if there else []))
        changes = sorted([mine, keep(f"{round}/{other}", int(there))], key=lambda change: change.key)
        barrier.wait(20)
        return store.commit(changes)

    came = []
    with ThreadPoolExecutor(2) as pool:
        for round in range(60):
            if there:
                assert store.commit([new(f"{round}/a"), new(f"{round}/b")])
            first, second = pool.submit(write, round, "a", "b"), pool.submit(write, round, "b", "a")
            came.append(first.result(20) + second.result(20))
    assert max(came) == 1
    assert came.count(1) > 0


# -- The example over PostgreSQL


def acknowledged(table, first, last):
    for number in range(first, last):
        assert table.commit([new(f"k/{number}", b"x" * 1000)])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_a_restarted_server_is_connected_to_again(postgres, table, how):
    # The server acknowledges before it writes (synchronous_commit=off): what a crash spares, the example has asked for.
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: acknowledged(table, part * 50, part * 50 + 50), range(4)))
    postgres.restart(how)
    assert len(keys(table, "k/")) == 200
    postgres.restart(how)
    assert table.get("k/1") == (1, b"x" * 1000)
    postgres.restart(how)
    assert table.commit([changed("k/1", 1)])


def test_a_server_that_is_away_is_told_at_once(postgres, table):
    postgres.stop()
    try:
        for use in (lambda: table.get("a"), lambda: table.list("", None, 1), lambda: table.commit([new("a")])):
            with pytest.raises(psycopg.OperationalError):
                use()
    finally:
        postgres.start()
    assert table.commit([new("a")])


@pytest.mark.parametrize("landed", [True, False])
def test_a_commit_whose_answer_was_lost_comes_once(table, monkeypatch, landed):
    commit = table._commit
    lost = [True]

    def cut_off(connection, changes):
        if not lost:
            return commit(connection, changes)
        lost.pop()
        if landed:
            commit(connection, changes)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(table, "_commit", cut_off)
    assert table.commit([new("a", b"sealed"), keep("b", 0)]) is True
    assert table.get("a") == (1, b"sealed")
    lost.append(True)
    # Another writer's is a conflict all the same.
    assert table.commit([new("a", b"sealed by another")]) is False


def test_two_that_begin_at_once_make_one_table(postgres):
    name = next(tables)
    with ThreadPoolExecutor(6) as pool, contextlib.ExitStack() as opened:
        stores = list(pool.map(lambda _: PostgresStore(postgres.dsn, table=name, connections=1), range(6)))
        for each in stores:
            opened.enter_context(each)
        # More threads than connections wait their turn.
        assert sum(pool.map(lambda number: stores[0].commit([new(f"k/{number}")]), range(40))) == 40
        assert len(keys(stores[5])) == 40
    with pytest.raises(RuntimeError, match="closed"):
        stores[0].get("k/1")
