# SPDX-License-Identifier: Apache-2.0
"""Writes of the V4 service: create with deep insert, PATCH, DELETE. They end in the same orders as V2's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiohttp import web

from .exchange import Answer
from .odata.body import read_entity
from .odata.entity import Entity
from .odata.errors import ODataError
from .odata.table import Row
from .odata4.metadata import forbidden
from .odata4.options import Options4, bad
from .odata4.path import Target4, canonical, resolve4
from .odata4.schema import ROOT, Set4
from .odata4.types import SETS
from .odata4_service import is_ieee, json_type, renderer4, service_headers4
from .odata_writes import WARNING, check_if_match, count_created
from .state import Tenant
from .tenant.tables import SALES_ORDER_SERVICE

_DAY = re.compile(r"\d{4}-\d\d-\d\d$")
# Navigation properties of a deep insert, and those of the V2 service behind them.
_CHILDREN = {"_Item": "to_Item", "_Partner": "to_Partner", "_ScheduleLine": "to_ScheduleLine"}
# The same order type is shown as TA here and as OR in V2 (a real project's requests).
_ORDER_TYPE = {"TA": "OR"}


@dataclass
class Write4:
    """One write in progress. `path` is raw, below the root."""

    tenant: Tenant
    request: web.BaseRequest
    path: str
    body: bytes
    warning: dict[str, Any] | None = None

    def answer(self) -> Answer:
        """Executes it. Throws `ODataError` for what is refused; nothing has changed then."""
        method = self.request.method
        if not self.path or self.path.startswith("$"):
            raise ODataError(405, f"{method} is not possible here", "SANDBOX/405")
        target, name = self._target(), ""
        name = target.made.name
        if method == "POST" and target.row is None and not (not target.owner and forbidden(name, "Insertable")):
            return self._create(target)
        if target.row is not None and method == "PATCH" and not forbidden(name, "Updatable"):
            return self._update(target)
        deletable = not forbidden(name, "Deletable") or (name == "SalesOrder" and self.tenant.settings.v4_delete_orders)
        if target.row is not None and method == "DELETE" and deletable:
            self._check_etag(target)
            self.tenant.orders.delete(target.made.v2.name, target.table.key(target.row))
            return Answer(204, b"", "", service_headers4())
        raise ODataError(405, f"Method {method} is not allowed for {name}", "SANDBOX/405")

    def move_etag(self) -> None:
        """The fault `etag_moved`: somebody else changes the order just before."""
        target = self._target()
        if target.row is not None:
            self.tenant.orders.touch(target.table.key(target.row)[0])

    def _target(self) -> Target4:
        tables = self.tenant.services[SALES_ORDER_SERVICE.name].database.tables
        return resolve4(tables, renderer4(self.tenant, self.request), self.path)

    def _create(self, target: Target4) -> Answer:
        table, made, orders = target.table, target.made, self.tenant.orders
        sent = self._entity(made)
        if made.name == "SalesOrder":
            key: tuple[str, ...] = (orders.create(sent, self.tenant.settings.approval_on_create),)
        else:
            item = target.owner[1] if len(target.owner) > 1 else None
            key = orders.insert(made.v2.name, target.owner[0], item, sent)
        row = table.with_prefix(key)[0]
        count_created(self.tenant, made.v2.name, row, table)
        answer = self._shown(201, made, row, target, tuple(sent.children))
        location = canonical(made, table, row)
        # Recorded for a navigation: "../SalesOrderItem(…)", relative to the request's URL.
        depth = len([part for part in self.path.split("/") if part]) - 1
        relative = self.tenant.settings.v4_location == "relative"
        root = f"https://{self.request.headers.get('Host', 'localhost')}{ROOT}/"
        answer.header("Location", "../" * depth + location if relative else root + location)
        return answer

    def _update(self, target: Target4) -> Answer:
        self._check_etag(target)
        assert target.row is not None
        key = target.table.key(target.row)
        self.tenant.orders.change(target.made.v2.name, key, self._entity(target.made).values)
        row = target.table.with_prefix(key)[0]
        minimal = "return=minimal" in self.request.headers.get("Prefer", "").replace(" ", "")
        if self.tenant.settings.v4_patch_status == 204 or minimal:
            answer = Answer(204, b"", "", service_headers4())
            answer.header("etag", renderer4(self.tenant, self.request).etag(target.table, row))
            return answer
        return self._shown(200, target.made, row, target, ())

    def _shown(self, status: int, made: Set4, row: Row, target: Target4, children: tuple[str, ...]) -> Answer:
        render, settings = renderer4(self.tenant, self.request), self.tenant.settings
        shown = [name for name, v2 in _CHILDREN.items() if v2 in children and settings.deep_insert_answer]
        options = Options4(expand={name: Options4() for name in shown})
        message = settings.sap_message if self.warning is None else WARNING | self.warning
        messages = "[]" if message is None else json.dumps([_message(message)])
        context = f'"@odata.context":"$metadata#{made.name}/$entity"'
        text = render.entity(made, row, options, messages, context)
        ieee = is_ieee(self.request.headers.get("Accept", ""))
        answer = Answer(status, text.encode(), json_type(ieee), service_headers4())
        answer.header("etag", render.etag(target.table, row))
        return answer

    def _check_etag(self, target: Target4) -> None:
        assert target.row is not None
        check_if_match(self.request, renderer4(self.tenant, self.request).etag(target.table, target.row))

    def _entity(self, made: Set4) -> Entity:
        if self.request.content_type != "application/json":
            raise ODataError(415, f"Unsupported media type: '{self.request.content_type}'", "SANDBOX/415")
        try:
            value = json.loads(self.body, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise bad("The request body is not JSON") from None
        return _entity(made, value)


def _entity(made: Set4, value: object) -> Entity:
    """The entity in V2's names. Decimals may be numbers or strings; what V2 has no place for is passed over."""
    if not isinstance(value, dict):
        raise bad(f"An object of type {made.name}_Type is expected")
    plain, children = {}, {}
    for name, part in value.items():
        prop, nav = made.by_name.get(name), made.navigation(name)
        if nav is not None and name in _CHILDREN:
            if not isinstance(part, list):
                raise bad(f"Navigation property {name} is a collection")
            children[_CHILDREN[name]] = [_entity(SETS[nav.target], child) for child in part]
        elif prop is None and not name.startswith("@") and name != "SAP__Messages":
            raise bad(f"Property {name} not found in type {made.name}_Type")
        elif prop is not None and prop.source is not None:
            source = "SalesOrderType" if name == "SalesOrderType" else prop.source.name
            part = _ORDER_TYPE.get(part, part) if name == "SalesOrderType" and isinstance(part, str) else part
            if prop.edm_type == "Edm.Date" and part is not None:
                if not (isinstance(part, str) and _DAY.match(part)):
                    raise bad(f"Property {name} is no date such as 2026-11-23")  # V2's /Date(…)/ is none of V4
                part = f"{part}T00:00:00"
            plain[source] = part
    return Entity(read_entity(SALES_ORDER_SERVICE, made.v2, plain, numbers=True).values, children)


def _message(message: dict[str, Any]) -> dict[str, Any]:
    """An entry of SAP__Messages, as recorded."""
    severity = {"error": 4, "warning": 3, "info": 2}.get(str(message.get("severity", "info")), 1)
    return {
        "code": message.get("code", ""), "message": message.get("message", ""), "target": message.get("target", ""),
        "additionalTargets": [], "transition": True, "numericSeverity": severity, "longtextUrl": None,
    }  # fmt: skip
