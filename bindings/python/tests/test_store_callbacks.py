# SPDX-License-Identifier: Apache-2.0
"""The callbacks around a product's store: what they raise, how long they live, and what they may do."""

import contextlib
import gc
import os
import signal
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import put
from memory_store import MemoryStore

from askel_s4 import (
    Forked,
    Instance,
    InvalidArgument,
    VaultCorrupt,
    VaultKeyRefused,
    VaultUnavailable,
    _store,
)

KEY = bytes(32)


class Wired(MemoryStore):
    """A store whose methods a test can replace."""

    def __init__(self):
        super().__init__()
        self.instead = {}

    def _call(self, name, *arguments):
        return self.instead.get(name, getattr(super(), name))(*arguments)

    def get(self, key):
        return self._call("get", key)

    def list(self, prefix, after, limit):
        return self._call("list", prefix, after, limit)

    def commit(self, changes):
        return self._call("commit", changes)


@pytest.fixture
def store():
    return Wired()


@pytest.fixture
def instance(store, sandbox):
    with Instance(store=store, key=KEY) as opened:
        put(opened, sandbox)
        yield opened


def raising(exception):
    def fail(*_):
        raise exception

    return fail


@pytest.mark.parametrize("method", ["get", "list", "commit"])
def test_an_exception_is_the_cause_of_the_librarys_error(store, instance, sandbox, method):
    mistake = LookupError("no route\nto the database \0\ud800")
    store.instead[method] = raising(mistake)
    with pytest.raises(VaultUnavailable, match=r"in memory .*LookupError: no route to the database") as caught:
        instance.connections() if method == "list" else put(instance, sandbox)
    assert caught.value.__cause__ is mistake
    assert caught.value.retryable
    del store.instead[method]
    put(instance, sandbox).check()


@pytest.mark.parametrize("method", ["get", "list", "commit"])
def test_ctrl_c_is_raised_itself(store, instance, sandbox, method):
    store.instead[method] = raising(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        instance.connections() if method == "list" else put(instance, sandbox)
    del store.instead[method]
    assert len(instance.connections()) == 1


@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        ("get", 5, TypeError),
        ("get", (1,), ValueError),
        ("get", ("1", b""), ValueError),
        ("get", (0, b""), ValueError),
        ("get", (1 << 63, b""), ValueError),
        ("get", (1, "text"), TypeError),
        ("get", (1, None), TypeError),
        ("list", None, TypeError),
        ("list", [("a", 1)], ValueError),
        ("list", [("a\0", 1, b"")], ValueError),
        ("list", [(None, 1, b"")], AttributeError),
        ("commit", None, TypeError),
        ("commit", 1, TypeError),
    ],
)
def test_an_answer_of_a_wrong_type_is_told(store, instance, sandbox, method, answer, error):
    store.instead[method] = lambda *_: answer
    with pytest.raises(VaultUnavailable) as caught:
        instance.connections() if method == "list" else put(instance, sandbox)
    assert type(caught.value.__cause__) is error


@pytest.mark.parametrize(
    "answer",
    [
        [("connection/b", 1, b""), ("connection/a", 1, b"")],
        [("connection/a", 1, b""), ("connection/a", 1, b"")],
        [("other/a", 1, b"")],
        [("connection/ä", 1, b"")],
        [("connection/a", 1, bytes((3 << 20) + 1))],
        [(f"connection/{number:05}", 1, b"") for number in range(5000)],
    ],
)
def test_a_list_that_cannot_be_is_refused(store, instance, answer):
    store.instead["list"] = lambda *_: answer
    with pytest.raises((VaultUnavailable, VaultCorrupt), match=r"the store in memory|the product's store"):
        instance.connections()


def test_bytes_of_every_kind_are_taken(store, instance):
    store.instead["get"] = lambda key: (store.records[key][0], bytearray(store.records[key][1]))
    assert instance.connection("nordvik").state == "new"
    store.instead["get"] = lambda key: (store.records[key][0], memoryview(store.records[key][1]))
    assert instance.connection("nordvik").state == "new"


