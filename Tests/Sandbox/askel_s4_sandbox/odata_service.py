# SPDX-License-Identifier: Apache-2.0
"""Answers of the OData V2 service: service document, `$metadata`, reads with paging."""

from __future__ import annotations

import json
import re

from aiohttp import web

from .exchange import Answer
from .faults import Chosen
from .odata.errors import ODataError, error_body
from .odata.metadata import edmx
from .odata.options import Options, parse_options, refuse_collection_options, shape
from .odata.path import Target, resolve
from .odata.render import etag_of, json_value, plain_value
from .odata.schema import EntitySet
from .odata.table import Row
from .odata4.errors import error_body4
from .paging import Read, rows_and_link
from .state import Mounted, Tenant

_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"
# Sets on which an unfiltered $inlinecount ends with status 500 (KBA 3616518).
_COUNT_FAILS_UNFILTERED = ("A_SalesOrder",)
_MAX_PAGE_SIZE = re.compile(r"odata\.maxpagesize\s*=\s*(\d{1,9})", re.I)


def accepts(request: web.BaseRequest, *types: str) -> bool:
    """Whether the Accept header allows one of the media types; a missing header allows all."""
    header = request.headers.get("Accept", "*/*")
    ranges = {part.partition(";")[0].strip().lower() for part in header.split(",") if "q=0" not in part.split(";")}
    wanted = {"*/*", *types, *(name.partition("/")[0] + "/*" for name in types)}
    return bool(ranges & wanted) or not header.strip()


def not_acceptable() -> ODataError:
    """406, for an Accept header that leaves nothing to send."""
    return ODataError(406, "The request contains an Accept header with media types that are not supported here")


def service_headers() -> list[tuple[str, str]]:
    """Headers that every answer of the service carries."""
    return [
        ("dataserviceversion", "2.0"),
        ("sap-metadata-last-modified", _MODIFIED),
        ("cache-control", "no-store, no-cache"),
        ("sap-server", "true"),
    ]


def read(tenant: Tenant, mounted: Mounted, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
    """GET below the service root. `path` is raw and begins behind the root's slash.

    - Throws: `ODataError` for everything that is answered with an error body.
    """
    base = f"https://{request.headers.get('Host', 'localhost')}"
    if path == "$metadata":
        if not accepts(request, "application/xml", "text/xml"):
            raise not_acceptable()
        return Answer(200, edmx(mounted.service, base), "application/xml", service_headers())
    options = parse_options(query, tenant.settings.plus_is_space)
    wants_json = accepts(request, "application/json") or "$format" in options.names
    if not path:
        if not wants_json:
            raise not_acceptable()
        sets = {"d": {"EntitySets": list(mounted.service.sets)}}
        return Answer(200, json.dumps(sets, separators=(",", ":")).encode(), headers=service_headers())
    if path.startswith("$batch"):
        raise ODataError(405, "$batch takes POST requests", "/IWFND/CM_MGW/405")
    target = resolve(mounted.service, mounted.database, path)
    # Counts and raw values are text, whatever was asked for: clients send their usual Accept: application/json.
    if not (target.count or target.raw_value or wants_json):
        raise not_acceptable()
    context = Read(tenant, mounted, request, options, base, faults)
    if target.row is not None:
        return _single(context, target, target.row)
    return _count(context, target) if target.count else _collection(context, target)


def _single(context: Read, target: Target, row: Row) -> Answer:
    refuse_collection_options(context.options)
    table, headers, escaped = target.table, service_headers(), context.tenant.settings.escaped_slashes
    if target.prop is not None:
        value = table.value(row, target.prop.name)
        if not target.raw_value:
            text = json_value(target.prop, value, escaped)
            return Answer(200, f'{{"d":{{"{target.prop.name}":{text}}}}}'.encode(), headers=headers)
        if value is None:
            raise ODataError(404, f"Resource not found for segment '{target.prop.name}'")
        return Answer(200, plain_value(target.prop, value).encode(), "text/plain;charset=utf-8", headers)
    if table.entity.etag is not None:
        headers.append(("etag", etag_of(table.value(row, table.entity.etag.name))))
    return Answer(200, b'{"d":' + _rendered(context, table.entity, [row]) + b"}", headers=headers)


def _rendered(context: Read, entity: EntitySet, rows: list[Row]) -> bytes:
    """The rows as JSON texts with commas between them."""
    mounted, options = context.mounted, context.options
    seen = shape(mounted.service, entity, options.select, options.expand)
    root = context.base + mounted.service.root
    texts = mounted.renderer.rows_to_json(seen, root, context.tenant.settings.escaped_slashes)(rows)
    # Joined as bytes: one emoji would make a string of the whole page four bytes a character wide.
    return b",".join([text.encode() for text in texts])


def _count(context: Read, target: Target) -> Answer:
    options = context.options
    found = context.mounted.reader.matching(target.table, target.rows, target.place, options)
    left = found[options.skip :] if options.top is None else found[options.skip : options.skip + options.top]
    return Answer(200, str(len(left)).encode(), "text/plain;charset=utf-8", service_headers())


def _page_size(tenant: Tenant, request: web.BaseRequest) -> int:
    size = tenant.settings.page_size
    if tenant.settings.honour_maxpagesize:
        match = _MAX_PAGE_SIZE.search(request.headers.get("Prefer", ""))
        if match and int(match[1]):
            size = min(size, int(match[1])) if size else int(match[1])
    return size


def _collection(context: Read, target: Target) -> Answer:
    tenant, mounted, options = context.tenant, context.mounted, context.options
    unfiltered = options.filter is None and target.place in _COUNT_FAILS_UNFILTERED
    if options.inlinecount and unfiltered and tenant.settings.inlinecount_fails:
        raise ODataError(500, "In the context of Data Services an unknown internal server error occurred")
    if "wrong_set" in context.faults:
        target = _another_set(context, target)
        options = context.options = Options(top=options.top, skip=options.skip, raw=options.raw)
    size = _page_size(tenant, context.request)
    page = mounted.reader.page(target.table, target.rows, target.place, options, size)
    rows, link = rows_and_link(context, page)
    parts = [b'{"d":{"results":[', _rendered(context, target.table.entity, rows), b"]"]
    if options.inlinecount:
        parts.append(f',"__count":"{page.total}"'.encode())
    if link is not None:
        parts.append(f',"__next":{json.dumps(link, ensure_ascii=False)}'.encode())
    return Answer(200, b"".join([*parts, b"}}"]), headers=service_headers())


def _another_set(context: Read, target: Target) -> Target:
    tables = context.mounted.database.tables
    name = context.faults["wrong_set"].get("set") or next(n for n in tables if n != target.table.entity.name)
    if name not in tables:
        raise ValueError(f"fault wrong_set: there is no set {name!r}")
    return Target("collection", tables[name], None, None, name)


def error_answer(request: web.BaseRequest, error: ODataError) -> Answer:
    """The error as JSON, whatever the Accept header says."""
    match = re.search(r"sap-language=(\w\w)", request.raw_path, re.I)
    service = request.path.rpartition("/odata/sap/")[2].partition("/")[0].partition(";")[0]
    if "/odata4/" in request.path:
        headers = [("odata-version", "4.0"), *error.headers.items()]
        return Answer(error.status, error_body4(error), "application/json;odata.metadata=minimal", headers)
    body = error_body(error, service, match[1].lower() if match else "en")
    answer = Answer(error.status, body, "application/json;charset=utf-8", [("dataserviceversion", "1.0")])
    answer.headers += list(error.headers.items())
    return answer
