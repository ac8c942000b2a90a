# SPDX-License-Identifier: Apache-2.0
"""Runs a read: filter, order, `$skip`/`$top`, server-driven paging with opaque skip tokens."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict
from dataclasses import dataclass

from .errors import parser_error
from .filter import compile_filter
from .options import Options, parse_orderby
from .schema import Property
from .table import Database, Row, Table

_KEPT_RESULTS = 24


@dataclass
class Page:
    """One page: `result[start:end]` goes out as `rows`; `total` ignores $top and $skip.

    `left` counts the rows of `$top` that were still to come before this page (None without `$top`).
    """

    rows: list[Row]
    result: list[Row]
    start: int
    end: int
    left: int | None
    total: int
    next_token: str | None


class Reader:
    """Evaluates reads over a database and keeps recent results, so that page N does not filter and sort again."""

    def __init__(self, database: Database):
        self.database = database
        self._results: OrderedDict[tuple[object, ...], list[Row]] = OrderedDict()

    def matching(self, table: Table, rows: list[Row] | None, place: str, options: Options) -> list[Row]:
        """Rows after `$filter` and `$orderby`. `rows` None means the whole set; `place` names the collection."""
        key = (self.database.version, place, options.filter, options.orderby)
        found = self._results.get(key)
        if found is not None:
            self._results.move_to_end(key)
            return found
        result = table.rows if rows is None else rows
        if options.filter is not None:
            keep = compile_filter(options.filter, table)
            try:
                result = [row for row in result if keep(row)]
            except (ArithmeticError, ValueError, TypeError) as error:
                raise parser_error(f"Invalid filter: it cannot be evaluated ({type(error).__name__})") from None
        if options.orderby:
            result = _sorted(table, result, parse_orderby(options.orderby, table.entity))
        self._results[key] = result
        if len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)
        return result

    def page(self, table: Table, rows: list[Row] | None, place: str, options: Options, page_size: int) -> Page:
        """One page of the result. `page_size` 0 means no server-driven paging."""
        result = self.matching(table, rows, place, options)
        if options.skiptoken:
            start, left = decode_token(options.skiptoken)
        else:
            start, left = options.skip, options.top
        end = len(result) if left is None else min(len(result), start + left)
        stop = min(end, start + page_size) if page_size else end
        token = None
        if stop < end:
            token = encode_token(stop, None if left is None else left - (stop - start))
        return Page(result[start:stop], result, start, stop, left, len(result), token)


def _sorted(table: Table, rows: list[Row], order: list[tuple[Property, bool]]) -> list[Row]:
    # Rows come in key order, and sorting is stable: equal rows stay in key order.
    for prop, descending in reversed(order):
        column = table.index.get(prop.name)
        if column is not None:
            rows = sorted(rows, key=lambda row: (row[column] is not None, row[column]), reverse=descending)
    return rows


def encode_token(start: int, left: int | None, salt: int = 0) -> str:
    """A skip token: place in the result and rows left of `$top`. Opaque to clients; `salt` makes equal ones differ."""
    text = f"{start}.{'' if left is None else left}" + (f".{salt}" if salt else "")
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(token: str) -> tuple[int, int | None]:
    """The counterpart. Throws 400 for a token that this server did not make."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        start, left = text.split(".")[:2]
        return int(start), int(left) if left else None
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise parser_error("Invalid value for system query option '$skiptoken'") from None
