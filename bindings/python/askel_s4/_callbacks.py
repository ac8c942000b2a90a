# SPDX-License-Identifier: Apache-2.0
"""Exceptions of callbacks: none may pass through the library, so they wait here until the call that made them is over.

What calls a function of the library says begin() before it and end(error) after it.
"""

import threading
from ctypes import c_void_p
from typing import Optional

from ._ffi import lib

# What a failed callback returns: neither 0 nor a number that means something.
FAILED = -1


class _Caught(threading.local):
    exception: Optional[BaseException] = None


_caught = _Caught()


def begin() -> None:
    """Forgets what an earlier call left: the library may go on after a callback has failed."""
    _caught.exception = None


def end(error: Optional[BaseException] = None) -> None:
    """Makes what a callback raised the cause of the library's error. What is no failure, as Ctrl-C, is raised itself,
    also after a call that came to its end."""
    caught = _caught.exception
    if caught is None:
        return
    _caught.exception = None
    if not isinstance(caught, Exception):
        raise caught
    if error is not None:
        error.__cause__ = caught


def failed(sink: Optional[int], exception: BaseException) -> int:
    """Keeps an exception, and tells the library its text: what a callback returns that caught one."""
    _caught.exception = exception
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