def test_a_store_lives_as_long_as_the_library_needs_it(sandbox):
    before = len(_store._held)
    store = MemoryStore()
    watched = weakref.ref(store)
    instance = Instance(store=store, key=KEY)
    client = put(instance, sandbox).client()
    del store
    gc.collect()
    assert watched() is not None
    assert len(_store._held) == before + 1
    instance.close()
    assert len(_store._held) == before
    del instance, client
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize(
    ("title", "options"),
    [
        ("the store", {"key": bytes(5)}),
        ("the store", {"key": KEY, "key_file": "/nowhere"}),
        ("the store", {"key": KEY, "vault": "/nowhere/vault.db"}),
        ("the store", {"key": KEY, "event_capacity": 1 << 20}),
        ("", {"key": KEY}),
        ("x" * 257, {"key": KEY}),
        ("two\nlines", {"key": KEY}),
    ],
)
def test_a_store_of_an_instance_that_did_not_open_is_let_go(store, title, options):
    before = len(_store._held)
    store.title = title
    with pytest.raises(InvalidArgument):
        Instance(store=store, **options)
    assert len(_store._held) == before
    assert store.records == {}


def test_a_store_behind_a_wrong_key_is_let_go(store, instance):
    before = len(_store._held)
    with pytest.raises(VaultKeyRefused):
        Instance(store=store, key=bytes(range(32)))
    store.instead["get"] = raising(OSError("gone"))
    with pytest.raises(VaultUnavailable, match="gone"):
        Instance(store=store, key=KEY)
    assert len(_store._held) == before


def test_what_is_no_store_is_told():
    with pytest.raises(TypeError, match=r"derived from askel_s4\.Store, not dict"):
        Instance(store={}, key=KEY)


def test_callbacks_run_on_the_callers_thread_and_several_at_once(store, instance):
    together = threading.Barrier(2)
    threads = set()

    def get(key):
        threads.add(threading.get_ident())
        together.wait(20)
        return MemoryStore.get(store, key)

    def ask(_):
        # Equally many callbacks each, so that they meet at every one of them.
        assert instance.connection("nordvik").id == "nordvik"
        return threading.get_ident()

    store.instead["get"] = get
    with ThreadPoolExecutor(2) as pool:
        assert threads == set(pool.map(ask, range(2)))


def test_a_callback_may_call_the_library_and_fork(store, instance, tmp_path):
    with Instance(tmp_path / "vault.db", key=KEY) as other:

        def get(key):
            with pytest.raises(InvalidArgument):
                other.connection("")
            assert other.connections() == []
            child = os.fork()
            if child == 0:
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            return MemoryStore.get(store, key)

        store.instead["get"] = get
        assert instance.connection("nordvik").id == "nordvik"


def test_a_child_of_a_fork_asks_nothing(store, instance):
    held = len(_store._held)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store.instead = {name: raising(SystemExit) for name in ("get", "list", "commit")}
            try:
                instance.connections()
            except Forked:
                instance.close()
                status = 0 if len(_store._held) == held else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert len(instance.connections()) == 1


def test_a_callback_that_ctrl_c_cuts_off_is_no_answer(store, instance, sandbox):
    """Ctrl-C that comes while the library is at work is raised before the next callback's first line, where nothing can
    catch it; ctypes then returns what an earlier callback left, which was success."""
    main, armed, ended = threading.get_ident(), [], []

    def interrupt():
        # Gets its turn when a callback has returned to the library, and keeps it until the signal is there.
        while not ended:
            if armed:
                armed.clear()
                signal.pthread_kill(main, signal.SIGINT)

    def counting(name):
        def run(*arguments):
            result = getattr(MemoryStore, name)(store, *arguments)
            left[0] -= 1
            if left[0] == 0:
                armed.append(name)
            return result

        return run

    store.instead = {name: counting(name) for name in ("get", "commit")}
    # Python tells there of what was cut off.
    sys.unraisablehook, hook = (lambda _: None), sys.unraisablehook
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        for round in range(80):
            left = [-1]
            before = instance.connection("nordvik").generation
            left = [round % 16 + 1]
            try:
                acknowledged = before + 1 if put(instance, sandbox) else 0
            except (KeyboardInterrupt, VaultUnavailable):
                acknowledged = 0
            finally:
                left = [-1]
            # Ctrl-C that found no callback comes now, or never.
            with contextlib.suppress(KeyboardInterrupt):
                time.sleep(0.002)
            assert instance.connection("nordvik").generation in (before, before + 1)
            assert instance.connection("nordvik").generation >= acknowledged
    finally:
        ended.append(True)
        thread.join()
        sys.unraisablehook = hook
    assert instance.audit_verify()["intact"]
