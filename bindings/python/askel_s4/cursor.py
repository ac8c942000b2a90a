# SPDX-License-Identifier: Apache-2.0
"""One read: its rows, page by page, and the receipt over all of them."""

import threading
from typing import AsyncIterator, Iterator, List, Optional, Type

from ._call import Call
from ._errors import Cancelled, Closed, check
from ._ffi import lib
from ._handle import ExclusiveHandle
from .receipt import Receipt, receipt_of
from .row import Page, Row


class Cursor(Iterator[Row], AsyncIterator[Row]):
    """The rows of a read: `for row in cursor`, or `async for row in cursor` where an asyncio loop runs (no thread is
    used). One thread or task at a time. Rows come as they are asked for; nothing is sent before.

    A read that was cancelled or cut off goes on with the same page at the next step. Any other error ends it, and is
    raised again by each further step.
    """

    def __init__(self, client: object, handle: ExclusiveHandle) -> None:
        # Keeps the client, and so the instance, open while this cursor is there.
        self._client = client
        self._handle = handle
        self._call: Optional[Call] = None
        # Reentrant: a signal handler may cancel while its own thread is between two pages.
        self._cancel_lock = threading.RLock()
        self._cancel_asked = False
        self._page: Optional[Page] = None
        self._position = 0
        self._finished = False
        self._last_receipt: Optional[Receipt] = None

    def __next__(self) -> Row:
        while True:
            row = self._row_at_hand()
            if row is not None:
                return row
            if not self._advance():
                raise StopIteration

    async def __anext__(self) -> Row:
        while True:
            row = self._row_at_hand()
            if row is not None:
                return row
            if not await self._advance_async():
                raise StopAsyncIteration

    def pages(self) -> "Pages":
        """The read page by page, each a list of its rows: what is left of the page at hand comes first."""
        return Pages(self)

    @property
    def receipt(self) -> Receipt:
        """The receipt as it stands; after close(), as it stood then."""
        if self._last_receipt is not None:
            return self._last_receipt
        return receipt_of(self._handle)

    def cancel(self) -> None:
        """Ends the read's current or next fetch, from any thread: the step that fetches raises Cancelled; the step
        after it goes on with the same page."""
        with self._cancel_lock:
            self._cancel_asked = True
            if self._call is not None:
                self._call.cancel()

    def close(self) -> None:
        """Frees the read. Rows that are still held stay valid."""
        try:
            with self._handle:
                self._let_page_go()
                self._last_receipt = self.receipt
        except Closed:
            return
        self._handle.close()

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _row_at_hand(self) -> Optional[Row]:
        page = self._page
        if page is None or self._position >= page.row_count:
            return None
        self._position += 1
        return page.row(self._position - 1)

    def _rest_of_page(self) -> List[Row]:
        page = self._page
        if page is None:
            return []
        start, self._position = self._position, page.row_count
        return page.rows(start)

    def _advance(self) -> bool:
        if self._finished:
            return False
        with _Running(self) as call:
            call.wait()
            return self._take(call)

    async def _advance_async(self) -> bool:
        if self._finished:
            return False
        with _Running(self) as call:
            await call.wait_async()
            return self._take(call)

    def _let_page_go(self) -> None:
        if self._page is not None:
            self._page.retire()
        self._page = None

    def _take(self, call: Call) -> bool:
        with self._handle:
            self._let_page_go()
            self._finished = not call.take_page()
            if not self._finished:
                self._page, self._position = Page(self._handle), 0
            return not self._finished


class _Running:
    """The call of a cursor from its start to its end, where cancel() finds it. A cancel() that came before, or too
    late for the fetch before, ends this one."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._call = Call()

    def __enter__(self) -> Call:
        cursor = self._cursor
        with cursor._cancel_lock:
            if cursor._cancel_asked:
                cursor._cancel_asked = False
                raise Cancelled("the read was cancelled before its next page was asked for: the next step goes on")
        with cursor._handle as pointer:
            check(lib.cursor_next, pointer, self._call.out)
        with cursor._cancel_lock:
            cursor._call = self._call
            if cursor._cancel_asked:
                self._call.cancel()
        return self._call

    def __exit__(self, kind: Optional[Type[BaseException]], *_: object) -> None:
        with self._cursor._cancel_lock:
            self._cursor._call = None
            if kind is not None and issubclass(kind, Cancelled):
                self._cursor._cancel_asked = False
        self._call.close()


class Pages(Iterator[List[Row]], AsyncIterator[List[Row]]):
    """The pages of a read, for `for` and for `async for`."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def __next__(self) -> List[Row]:
        rest = self._cursor._rest_of_page()
        if rest:
            return rest
        if not self._cursor._advance():
            raise StopIteration
        return self._cursor._rest_of_page()

    async def __anext__(self) -> List[Row]:
        rest = self._cursor._rest_of_page()
        if rest:
            return rest
        if not await self._cursor._advance_async():
            raise StopAsyncIteration
        return self._cursor._rest_of_page()
