# SPDX-License-Identifier: Apache-2.0
"""Callbacks of the product: what the library holds of it, and the exceptions, none of which may pass through
the library: they wait here until the call that made them is over."""

import itertools
import threading
from ctypes import c_void_p, py_object, pythonapi
from typing import Any, Callable, Dict, Generic, Optional, TypeVar

from ._ffi import lib

# What a failed callback returns: neither 0 nor a number that means something.
FAILED = -1

_Object = TypeVar("_Object")


class Caught:
    """What a callback raised."""

    def __init__(self, exception: BaseException, raised_for: Optional[int]) -> None:
        self.exception = exception
        self.raised_for = raised_for

    def end(self, error: Any) -> None:
        """At the end of the call, which came to this error of the library, or to None: raises the exception again, with
        the error as its context, or makes it the error's cause. What is no failure, as Ctrl-C, is always raised;
        a failure that the library got over is forgotten."""
        if isinstance(self.exception, Exception):
            if error is None:
                return
            if self.raised_for is None:
                error.__cause__ = self.exception
                return
            if error.code != self.raised_for:
                return
        if error is None:
            raise self.exception
        try:
            raise error
        except BaseException:
            # Not "from": the context stands beside the cause that the exception may have.
            raise self.exception  # noqa: B904


# What callbacks have raised in calls that go on, by their threads. Almost always empty: whoever calls looks first.
pending: Dict[int, Caught] = {}


def take() -> Optional[Caught]:
    """What callbacks of this thread have raised since this was called last."""
    return pending.pop(threading.get_ident(), None)


def put_back(caught: Caught) -> None:
    """After a call inside of a callback: what an earlier callback of the outer call raised."""
    pending[threading.get_ident()] = caught


def failed(sink: Optional[int], exception: BaseException, *, raised_for: Optional[int] = None) -> int:
    """Keeps an exception, and tells the library its text: what a callback returns that caught one.

    :param raised_for: it is raised again where the call ends with this code; None: it becomes the cause of the error
    """
    pending[threading.get_ident()] = Caught(exception, raised_for)
    if sink is not None:
        lib.sink_failure(c_void_p(sink), _line(exception))
    return FAILED


def _line(exception: BaseException) -> bytes:
    name = type(exception).__name__
    try:
        text = " ".join(str(exception).replace("\0", " ").split())
    except Exception:
        text = ""
    return f"{name}: {text}".encode("utf-8", "replace") if text else name.encode()


class Held(Generic[_Object]):
    """Objects that the library holds, by the number that it gives to the callbacks: alive until it frees that."""

    def __init__(self) -> None:
        self._objects: Dict[int, _Object] = {}
        self._numbers = itertools.count(1)
        # For as long as the process lives: the library may free a number while the interpreter takes the module apart.
        pythonapi.Py_IncRef(py_object(self._objects))

    def add(self, held: _Object) -> int:
        number = next(self._numbers)
        self._objects[number] = held
        return number

    def __getitem__(self, number: int) -> _Object:
        return self._objects[number]

    def __len__(self) -> int:
        return len(self._objects)

    def free(self, number: int) -> None:
        """Lets go of an object; once more does nothing."""
        self._objects.pop(number, None)

    def free_fn(self, kind: Any) -> Any:
        """The callback that does so."""

        def free(userdata: int, objects: Dict[int, _Object] = self._objects) -> None:
            # Its names are its own: it may be called when the interpreter has emptied this module.
            objects.pop(userdata, None)

        return immortal(kind, free)


def immortal(kind: Any, function: Callable[..., Any]) -> Any:
    """A callback that the library may call as long as the process lives, also while the interpreter takes its module
    apart."""
    callback = kind(function)
    pythonapi.Py_IncRef(py_object(callback))
    return callback
