# SPDX-License-Identifier: Apache-2.0
"""Owns one object of the library, so that it is freed once and never while a thread is inside it."""

import threading
from ctypes import c_void_p, pointer
from typing import Any, Callable

from ._errors import Closed


class Handle:
    """An object that several threads may use at once: `with handle as pointer`. Closed while in use, it is freed when
    the last of them leaves."""

    def __init__(self, what: str, free: Callable[[c_void_p], None]) -> None:
        self._what = what
        self._free = free
        self._pointer = c_void_p()
        self._lock = threading.Lock()
        self._users = 0
        self._ended = False

    @property
    def out(self) -> Any:
        """For the function of the library that makes the object: it fills the handle itself, so that no exception
        can come in between and lose the object."""
        return pointer(self._pointer)

    def __enter__(self) -> c_void_p:
        with self._lock:
            if self._ended:
                raise Closed(f"this {self._what} was closed: open a new one")
            self._users += 1
        return self._pointer

    def __exit__(self, *_: Any) -> None:
        with self._lock:
            self._users -= 1
            last = self._ended and self._users == 0
        if last:
            self._free(self._pointer)

    @property
    def closed(self) -> bool:
        return self._ended

    def close(self) -> None:
        with self._lock:
            last = not self._ended and self._users == 0
            self._ended = True
        if last:
            self._free(self._pointer)

    def __del__(self) -> None:
        # Nobody else can hold the lock of an object without references, except a thread that fork() left behind in
        # the parent: then waiting for it would be for ever.
        if not hasattr(self, "_ended") or not self._lock.acquire(blocking=False):
            return
        last = not self._ended and self._users == 0
        self._ended = True
        self._lock.release()
        if last:
            self._free(self._pointer)


class ExclusiveHandle(Handle):
    """An object that wants one thread at a time: the next one waits."""

    def __init__(self, what: str, free: Callable[[c_void_p], None]) -> None:
        super().__init__(what, free)
        self._turn = threading.RLock()

    def __enter__(self) -> c_void_p:
        self._turn.acquire()
        try:
            return super().__enter__()
        except BaseException:
            self._turn.release()
            raise

    def __exit__(self, *_: Any) -> None:
        try:
            super().__exit__()
        finally:
            self._turn.release()
