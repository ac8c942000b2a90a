# SPDX-License-Identifier: Apache-2.0
"""Rows of an entity set in memory: tuples of the columns that vary, and one dict of those that do not.

Values are stored as: String `str` (padded ids with their zeros), DateTime `int` ms since 1970 UTC, DateTimeOffset
`int` 100 ns since 1970 UTC, Decimal `decimal.Decimal` with the digits that are to be shown, Boolean `bool`,
Double `float`, nothing `None`. Rows stand in key order, so children of one parent are neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .schema import EntitySet, Navigation

Row = tuple[Any, ...]
Key = tuple[str, ...]


class Table:
    """One entity set's rows. They are made by `source` at the first need and then kept."""

    def __init__(
        self, entity: EntitySet, columns: tuple[str, ...], constants: dict[str, Any], source: Callable[[], list[Row]]
    ):
        self.entity = entity
        self.index = {name: position for position, name in enumerate(columns)}
        self.constants = {p.name: p.initial() for p in entity.properties if p.name not in self.index} | constants
        unknown = (set(self.index) | set(self.constants)) - set(entity.by_name)
        if unknown:
            raise ValueError(f"{entity.name} has no {sorted(unknown)}")
        self._source = source
        self._rows: list[Row] | None = None
        self._ranges: dict[int, dict[Key, slice]] = {}
        self._key_columns = [self.index[p.name] for p in entity.keys]

    @property
    def rows(self) -> list[Row]:
        """All rows in key order."""
        if self._rows is None:
            self._rows = sorted(self._source(), key=self.key)
        return self._rows

    def key(self, row: Row) -> Key:
        """The key in internal form, which is also the sort key."""
        return tuple([row[column] for column in self._key_columns])

    def value(self, row: Row, name: str) -> Any:
        """One property of a row."""
        position = self.index.get(name)
        return self.constants[name] if position is None else row[position]

    def with_prefix(self, prefix: Key) -> list[Row]:
        """Rows whose key begins with `prefix` (a full key gives at most one)."""
        ranges = self._ranges.get(len(prefix))
        if ranges is None:
            ranges = self._ranges[len(prefix)] = self._find_ranges(len(prefix))
        found = ranges.get(prefix)
        return self.rows[found] if found else []

    def _find_ranges(self, length: int) -> dict[Key, slice]:
        columns, ranges = self._key_columns[:length], {}
        start, last = 0, None
        for position, row in enumerate(self.rows):
            prefix = tuple([row[column] for column in columns])
            if prefix != last:
                if last is not None:
                    ranges[last] = slice(start, position)
                start, last = position, prefix
        if last is not None:
            ranges[last] = slice(start, len(self.rows))
        return ranges


class Database:
    """The tables of one service, and the way from a row to its neighbours."""

    def __init__(self, tables: dict[str, Table]):
        self.tables = tables
        # Raised by whatever changes rows; caches of answers hang on it.
        self.version = 0

    def related(self, table: Table, row: Row, navigation: Navigation) -> list[Row]:
        """Rows that a navigation property leads to: children share the parent's key, parents own a part of it."""
        target = self.tables[navigation.target]
        owner = table if navigation.to_many else target
        prefix = tuple([table.value(row, p.name) for p in owner.entity.keys])
        return target.with_prefix(prefix)
