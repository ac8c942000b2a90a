# SPDX-License-Identifier: Apache-2.0
"""The resource path behind the service root: sets, keys, navigation, `$count`, `$value`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .errors import NOT_FOUND, ODataError, parser_error
from .literals import parse_literal
from .render import entity_path
from .schema import EntitySet, Property, Service
from .table import Database, Key, Row, Table

_SEGMENT = re.compile(r"([A-Za-z_]\w*)(?:\((.*)\))?$", re.S)
# Splits key predicates at commas outside of quotes.
_KEY_PART = re.compile(r"(?:[^',]|'(?:[^']|'')*')+")


@dataclass
class Target:
    """What a path names. `rows` None is a whole set; a `row` is a single entity; `place` is the path in normal form."""

    kind: str
    table: Table
    rows: list[Row] | None
    row: Row | None
    place: str
    count: bool = False
    prop: Property | None = None
    raw_value: bool = False
    owner: Key = ()
    """Key of the entity from which a navigation led here."""


def parse_key(entity: EntitySet, text: str) -> Key:
    """`'1'` or `SalesOrder='1',SalesOrderItem='10'` as an internal key. Throws 400 for anything else."""
    given: dict[str, str] = {}
    for part in _KEY_PART.findall(text):
        name, equals, literal = part.partition("=")
        if part.lstrip().startswith("'") or not equals:
            if len(entity.keys) != 1:
                raise parser_error(f"Invalid key predicate for type {entity.type_name}")
            name, literal = entity.keys[0].name, part
        given[name.strip()] = literal
    if set(given) != {p.name for p in entity.keys}:
        raise parser_error(f"Invalid key predicate for type {entity.type_name}")
    key = []
    for prop in entity.keys:
        try:
            literal_value = parse_literal(given[prop.name])
        except (ValueError, ODataError):
            raise parser_error(f"Malformed URI literal syntax in key {prop.name}") from None
        if literal_value.edm_type != prop.edm_type:
            raise parser_error(f"Invalid key predicate type for {prop.name}")
        key.append(prop.internal(literal_value.value))
    return tuple(key)


def not_found(entity: EntitySet) -> ODataError:
    """404 for a missing key."""
    return ODataError(404, f"Resource not found for segment '{entity.type_name}'", NOT_FOUND)


def resolve(service: Service, database: Database, path: str) -> Target:
    """Walks a raw (percent-encoded) path such as `A_SalesOrder('1')/to_Item/$count`.

    - Throws: `ODataError` 404 for unknown segments and missing entities, 400 for malformed keys.
    """
    segments = [unquote(part) for part in path.split("/") if part]
    target = _first(service, database, segments[0])
    for position, segment in enumerate(segments[1:], 1):
        last = position == len(segments) - 1
        if target.prop is not None and segment == "$value" and last:
            target.raw_value = True
        elif target.count or target.prop is not None:
            raise parser_error(f"Invalid segment '{segment}' in the URI")
        elif segment == "$count" and last and target.row is None:
            target.count, target.kind = True, "count"
        elif target.row is None:
            raise parser_error(f"The segment '{segment}' must not follow a collection")
        else:
            target = _step(service, database, target, segment)
    return target


def _first(service: Service, database: Database, segment: str) -> Target:
    match = _SEGMENT.match(segment)
    entity = service.sets.get(match[1]) if match else None
    if match is None or entity is None:
        name = match[1] if match else segment
        raise ODataError(404, f"Resource not found for segment '{name}'", None)
    table = database.tables[entity.name]
    if match[2] is None:
        return Target("collection", table, None, None, entity.name)
    return _keyed(Target("entity", table, None, None, entity.name), parse_key(entity, match[2]))


def _keyed(target: Target, key: Key) -> Target:
    rows = target.table.with_prefix(key)
    if target.rows is not None:
        rows = [row for row in rows if row in target.rows]
    if not rows:
        raise not_found(target.table.entity)
    target.row, target.rows, target.place = rows[0], None, entity_path(target.table, rows[0])
    return target


def _step(service: Service, database: Database, target: Target, segment: str) -> Target:
    entity, row = target.table.entity, target.row
    match = _SEGMENT.match(segment)
    if match is None or row is None:
        raise parser_error(f"Invalid segment '{segment}' in the URI")
    if match[1] in entity.by_name and match[2] is None:
        target.prop, target.kind = entity.by_name[match[1]], "property"
        return target
    nav = entity.nav_by_name.get(match[1])
    if nav is None:
        raise ODataError(404, f"Resource not found for segment '{match[1]}'", None)
    table, rows = database.tables[nav.target], database.related(target.table, row, nav)
    if not nav.to_many:
        if not rows:
            raise not_found(table.entity)
        return Target("navigation", table, None, rows[0], entity_path(table, rows[0]))
    place = f"{target.place}/{nav.name}"
    found = Target("navigation", table, rows, None, place, owner=target.table.key(row))
    return found if match[2] is None else _keyed(found, parse_key(table.entity, match[2]))
