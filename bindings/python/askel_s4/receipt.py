# SPDX-License-Identifier: Apache-2.0
"""What was proven about the rows of a read."""

from ctypes import byref
from dataclasses import dataclass
from typing import Optional

from . import _structs
from ._enums import Verdict
from ._errors import check
from ._ffi import lib
from ._handle import Handle
from ._values import view_out


@dataclass(frozen=True)
class Receipt:
    """The receipt of a read; final when its verdict is not READING."""

    #: A Verdict; an int that Verdict does not know comes from a later library.
    verdict: int
    #: Pages and rows delivered.
    pages: int
    rows: int
    #: Requests to the API, $metadata included; mints are not among them.
    requests: int
    #: Tokens minted for this read.
    mints: int
    #: Of them, wiped without having been sent: at most the one made beside the last page.
    mints_unused: int
    #: Requests sent again.
    retries: int
    #: Body bytes received, compressed as they came.
    bytes_wire: int
    #: Body bytes after decompression.
    bytes: int
    #: The server's own count, or None.
    server_count: Optional[int]
    #: Rows refused because their key had come before.
    duplicates: int
    #: Among how many rows doubled keys would have been seen; 0: the rows have no key.
    duplicate_window: int
    #: Milliseconds from the first request to the last answer.
    elapsed_ms: int
    #: Keys of the first and last row as OData text: "SalesOrder='1'".
    first_key: str
    last_key: str
    #: One sentence: what was proven and what could not be.
    text: str


def receipt_of(cursor: Handle) -> Receipt:
    """The receipt of a cursor as it stands."""
    receipt = _structs.Receipt()
    with cursor as pointer:
        check(lib.cursor_receipt, pointer, byref(receipt))
        return Receipt(
            verdict=Verdict(receipt.verdict) if receipt.verdict in list(Verdict) else receipt.verdict,
            pages=receipt.pages,
            rows=receipt.rows,
            requests=receipt.requests,
            mints=receipt.mints,
            mints_unused=receipt.mints_unused,
            retries=receipt.retries,
            bytes_wire=receipt.bytes_wire,
            bytes=receipt.bytes,
            server_count=None if receipt.server_count < 0 else receipt.server_count,
            duplicates=receipt.duplicates,
            duplicate_window=receipt.duplicate_window,
            elapsed_ms=receipt.elapsed_ms,
            first_key=view_out(receipt.first_key),
            last_key=view_out(receipt.last_key),
            text=view_out(receipt.text),
        )
