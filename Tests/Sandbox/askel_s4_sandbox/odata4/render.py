# SPDX-License-Identifier: Apache-2.0
"""Rows as V4 JSON: decimals as numbers (strings with IEEE754Compatible=true), ISO dates, ETags of the SADL form."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from ..odata.literals import EPOCH, TICKS_PER_SECOND
from ..odata.options import Options
from ..odata.query import Reader
from ..odata.render import outer_value
from ..odata.table import Database, Row, Table
from .options import Options4
from .schema import Prop4, Set4
from .types import SETS


def etag4(ticks: int) -> str:
    """An entity's ETag, after the recorded W/"SADL-000000000000000000000C~0.0000000"."""
    moment = EPOCH + dt.timedelta(seconds=ticks // TICKS_PER_SECOND)
    text, fraction = moment.strftime("%Y%m%d%H%M%S"), f"{ticks % TICKS_PER_SECOND:07d}"
    return f'W/"SADL-{text}{fraction}C~{text}.{fraction}"'


class Renderer4:
    """Makes the JSON of entities. `ieee`: decimals and counts as strings."""

    def __init__(self, database: Database, reader: Reader, ieee: bool):
        self._database, self._reader, self._ieee = database, reader, ieee

    def etag(self, table: Table, row: Row) -> str:
        """An order's ETag, which is also that of all below it (OptimisticConcurrency over _SalesOrder)."""
        orders = self._database.tables["A_SalesOrder"]
        order = row if table is orders else orders.with_prefix((table.key(row)[0],))[0]
        return etag4(orders.value(order, "LastChangeDateTime"))

    def entity(self, made: Set4, row: Row, options: Options4, messages: str = "[]", context: str = "") -> str:
        """One entity with what `options` select and expand."""
        table = self._database.tables[made.v2.name]
        parts = [context] if context else []
        parts.append(f'"@odata.etag":{json.dumps(self.etag(table, row))}')
        for prop in made.properties:
            if not options.select or prop.name in options.select:
                parts.append(f'"{prop.name}":{self._value(prop, table, row)}')
        if made.messages and (not options.select or "SAP__Messages" in options.select):
            parts.append(f'"SAP__Messages":{messages}')
        for name, inner in options.expand.items():
            parts.append(f'"{name}":{self._expanded(made, name, table, row, inner)}')
        return "{" + ",".join(parts) + "}"

    def related(self, made: Set4, name: str, table: Table, row: Row) -> list[Row]:
        """Rows that a navigation leads to: children have the parent's key in front, parents own a part of it."""
        nav = next(n for n in made.navigations if n.name == name)
        target = self._database.tables[SETS[nav.target].v2.name]
        length = len((made if nav.to_many else SETS[nav.target]).v2.keys)
        return target.with_prefix(table.key(row)[:length])

    def _expanded(self, made: Set4, name: str, table: Table, row: Row, inner: Options4) -> str:
        nav = next(n for n in made.navigations if n.name == name)
        target, rows = SETS[nav.target], self.related(made, name, table, row)
        if not nav.to_many:
            return self.entity(target, rows[0], inner) if rows else "null"
        place = f"{made.name}{table.key(row)}/{name}"
        plain = Options(filter=inner.filter, orderby=inner.orderby)
        rows = self._reader.matching(self._database.tables[target.v2.name], rows, place, plain)
        end = None if inner.top is None else inner.skip + inner.top
        return "[" + ",".join(self.entity(target, found, inner) for found in rows[inner.skip : end]) + "]"

    def _value(self, prop: Prop4, table: Table, row: Row) -> str:
        if prop.source is None:
            return f'"{prop.initial}"' if self._ieee and prop.edm_type == "Edm.Decimal" else prop.initial
        value = table.value(row, prop.source.name)
        if value is None:
            return prop.initial
        if prop.edm_type == "Edm.Decimal":
            return f'"{value:f}"' if self._ieee else f"{value:f}"
        if prop.edm_type == "Edm.Boolean":
            return "true" if value else "false"
        return json.dumps(_text(prop, value), ensure_ascii=False)


def _text(prop: Prop4, value: Any) -> str:
    if prop.edm_type == "Edm.Date":
        return (EPOCH + dt.timedelta(milliseconds=value)).date().isoformat()
    if prop.edm_type == "Edm.DateTimeOffset":
        moment = EPOCH + dt.timedelta(seconds=value // TICKS_PER_SECOND)
        return f"{moment.isoformat()}.{value % TICKS_PER_SECOND:07d}Z"
    assert prop.source is not None
    return str(outer_value(prop.source, value))
