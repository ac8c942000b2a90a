# SPDX-License-Identifier: Apache-2.0
"""V4 resource paths: `SalesOrder('1')/_Item`, and key-as-segment `SalesOrder/1/_Item/10` (both recorded)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from ..odata.errors import ODataError
from ..odata.path import parse_key
from ..odata.render import outer_value
from ..odata.table import Key, Row, Table
from .options import bad
from .render import Renderer4
from .schema import Set4
from .types import SETS

_SEGMENT = re.compile(r"([A-Za-z_]\w*)(?:\((.*)\))?$", re.S)


@dataclass
class Target4:
    """What a path names: a collection (`rows` None: the whole set) or one `row`. `owner` is a parent's key."""

    made: Set4
    table: Table
    rows: list[Row] | None = None
    row: Row | None = None
    owner: Key = ()
    place: str = ""
    count: bool = False
    steps: list[str] = field(default_factory=list)


def resolve4(tables: dict[str, Table], renderer: Renderer4, path: str) -> Target4:
    """Walks a raw path below the service root. Throws 404 for what is not there, 400 for malformed keys."""
    segments = [unquote(part) for part in path.split("/") if part]
    match = _SEGMENT.match(segments[0])
    if match is None or match[1] not in SETS:
        raise ODataError(404, f"Resource not found for segment '{segments[0]}'", "SANDBOX/404")
    made = SETS[match[1]]
    target, rest = Target4(made, tables[made.v2.name], place=f"4:{path}"), segments[1:]
    if match[2] is not None:
        _pick(target, _key(made, match[2], ()))
    while rest:
        segment = rest.pop(0)
        if target.count:
            raise bad(f"Invalid segment '{segment}' in the URI")
        if target.row is not None:
            target = _step(tables, renderer, target, segment)
        elif segment == "$count":
            target.count = True
        else:
            # Key as segment: one for each key property that the way here has not given yet.
            missing = len(target.made.v2.keys) - len(target.owner)
            given = [segment, *rest[: missing - 1]]
            rest = rest[missing - 1 :]
            keys = target.made.v2.keys[len(target.owner) :]
            if len(given) < len(keys):
                raise bad(f"Invalid segment '{segment}' in the URI")
            found = (p.internal(text) for p, text in zip(keys, given, strict=True))
            _pick(target, (*target.owner, *found))
    return target


def _key(made: Set4, text: str, owner: Key) -> Key:
    parts = made.v2.keys
    if owner and "=" not in text and len(parts) == len(owner) + 1:
        return (*owner, parts[-1].internal(text.strip("'").replace("''", "'")))
    return parse_key(made.v2, text)


def _pick(target: Target4, key: Key) -> None:
    rows = target.table.with_prefix(key)
    if not rows or key[: len(target.owner)] != target.owner:
        raise ODataError(404, f"Entity of {target.made.name} not found", "SANDBOX/404")
    target.row, target.rows = rows[0], None


def _step(tables: dict[str, Table], renderer: Renderer4, target: Target4, segment: str) -> Target4:
    match = _SEGMENT.match(segment)
    nav = target.made.navigation(match[1]) if match else None
    if match is None or nav is None or target.row is None:
        raise ODataError(404, f"Resource not found for segment '{segment}'", "SANDBOX/404")
    made, rows = SETS[nav.target], renderer.related(target.made, nav.name, target.table, target.row)
    found = Target4(made, tables[made.v2.name], place=target.place)
    if not nav.to_many:
        _pick(found, found.table.key(rows[0]))
        return found
    found.rows, found.owner = rows, target.table.key(target.row)
    if match[2] is not None:
        _pick(found, _key(made, match[2], found.owner))
    return found


def canonical(made: Set4, table: Table, row: Row) -> str:
    """`SalesOrderItem(SalesOrder='1',SalesOrderItem='10')`, percent-encoded."""
    parts = [(p.name, str(outer_value(p, table.value(row, p.name))).replace("'", "''")) for p in made.v2.keys]
    if len(parts) == 1:
        return f"{made.name}('{quote(parts[0][1], safe=chr(39))}')"
    return f"{made.name}({','.join(f'{name}={chr(39)}{quote(text, safe=chr(39))}{chr(39)}' for name, text in parts)})"
