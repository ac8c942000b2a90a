# SPDX-License-Identifier: Apache-2.0
"""A product's own database in place of the vault's file: the class to derive from, and the callbacks around it."""

from abc import ABC, abstractmethod
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_void_p,
    string_at,
)
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Iterable, Optional, Sequence, Tuple

from . import _callbacks
from ._ffi import lib
from ._structs import Options
from ._values import text_in


class StoreAction(IntEnum):
    """What is to happen to a record."""

    #: Make it, or give it a new value and version.
    PUT = 1
    DELETE = 2
    #: Leave it: only that it is still at the expected version counts.
    KEEP = 3


@dataclass(frozen=True)
class StoreChange:
    """One record's part in a change that comes whole or not at all."""

    action: StoreAction
    #: ASCII, 1 to 128 characters.
    key: str
    #: Version that the record has now; 0: there is no such record. Anything else is a conflict.
    expected_version: int
    #: PUT: the version to keep with the new value.
    version: int = 0
    #: PUT: at most 3 MiB.
    value: bytes = b""


class Store(ABC):
    """A product's own database in place of the vault's file. It keeps (key, version, value) and is never shown
    a secret: all values are sealed.

    Its methods run inside calls of the product, on their threads, several at once; they may take their time. What they
    raise ends the call: the library's error carries its text, and the exception itself as its cause. The instance does
    not close a store: that is the product's, after the instance.
    """

    #: What messages call it, 1 to 256 bytes: "PostgreSQL vault.product".
    title: str = "the product's store"

    @abstractmethod
    def get(self, key: str) -> Optional[Tuple[int, bytes]]:
        """Gives version and value of a record as it was last committed; None where there is none."""

    @abstractmethod
    def list(self, prefix: str, after: Optional[str], limit: int) -> Iterable[Tuple[str, int, bytes]]:
        """Gives key, version and value of the records whose keys begin with `prefix` and come after `after` (None: from
        the first on), in the order of the keys' bytes, at most `limit`."""

    @abstractmethod
    def commit(self, changes: Sequence[StoreChange]) -> bool:
        """Carries out all of the changes, durably, or none; they come in the order of their keys' bytes.

        :returns: False where a record is not at its expected version: the library reads again and comes back
        """


# The structs stand here, and not in _structs, because their members are the callbacks below.


class _Change(Structure):
    _fields_ = [
        ("action", c_int32),
        ("key", c_char_p),
        ("expected_version", c_int64),
        ("version", c_int64),
        # Values have no NUL byte at their end.
        ("value", c_void_p),
        ("size", c_size_t),
    ]


_Get = CFUNCTYPE(c_int, c_void_p, c_char_p, c_void_p)
_List = CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, c_size_t, c_void_p)
_Commit = CFUNCTYPE(c_int, c_void_p, POINTER(_Change), c_size_t, c_void_p)
_Free = CFUNCTYPE(None, c_void_p)


class StoreOptions(Options):
    _fields_ = [  # noqa: RUF012
        ("struct_size", c_size_t),
        ("title", c_char_p),
        ("get", _Get),
        ("list", _List),
        ("commit", _Commit),
        ("userdata", c_void_p),
        ("free_fn", _Free),
        ("confirms", c_int32),
    ]


_held: "_callbacks.Held[Store]" = _callbacks.Held()

_CONFLICT = 1


def _get(userdata: int, key: bytes, sink: int) -> int:
    try:
        found = _held[userdata].get(key.decode("ascii"))
        if found is not None:
            version, value = found
            _give(sink, key, version, value)
        return _done(sink)
    except BaseException as exception:
        return _callbacks.failed(sink, exception)


def _list(userdata: int, prefix: bytes, after: Optional[bytes], limit: int, sink: int) -> int:
    try:
        behind = None if after is None else after.decode("ascii")
        for key, version, value in _held[userdata].list(prefix.decode("ascii"), behind, limit):
            _give(sink, key.encode(), version, value)
        return _done(sink)
    except BaseException as exception:
        return _callbacks.failed(sink, exception)


def _commit(userdata: int, changes: Any, count: int, sink: int) -> int:
    try:
        result = _held[userdata].commit([_change(changes[index]) for index in range(count)])
        if result is True:
            return _done(sink)
        if result is False:
            return _CONFLICT
        raise TypeError(f"commit gives True, or False for a conflict, not {result!r}")
    except BaseException as exception:
        return _callbacks.failed(sink, exception)


def _change(change: _Change) -> StoreChange:
    value = string_at(change.value, change.size) if change.size else b""
    action = StoreAction(change.action)
    return StoreChange(action, change.key.decode("ascii"), change.expected_version, change.version, value)


def _give(sink: int, key: bytes, version: int, value: Any) -> None:
    data = bytes(memoryview(value))
    # ctypes would cut it to 64 bits.
    if not isinstance(version, int) or not 1 <= version < 1 << 63:
        raise ValueError(f"the record {key!r} has the version {version!r}, which no record has")
    if b"\0" in key:
        raise ValueError(f"the record {key!r} has a NUL character in its key")
    lib.sink_record(c_void_p(sink), key, version, data, len(data))


def _done(sink: int) -> int:
    # An exception before the first line of a callback (Ctrl-C, too deep a recursion) cannot be caught there, and ctypes
    # then returns what an earlier callback left. Without this call the library takes none for the end of the work.
    lib.sink_done(c_void_p(sink))
    return 0


_CALLBACKS = {
    "get": _callbacks.immortal(_Get, _get),
    "list": _callbacks.immortal(_List, _list),
    "commit": _callbacks.immortal(_Commit, _commit),
    "free_fn": _held.free_fn(_Free),
}


def store_in(store: Store) -> StoreOptions:
    """A struct for one askel_s4_instance_open, which takes the store and lets go of it when it needs it no more, also
    where it fails."""
    if not isinstance(store, Store):
        raise TypeError(f"store must be derived from askel_s4.Store, not {type(store).__name__}")
    title = text_in("title", store.title)
    return StoreOptions(title=title, userdata=_held.add(store), confirms=1, **_CALLBACKS)
