# SPDX-License-Identifier: Apache-2.0
"""Writes of the OData V2 service: create with deep insert, MERGE/PATCH, PUT, DELETE and function imports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from .exchange import Answer
from .odata.body import read_entity, read_object
from .odata.entity import Entity
from .odata.errors import ODataError, parser_error
from .odata.literals import parse_literal
from .odata.options import shape
from .odata.path import Target, not_found, resolve
from .odata.render import entity_path, etag_of
from .odata.table import Key, Row, Table
from .odata_service import accepts, not_acceptable, service_headers
from .state import Mounted, Tenant

_UPDATES = ("MERGE", "PATCH", "PUT", "DELETE")
_HEADER = "A_SalesOrder"
WARNING = {"code": "ZSB/090", "message": "The requested delivery date cannot be kept", "severity": "warning"}


def method_of(request: web.BaseRequest) -> str:
    """The method that is meant: a POST may tunnel another one in X-HTTP-Method (OData V2, section 2.10)."""
    tunnelled = request.headers.get("X-HTTP-Method", "").upper() if request.method == "POST" else ""
    return tunnelled or request.method


def target_set(mounted: Mounted, path: str) -> str:
    """Which set or function a write is about, as the statistics name it."""
    segments = [unquote(part).partition("(")[0] for part in path.split("/") if part]
    if len(segments) > 1:
        entity = mounted.service.sets.get(segments[0])
        navigation = entity.nav_by_name.get(segments[1]) if entity else None
        return navigation.target if navigation else "/".join(segments)
    return segments[0] if segments else "other"


@dataclass
class Write:
    """One write in progress. `base` is scheme and host as the client calls them, `path` is raw, below the root."""

    tenant: Tenant
    mounted: Mounted
    request: web.BaseRequest
    base: str
    path: str
    query: str
    body: bytes
    warning: dict[str, Any] | None = None
    """What the fault `warning` says; it goes before the setting `sap_message`."""

    def answer(self) -> Answer:
        """Executes it. Throws `ODataError` for what is refused; nothing has changed then."""
        answer, message = self._execute(), self.tenant.settings.sap_message
        if self.warning is not None:
            message = WARNING | self.warning
        if message is not None:
            answer.header("sap-message", sap_message(message))
        return answer

    def _execute(self) -> Answer:
        method = method_of(self.request)
        name, function = self.path.partition("(")[0], self.mounted.service.functions.get(self.path)
        if function is not None:
            return self._function(function.name, function.parameter, method)
        if not self.path or name.startswith("$"):
            raise _not_allowed(method, "GET")
        target = resolve(self.mounted.service, self.mounted.database, self.path)
        if method == "POST" and target.row is None and not target.count:
            return self._create(target)
        if method in _UPDATES and target.row is not None and target.prop is None:
            return self._update(method, target.table, target.row)
        raise _not_allowed(method, "GET, POST" if target.row is None else "GET, MERGE, PATCH, PUT, DELETE")

    def _entity(self, table: Table, nested: bool) -> Entity:
        if self.request.content_type != "application/json":
            raise ODataError(415, f"Unsupported media type requested: '{self.request.content_type}'")
        numbers = self.tenant.settings.decimals_as_numbers
        return read_entity(self.mounted.service, table.entity, read_object(self.body), numbers, nested)

    def _create(self, target: Target) -> Answer:
        if not accepts(self.request, "application/json"):
            raise not_acceptable()
        table, orders, settings = target.table, self.tenant.orders, self.tenant.settings
        name, sent = table.entity.name, self._entity(table, nested=True)
        if name == _HEADER:
            key: Key = (orders.create(sent, settings.approval_on_create),)
        else:
            number, item = self._owner(target, sent)
            key = orders.insert(name, number, item, sent)
        row = table.with_prefix(key)[0]
        count_created(self.tenant, name, row, table)
        expanded = tuple(sent.children) if settings.deep_insert_answer else ()
        seen = shape(self.mounted.service, table.entity, (), expanded)
        root = self.base + self.mounted.service.root
        text = self.mounted.renderer.rows_to_json(seen, root, settings.escaped_slashes)([row])[0]
        answer = Answer(201, f'{{"d":{text}}}'.encode(), headers=service_headers())
        answer.header("Location", f"{root}/{entity_path(table, row)}")
        if table.entity.etag is not None:
            answer.header("etag", etag_of(table.value(row, table.entity.etag.name)))
        return answer

    def _owner(self, target: Target, sent: Entity) -> tuple[str, str | None]:
        """Order and item below which a new entity goes: from the URL, or else from its own key properties."""
        found = [*target.owner, *(sent.values.get(p.name, "") for p in target.table.entity.keys[len(target.owner) :])]
        headers = self.mounted.database.tables[_HEADER]
        if not headers.with_prefix((found[0],)):
            raise not_found(headers.entity)
        return found[0], (found[1] if len(target.table.entity.keys) > 2 else None)

    def _update(self, method: str, table: Table, row: Row) -> Answer:
        self._check_etag(table, row)
        orders, name, key = self.tenant.orders, table.entity.name, table.key(row)
        if method == "DELETE":
            orders.delete(name, key)
            return Answer(204, b"", "", service_headers())
        sent = self._entity(table, nested=False)
        orders.change(name, key, sent.values, replace=method == "PUT")
        answer = Answer(204, b"", "", service_headers())
        if self.tenant.settings.etag_on_update and table.entity.etag is not None:
            answer.header("etag", etag_of(table.value(table.with_prefix(key)[0], table.entity.etag.name)))
        return answer

    def _check_etag(self, table: Table, row: Row) -> None:
        headers = self.mounted.database.tables[_HEADER]
        if table.entity.etag is None and not self.tenant.settings.if_match_children:
            return
        order = headers.with_prefix((table.key(row)[0],))[0]
        check_if_match(self.request, etag_of(headers.value(order, "LastChangeDateTime")))

    def move_etag(self) -> None:
        """The fault `etag_moved`: somebody else changes the order just before."""
        target = resolve(self.mounted.service, self.mounted.database, self.path)
        if target.row is not None:
            self.tenant.orders.touch(target.table.key(target.row)[0])

    def _function(self, name: str, parameter: str, method: str) -> Answer:
        if method != "POST":
            raise _not_allowed(method, "POST")
        given = dict(part.partition("=")[::2] for part in self.query.split("&"))
        try:
            text = parse_literal(unquote(given[parameter])).value
        except (KeyError, ValueError, ODataError):
            raise parser_error(f"Missing or malformed parameter '{parameter}' of function '{name}'") from None
        table, settings = self.mounted.database.tables[_HEADER], self.tenant.settings
        number = table.entity.by_name["SalesOrder"].internal(str(text))
        if not table.with_prefix((number,)):
            raise not_found(table.entity)
        outcome = settings.approval_released if name.startswith("release") else settings.approval_rejected
        self.tenant.orders.approve(number, settings.approval_on_create, outcome)
        result = {"__metadata": {"type": f"{self.mounted.service.name}.FunctionResult"}, "Boolean": True}
        body = json.dumps({"d": {name: result}}, separators=(",", ":")).encode()
        return Answer(200, body, headers=service_headers())


def check_if_match(request: web.BaseRequest, etag: str) -> None:
    """428 without If-Match (KBA 3514624), 412 for another ETag (KBA 3539067); ETags are compared byte for byte."""
    given = request.headers.get("If-Match")
    if given is None:
        raise ODataError(428, "The request is required to be conditional: header If-Match is missing", "SANDBOX/428")
    if given.strip() not in ("*", etag):
        raise ODataError(412, "The data has been changed meanwhile: the ETag is outdated", "SANDBOX/412")


def count_created(tenant: Tenant, name: str, row: Row, table: Table) -> None:
    """Tells the statistics of a new entity; orders also by their customer's reference."""
    tenant.stats.created[name] += 1
    if name == _HEADER and (reference := table.value(row, "PurchaseOrderByCustomer")):
        tenant.stats.created_by_reference[reference] += 1


def sap_message(message: dict[str, object]) -> str:
    """Value of the `sap-message` header, in the recorded form; JSON in ASCII, as header values are."""
    long = "/sap/opu/odata/iwbep/message_text;o=LOCAL/"
    full = {"code": "", "message": "", "longtext_url": long, "severity": "info", "target": "", "details": []}
    return json.dumps(full | message, separators=(",", ":"))


def _not_allowed(method: str, allowed: str) -> ODataError:
    return ODataError(405, f"Method {method} is not allowed here", "/IWFND/CM_MGW/405", {"Allow": allowed})
