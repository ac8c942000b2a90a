# SPDX-License-Identifier: Apache-2.0
"""The product's own trace, passed on to the tenant."""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterator, Optional

from ._values import text_in

_current: ContextVar[Optional[str]] = ContextVar("askel_s4_traceparent", default=None)


@contextmanager
def trace(traceparent: Optional[str]) -> Iterator[None]:
    """Sends this W3C Trace Context header with the requests of every operation that starts inside the `with`, in this
    thread or task: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01". A cursor keeps that of its beginning."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)


def trace_in() -> Optional[bytes]:
    return text_in("traceparent", _current.get())
