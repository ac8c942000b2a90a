# SPDX-License-Identifier: Apache-2.0
"""JSON bodies of V2 writes: names and value forms are checked against the entity type, nested entities are read.

Value forms as in SAP's recordings: decimals as strings, /Date(ms)/ or an ISO date, `[…]` and `{"results":[…]}` for
nested collections. Refusals have a hash for a code, as those of Gateway's parsers have; their texts are assumed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from .entity import Entity
from .errors import ODataError, parser_error
from .literals import iso_ticks
from .schema import EntitySet, Property, Service

_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/$")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?$")
_DAY_TICKS = 864_000_000_000
# Years 1 to 9999, in 100 ns since 1970.
_FIRST, _LAST = -621_355_968_000_000_000, 2_534_023_007_999_999_999
_DEFERRED = {"__deferred"}


def read_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Throws 400 for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise parser_error("Error while parsing an XML or JSON stream: the request body is not JSON") from None
    if not isinstance(found, dict):
        raise parser_error("Error while parsing a JSON stream: an object is expected")
    if set(found) == {"d"} and isinstance(found["d"], dict):
        return found["d"]
    return found


def read_entity(
    service: Service, entity: EntitySet, value: object, numbers: bool = False, nested: bool = True
) -> Entity:
    """An entity out of a JSON value. `numbers`: decimals may be JSON numbers; `nested`: navigations are read too.

    - Throws: `ODataError` 400 for unknown names and values that do not fit their type.
    """
    if not isinstance(value, dict):
        raise parser_error(f"Error while parsing a JSON stream: an object of type {entity.type_name} is expected")
    found = Entity()
    for name, part in value.items():
        prop = entity.by_name.get(name)
        if prop is not None:
            found.values[name] = _READERS[prop.edm_type](prop, part, numbers)
        elif name in entity.nav_by_name:
            children = _children(service, entity, name, part, numbers)
            if children and not nested:
                raise parser_error(f"Navigation property '{name}' is not allowed in an update")
            if children:
                found.children[name] = children
        elif name != "__metadata":
            raise parser_error(f"Property '{name}' is invalid in type '{service.name}.{entity.type_name}'")
    return found


def _children(service: Service, entity: EntitySet, name: str, part: object, numbers: bool) -> list[Entity]:
    navigation = entity.nav_by_name[name]
    if isinstance(part, dict) and set(part) == {"results"}:
        part = part["results"]
    if part is None or (isinstance(part, dict) and set(part) == _DEFERRED):
        return []
    if not isinstance(part, list) or not navigation.to_many:
        raise parser_error(f"Invalid value for navigation property '{name}'")
    return [read_entity(service, service.sets[navigation.target], child, numbers) for child in part]


def _wrong(prop: Property, value: object) -> ODataError:
    shown = json.dumps(value, ensure_ascii=False, default=str)[:60]
    return parser_error(f"Failed to read property '{prop.name}'. Property '{prop.name}' has invalid value {shown}")


def _string(prop: Property, value: object, _: bool) -> str:
    if value is None:
        return str(prop.initial())
    if not isinstance(value, str):
        raise _wrong(prop, value)
    text = value.upper() if prop.display_format == "UpperCase" else value
    stored = prop.internal(text)
    try:
        # Lengths count UTF-16 units, as ABAP's do; half a surrogate pair is no text.
        units = len(stored) if stored.isascii() else len(stored.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        raise _wrong(prop, value) from None
    if prop.length is not None and units > prop.length:
        raise _wrong(prop, value)
    return stored


def _decimal(prop: Property, value: object, numbers: bool) -> Decimal | None:
    if value is None:
        return None
    if numbers and isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        value = f"{value:f}" if isinstance(value, Decimal) else repr(value)
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise _wrong(prop, value)
    try:
        found = Decimal(value).normalize()
        scale, digits = prop.scale or 0, (prop.precision or 0) - (prop.scale or 0)
        _, _, exponent = found.as_tuple()
        if -int(exponent) > scale or found.adjusted() >= digits:
            raise _wrong(prop, value)
        return found.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation:
        raise _wrong(prop, value) from None


def _boolean(prop: Property, value: object, _: bool) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _wrong(prop, value)


def _double(prop: Property, value: object, _: bool) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise _wrong(prop, value) from None


def _moment(prop: Property, value: object) -> int | None:
    """100 ns since 1970; an offset in minutes says where the moment was taken, it does not change it."""
    if value is None:
        return None
    match = _DATE.match(value) if isinstance(value, str) else None
    try:
        offset = prop.edm_type == "Edm.DateTimeOffset"
        ticks = int(match[1]) * 10_000 if match else iso_ticks(str(value), with_offset=offset)
    except (ValueError, OverflowError):
        raise _wrong(prop, value) from None
    if not _FIRST <= ticks <= _LAST:
        raise _wrong(prop, value)
    return ticks


def _date(prop: Property, value: object, _: bool) -> int | None:
    ticks = _moment(prop, value)
    # Dates have no time of day in ABAP: what a client sends of it is dropped.
    return None if ticks is None else ticks // _DAY_TICKS * (_DAY_TICKS // 10_000)


_READERS: dict[str, Callable[[Property, Any, bool], Any]] = {
    "Edm.String": _string,
    "Edm.Decimal": _decimal,
    "Edm.Boolean": _boolean,
    "Edm.Double": _double,
    "Edm.DateTime": _date,
    "Edm.DateTimeOffset": lambda prop, value, _: _moment(prop, value),
}
