# SPDX-License-Identifier: Apache-2.0
"""Rows and documents: an object that SAP sent, read by the names of its members."""

import ctypes
import json
import weakref
from abc import abstractmethod
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ._call import Call
from ._enums import FieldKind
from ._errors import check
from ._ffi import lib
from ._handle import ExclusiveHandle, Handle
from ._structs import View
from ._values import field_out, text_in, value_out, view_out


class Fields(Mapping[str, Any]):
    """The members of one JSON object, in SAP's order, control information such as __metadata included.

    Values have the type that $metadata gives the property: numbers are Decimal (also integers), dates are aware
    datetimes in UTC, booleans bool, null is None, everything else str. An expanded navigation property is what its
    JSON says, with Decimal for numbers that are no integers.
    """

    __slots__ = ()

    @abstractmethod
    def json(self) -> str:
        """The object as SAP sent it, byte for byte."""

    @abstractmethod
    def _field(self, name: str) -> Tuple[int, str]:
        """Kind and text of a member."""

    def __getitem__(self, name: str) -> Any:
        kind, text = self._field(name)
        if kind == FieldKind.ABSENT:
            raise KeyError(name)
        return value_out(kind, text)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._field(name)[0] != FieldKind.ABSENT

    def __iter__(self) -> Iterator[str]:
        return iter(json.loads(self.json()))

    def __len__(self) -> int:
        return len(json.loads(self.json()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.json()})"


class Row(Fields):
    """One row of a read. It stays valid after its page: while the page is at hand, members are read from the page's
    own buffer, and rows that are still referenced when the page goes are copied then."""

    __slots__ = ("__weakref__", "_copy", "_index", "_page")

    def __init__(self, page: "Page", index: int) -> None:
        self._page: Optional[Page] = page
        self._index = index
        self._copy: Tuple[str, Dict[str, Tuple[int, str]]] = ("", {})

    def json(self) -> str:
        page = self._page
        return page.row_json(self) if page else self._copy[0]

    def _field(self, name: str) -> Tuple[int, str]:
        page = self._page
        return page.row_field(self, name) if page else self._copy[1].get(name, (FieldKind.ABSENT, ""))

    def _detach(self) -> None:
        text = self.json()
        self._copy = text, {name: self._field(name) for name in json.loads(text)}
        self._page = None


class Page:
    """The page that a cursor has at hand, and the rows of it that somebody still holds."""

    def __init__(self, cursor: ExclusiveHandle) -> None:
        self._cursor = cursor
        self._rows: List[weakref.ref[Row]] = []
        with cursor as pointer:
            self.row_count: int = lib.cursor_row_count(pointer)

    def row(self, index: int) -> Row:
        row = Row(self, index)
        self._rows.append(weakref.ref(row))
        return row

    def rows(self, start: int = 0) -> List[Row]:
        return [self.row(index) for index in range(start, self.row_count)]

    def row_json(self, row: Row) -> str:
        view = View()
        with self._cursor as pointer:
            # Another thread may have taken the next page while this one waited for its turn.
            if row._page is None:
                return row._copy[0]
            check(lib.cursor_row, pointer, row._index, ctypes.byref(view))
            return view_out(view)

    def row_field(self, row: Row, name: str) -> Tuple[int, str]:
        with self._cursor as pointer:
            if row._page is None:
                return row._field(name)
            return field_out(lib.cursor_field, pointer, row._index, text_in("name", name))

    def retire(self) -> None:
        """Copies the rows that are still held, before the page goes."""
        rows, self._rows = self._rows, []
        for reference in rows:
            row = reference()
            if row is not None:
                row._detach()


class Document(Fields):
    """One document: asked for by its key, or as a write was answered; then it may have no fields."""

    __slots__ = ("_reply", "etag", "http_status")

    def __init__(self, call: Call) -> None:
        self._reply = ExclusiveHandle("document", lib.reply_free)
        call.take_reply(self._reply)
        with self._reply as pointer:
            #: HTTP status of the answer.
            self.http_status: int = lib.reply_http_status(pointer)
            #: ETag as SAP sent it; "" where there is none.
            self.etag: str = lib.reply_etag(pointer).decode()

    def json(self) -> str:
        with self._reply as pointer:
            return view_out(lib.reply_document(pointer))

    @property
    def content(self) -> bytes:
        """The document's JSON; of an answer to request() its body, of whatever type."""
        with self._reply as pointer:
            view = lib.reply_document(pointer)
            return ctypes.string_at(view.data, view.size) if view.size else b""

    def header(self, name: str) -> str:
        """A header of the answer: "sap-message" (SAP's warnings as JSON), "location"; "" where there is none."""
        with self._reply as pointer:
            value: bytes = lib.reply_header(pointer, text_in("name", name))
            return value.decode()

    def _field(self, name: str) -> Tuple[int, str]:
        with self._reply as pointer:
            return field_out(lib.reply_field, pointer, text_in("name", name))


def answered(handle: Handle, function: Any, options: Any) -> Document:
    """Starts a call of the client with its options, waits for it, and gives what it was answered."""
    with Call() as call:
        with handle as pointer:
            check(function, pointer, ctypes.byref(options), call.out)
        call.wait()
        return Document(call)
