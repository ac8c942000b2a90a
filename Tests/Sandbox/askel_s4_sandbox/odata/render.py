# SPDX-License-Identifier: Apache-2.0
"""Rows to V2 JSON text. One small function is compiled for each combination of set, `$select` and `$expand`.

Value forms as recorded from S/4HANA: decimals as strings with the digits of their unit, /Date(ms)/ for DateTime,
/Date(ms+0000)/ for DateTimeOffset, ids and NUMC without leading zeros, Double as a string (V2 JSON format).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any
from urllib.parse import quote

from .filter import show_padded
from .literals import EPOCH, TICKS_PER_SECOND
from .options import Shape
from .schema import EntitySet, Property, Service
from .table import Database, Row, Table

RowsToJson = Callable[[list[Row]], list[str]]


def etag_of(ticks: int) -> str:
    """A V2 ETag made of a DateTimeOffset: W/"datetimeoffset'2005-10-24T15%3A36%3A52.0000000Z'"."""
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    moment = EPOCH + dt.timedelta(seconds=seconds)
    return f"W/\"datetimeoffset'{moment:%Y-%m-%dT%H%%3A%M%%3A%S}.{fraction:07d}Z'\""


def key_text(shown: str) -> str:
    """A string key inside a URI: quotes doubled, then percent-encoded."""
    return shown if shown.isalnum() and shown.isascii() else quote(shown.replace("'", "''"), safe="'-._~!*()")


def entity_path(table: Table, row: Row) -> str:
    """`A_SalesOrderItem(SalesOrder='1',SalesOrderItem='10')`; a single key stands without its name."""
    parts = [(p.name, key_text(outer_value(p, table.value(row, p.name)))) for p in table.entity.keys]
    if len(parts) == 1:
        return f"{table.entity.name}('{parts[0][1]}')"
    return f"{table.entity.name}({','.join(f'{name}={chr(39)}{text}{chr(39)}' for name, text in parts)})"


def outer_value(prop: Property, value: Any) -> Any:
    """A stored value as clients see it, before JSON."""
    return show_padded(prop)(value) if prop.padded else value


class Renderer:
    """Makes and keeps the compiled row functions of one service.

    `escaped_slashes` writes \\/Date(…)\\/, as some recordings show; both are the same after JSON decoding.
    """

    def __init__(self, service: Service, database: Database):
        self.service = service
        self.database = database
        self._compiled: dict[tuple[Shape, str, bool, int], RowsToJson] = {}

    def rows_to_json(self, shape: Shape, base_url: str, escaped_slashes: bool = False) -> RowsToJson:
        """A function from rows to JSON texts, one a row. `base_url` is the service root, without trailing slash."""
        key = (shape, base_url, escaped_slashes, self.database.layout)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) > 500:
                self._compiled.clear()
            found = self._compiled[key] = self._compile(shape, base_url, escaped_slashes)
        return found

    def _compile(self, shape: Shape, base_url: str, escaped: bool) -> RowsToJson:
        table, entity = self.database.tables[shape.set_name], self.service.sets[shape.set_name]
        values: dict[str, Any] = {"E": encode_basestring, "K": key_text, "G": lambda t: encode_basestring(etag_of(t))}
        template, sources = self._head(entity, table, base_url, values)
        for name in shape.properties:
            prop, column = entity.by_name[name], table.index.get(name)
            template += f',"{name}":'
            if column is None:
                template += json_value(prop, table.constants[name], escaped).replace("%", "%%")
            else:
                template += "%s"
                sources.append(_source(prop, f"r[{column}]", values, escaped))
        for name, inner in shape.navigations:
            template += f',"{name}":'
            if inner is None:
                template += '{"__deferred":{"uri":"%s/' + name + '"}}'
                sources.append("u")
            else:
                template += "%s"
                values[f"X_{name}"] = self._expander(table, name, inner, base_url, escaped)
                sources.append(f"X_{name}(r)")
        values["T"] = template + "}"
        uri, rest = sources[0], ", ".join(sources[1:])
        # u is the row's own URI; the template needs it twice, and once more for each deferred link.
        code = f"lambda rows: [T % (u, u, {rest}) for r in rows for u in ({uri},)]"
        # The source is made of column numbers and declared names alone.
        compiled: RowsToJson = eval(code, values)
        return compiled

    def _head(self, entity: EntitySet, table: Table, base_url: str, values: dict[str, Any]) -> tuple[str, list[str]]:
        parts = []
        for prop in entity.keys:
            shown = _shown(prop, f"r[{table.index[prop.name]}]", values)
            parts.append(f"'{prop.name}=' + Q + K({shown}) + Q" if len(entity.keys) > 1 else f"Q + K({shown}) + Q")
        values |= {"Q": "'", "B": f"{base_url}/{entity.name}("}
        uri = "B + " + " + ',' + ".join(parts) + " + ')'"
        template = '{"__metadata":{"id":"%s","uri":"%s","type":"' + f'{self.service.name}.{entity.type_name}"'
        sources = [uri]
        if entity.etag:
            template += ',"etag":%s'
            sources.append(f"G(r[{table.index[entity.etag.name]}])")
        return template + "}", sources

    def _expander(self, table: Table, name: str, inner: Shape, base_url: str, escaped: bool) -> Callable[[Row], str]:
        nav = table.entity.nav_by_name[name]
        related, render = self.database.related, self.rows_to_json(inner, base_url, escaped)
        if nav.to_many:
            return lambda row: '{"results":[' + ",".join(render(related(table, row, nav))) + "]}"
        return lambda row: next(iter(render(related(table, row, nav))), "null")


def _shown(prop: Property, source: str, values: dict[str, Any]) -> str:
    if not prop.padded:
        return source
    values[f"S_{prop.name}"] = show_padded(prop)
    return f"S_{prop.name}({source})"


def _source(prop: Property, source: str, values: dict[str, Any], escaped: bool) -> str:
    """Python source that gives the JSON text of a column."""
    if prop.edm_type == "Edm.String":
        return f"E({_shown(prop, source, values)})"
    values[f"J_{prop.name}"] = lambda value: json_value(prop, value, escaped)
    return f"J_{prop.name}({source})"


def json_value(prop: Property, value: Any, escaped_slashes: bool = False) -> str:
    """One value as JSON text."""
    if value is None:
        return "null"
    slash = "\\/" if escaped_slashes else "/"
    if prop.edm_type == "Edm.Decimal":
        return f'"{value:f}"'
    if prop.edm_type == "Edm.DateTime":
        return f'"{slash}Date({value}){slash}"'
    if prop.edm_type == "Edm.DateTimeOffset":
        return f'"{slash}Date({value // 10_000}+0000){slash}"'
    if prop.edm_type == "Edm.Boolean":
        return "true" if value else "false"
    if prop.edm_type == "Edm.Double":
        return f'"{value!r}"'
    return json.dumps(outer_value(prop, value), ensure_ascii=False)


def plain_value(prop: Property, value: Any) -> str:
    """One value as text, for `/$value`."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(json.loads(json_value(prop, value)))
