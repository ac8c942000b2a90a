# SPDX-License-Identifier: Apache-2.0
"""Waits for one operation through its descriptor: with poll, so that Ctrl-C works, or in an asyncio loop."""

import asyncio
import contextlib
import json
import select
from ctypes import byref, c_int32
from typing import Any

from ._errors import Closed, check
from ._ffi import lib
from ._handle import Handle
from ._values import take_text

# A signal that another thread of the process receives does not interrupt poll: look for it this often.
_SLICE_MS = 200


class Call:
    """One operation in progress: `with Call() as call`, whose end frees it and cancels what still runs."""

    def __init__(self) -> None:
        self._handle = Handle("call", lib.call_free)

    @property
    def out(self) -> Any:
        return self._handle.out

    def close(self) -> None:
        self._handle.close()

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cancel(self) -> None:
        """Asks the operation to end as soon as it can. From any thread."""
        with contextlib.suppress(Closed), self._handle as call:
            lib.call_cancel(call)

    def wait(self) -> None:
        """Waits for the end. An exception meanwhile (Ctrl-C) cancels the operation and goes on after its end."""
        with self._handle as call:
            poller = select.poll()
            poller.register(lib.call_fd(call), select.POLLIN)
            try:
                while not poller.poll(_SLICE_MS):
                    pass
            except BaseException:
                lib.call_cancel(call)
                lib.call_wait(call, -1, None)
                raise

    async def wait_async(self) -> None:
        """Waits for the end in the running loop. Cancelling the task cancels the operation and waits for its end."""
        with self._handle as call:
            descriptor = lib.call_fd(call)
            try:
                await _readable(descriptor)
            except asyncio.CancelledError:
                lib.call_cancel(call)
                await _readable(descriptor)
                raise

    def take_json(self) -> Any:
        with self._handle as call:
            return json.loads(take_text(lib.call_take_text, call))

    def take_page(self) -> bool:
        has_page = c_int32()
        with self._handle as call:
            check(lib.call_take_page, call, byref(has_page))
        return has_page.value == 1

    def take_reply(self, reply: Handle) -> None:
        with self._handle as call:
            check(lib.call_take_reply, call, reply.out)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def arrived(*_: Any) -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, arrived)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
