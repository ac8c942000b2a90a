# SPDX-License-Identifier: Apache-2.0
"""Rows of an entity set in memory: tuples of the columns that vary, and one dict of those that do not.

Values are stored as: String `str` (padded ids with their zeros), DateTime `int` ms since 1970 UTC, DateTimeOffset
`int` 100 ns since 1970 UTC, Decimal `decimal.Decimal` with the digits that are to be shown, Boolean `bool`,
Double `float`, nothing `None`. Rows stand in key order, so children of one parent are neighbours; they are kept in
groups by their first key, so that a write touches the rows of one document alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from .schema import EntitySet, Navigation

Row = tuple[Any, ...]
Key = tuple[str, ...]
Values = dict[str, Any]


class Table:
    """One entity set's rows. They are made by `source` at the first need and then kept."""

    def __init__(self, entity: EntitySet, columns: tuple[str, ...], constants: Values, source: Callable[[], list[Row]]):
        self.entity = entity
        self.index = {name: position for position, name in enumerate(columns)}
        self.constants = {p.name: p.initial() for p in entity.properties if p.name not in self.index} | constants
        self.layout = 0
        """Raised when a constant has become a column: whoever compiled column numbers compiles again."""
        unknown = (set(self.index) | set(self.constants)) - set(entity.by_name)
        if unknown:
            raise ValueError(f"{entity.name} has no {sorted(unknown)}")
        self._source = source
        self._rows: list[Row] | None = None
        self._made: dict[str, list[Row]] | None = None
        self._defaults: Values = {}
        self._originals: dict[str, list[Row]] = {}
        self._key_columns = [self.index[p.name] for p in entity.keys]

    @property
    def _groups(self) -> dict[str, list[Row]]:
        if self._made is None:
            self._rows = sorted(self._source(), key=self.key)
            first = self._key_columns[0]
            self._made = {name: list(rows) for name, rows in groupby(self._rows, key=lambda row: row[first])}
        return self._made

    @property
    def rows(self) -> list[Row]:
        """All rows in key order."""
        groups = self._groups
        if self._rows is None:
            self._rows = [row for group in groups.values() for row in group]
        return self._rows

    def key(self, row: Row) -> Key:
        """The key in internal form, which is also the sort key."""
        return tuple([row[column] for column in self._key_columns])

    def value(self, row: Row, name: str) -> Any:
        """One property of a row."""
        position = self.index.get(name)
        return self.constants[name] if position is None else row[position]

    def with_prefix(self, prefix: Key) -> list[Row]:
        """Rows whose key begins with `prefix` (a full key gives at most one). Not to be changed by the caller."""
        group = self._groups.get(prefix[0], [])
        for column, part in zip(self._key_columns[1:], prefix[1:], strict=False):
            group = [row for row in group if row[column] == part]
        return group

    def last_group(self) -> str:
        """The greatest first key there is; "" where there is no row."""
        return next(reversed(self._groups), "")

    def values(self, row: Row) -> Values:
        """A row as property -> value, without the table's constants."""
        return dict(zip(self.index, row, strict=True))

    def put_group(self, first: str, rows: Iterable[Values]) -> None:
        """Replaces all rows that share the first key. The cost does not grow with the table, except that a property
        which was the same everywhere becomes a column the first time it differs."""
        groups, made = self._groups, list(rows)
        self._widen({n for v in made for n, x in v.items() if n in self.constants and x != self.constants[n]})
        groups, defaults, names = self._groups, self._defaults, list(self.index)
        fresh = [tuple([v[n] if n in v else defaults.get(n) for n in names]) for v in made]
        fresh.sort(key=self.key)
        if groups.get(first) == fresh:
            return
        self._originals.setdefault(first, groups.get(first, []))
        if fresh and first not in groups and first > self.last_group():
            groups[first] = fresh
            if self._rows is not None:
                self._rows.extend(fresh)
            return
        self._rows = None
        if fresh:
            new = first not in groups
            groups[first] = fresh
            if new:
                self._made = dict(sorted(groups.items()))
        else:
            groups.pop(first, None)

    def restore(self) -> None:
        """Puts all rows back that have been written since the start."""
        if not self._originals:
            return
        tail, groups = tuple(self._defaults.values()), self._groups
        narrow = len(self.index) - len(tail)
        for first, rows in self._originals.items():
            # Columns are only ever added at the end, each with a default.
            groups[first] = [row + tail[len(row) - narrow :] for row in rows]
        self._made = {first: rows for first, rows in sorted(groups.items()) if rows}
        self._rows, self._originals = None, {}

    def _widen(self, names: set[str]) -> None:
        if not names:
            return
        tail: Row = ()
        for name in sorted(names):
            self.index[name] = len(self.index)
            self._defaults[name] = self.constants.pop(name)
            tail += (self._defaults[name],)
        self._made = {first: [row + tail for row in group] for first, group in self._groups.items()}
        self._rows = None
        self.layout += 1


class Database:
    """The tables of one service, and the way from a row to its neighbours."""

    def __init__(self, tables: dict[str, Table]):
        self.tables = tables
        # Raised by whatever changes rows; caches of answers hang on it.
        self.version = 0
        self._journal: list[tuple[Table, str, list[Values]]] | None = None

    def begin(self) -> None:
        """From now on it is noted what stood where something is written, until `end`."""
        self._journal = []

    def note(self, name: str, first: str) -> None:
        """Rows of a table that share the first key are about to be replaced."""
        if self._journal is not None:
            table = self.tables[name]
            self._journal.append((table, first, [table.values(row) for row in table.with_prefix((first,))]))

    def end(self, keep: bool) -> None:
        """Lets go of what was noted; unless the writes are to be kept, it is put back first."""
        journal, self._journal = self._journal or [], None
        if keep or not journal:
            return
        for table, first, rows in reversed(journal):
            table.put_group(first, rows)
        self.version += 1

    @property
    def layout(self) -> int:
        """Raised when the columns of a table have changed."""
        return sum(table.layout for table in self.tables.values())

    def related(self, table: Table, row: Row, navigation: Navigation) -> list[Row]:
        """Rows that a navigation property leads to: children share the parent's key, parents own a part of it."""
        target = self.tables[navigation.target]
        owner = table if navigation.to_many else target
        prefix = tuple([table.value(row, p.name) for p in owner.entity.keys])
        return target.with_prefix(prefix)
