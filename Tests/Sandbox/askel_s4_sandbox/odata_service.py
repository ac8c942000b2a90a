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
from .odata.query import Page
from .odata.render import etag_of, json_value, plain_value
from .paging import next_link, page_with_faults
from .state import Tenant

_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"
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


def read(tenant: Tenant, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
    """GET below the service root. `path` is raw and begins behind the root's slash.

    - Throws: `ODataError` for everything that is answered with an error body.
    """
    base = f"https://{request.headers.get('Host', 'localhost')}"
    if path == "$metadata":
        if not accepts(request, "application/xml", "text/xml"):
            raise not_acceptable()
        return Answer(200, edmx(tenant.service, base), "application/xml", service_headers())
    options = parse_options(query, tenant.settings.plus_is_space)
    if not path:
        if not accepts(request, "application/json") and "$format" not in options.names:
            raise not_acceptable()
        sets = {"d": {"EntitySets": list(tenant.service.sets)}}
        return Answer(200, json.dumps(sets, separators=(",", ":")).encode(), headers=service_headers())
    if path.startswith("$batch"):
        raise ODataError(405, "$batch takes POST requests", "/IWFND/CM_MGW/405")
    target = resolve(tenant.service, tenant.database, path)
    # Counts and raw values are text, whatever was asked for: clients send their usual Accept: application/json.
    plain = target.count or target.raw_value
    if not plain and not accepts(request, "application/json") and "$format" not in options.names:
        raise not_acceptable()
    if target.row is not None:
        return _single(tenant, target, options, base)
    if target.count:
        return _count(tenant, target, options)
    return _collection(tenant, request, target, options, base, faults)


def _single(tenant: Tenant, target: Target, options: Options, base: str) -> Answer:
    refuse_collection_options(options)
    table, row = target.table, target.row
    assert row is not None
    headers = service_headers()
    entity = table.entity
    if target.prop is not None:
        value = table.value(row, target.prop.name)
        if target.raw_value:
            if value is None:
                raise ODataError(404, f"Resource not found for segment '{target.prop.name}'")
            return Answer(200, plain_value(target.prop, value).encode(), "text/plain;charset=utf-8", headers)
        text = json_value(target.prop, value, tenant.settings.escaped_slashes)
        return Answer(200, f'{{"d":{{"{target.prop.name}":{text}}}}}'.encode(), headers=headers)
    if entity.etag is not None:
        headers.append(("etag", etag_of(table.value(row, entity.etag.name))))
    seen = shape(tenant.service, entity, options.select, options.expand)
    render = tenant.renderer.rows_to_json(seen, base + tenant.service.root, tenant.settings.escaped_slashes)
    return Answer(200, f'{{"d":{render([row])[0]}}}'.encode(), headers=headers)


def _count(tenant: Tenant, target: Target, options: Options) -> Answer:
    found = tenant.reader.matching(target.table, target.rows, target.place, options)
    left = found[options.skip :] if options.top is None else found[options.skip : options.skip + options.top]
    return Answer(200, str(len(left)).encode(), "text/plain;charset=utf-8", service_headers())


def _page_size(tenant: Tenant, request: web.BaseRequest) -> int:
    size = tenant.settings.page_size
    if tenant.settings.honour_maxpagesize:
        match = _MAX_PAGE_SIZE.search(request.headers.get("Prefer", ""))
        if match and int(match[1]):
            size = min(size, int(match[1])) if size else int(match[1])
    return size


def _collection(
    tenant: Tenant, request: web.BaseRequest, target: Target, options: Options, base: str, faults: Chosen
) -> Answer:
    table = target.table
    if options.inlinecount and tenant.settings.inlinecount_fails and target.place == "A_SalesOrder":
        if options.filter is None:
            raise ODataError(500, "In the context of Data Services an unknown internal server error occurred")
    if "wrong_set" in faults:
        name = faults["wrong_set"].get("set", "A_SalesOrderItem" if target.place == "A_SalesOrder" else "A_SalesOrder")
        target = Target("collection", tenant.database.tables[name], None, None, name)
        table, options = target.table, Options(top=options.top, skip=options.skip, raw=options.raw)
    seen = shape(tenant.service, table.entity, options.select, options.expand)
    page = tenant.reader.page(table, target.rows, target.place, options, _page_size(tenant, request))
    link = next_link(tenant, request, options, page.next_token, base)
    rows, link = page_with_faults(tenant, request, options, page, link, base, faults)
    render = tenant.renderer.rows_to_json(seen, base + tenant.service.root, tenant.settings.escaped_slashes)
    return Answer(200, _collection_body(render(rows), page, options, link), headers=service_headers())


def _collection_body(texts: list[str], page: Page, options: Options, link: str | None) -> bytes:
    # Joined as bytes: one emoji would make a string of the whole page four bytes a character wide.
    parts = [b'{"d":{"results":[', b",".join([text.encode() for text in texts]), b"]"]
    if options.inlinecount:
        parts.append(f',"__count":"{page.total}"'.encode())
    if link is not None:
        parts.append(f',"__next":{json.dumps(link, ensure_ascii=False)}'.encode())
    parts.append(b"}}")
    return b"".join(parts)


def error_answer(tenant: Tenant, request: web.BaseRequest, error: ODataError) -> Answer:
    """The error as JSON, whatever the Accept header says."""
    match = re.search(r"sap-language=(\w\w)", request.raw_path, re.I)
    body = error_body(error, tenant.service.name, match[1].lower() if match else "en")
    answer = Answer(error.status, body, "application/json;charset=utf-8", [("dataserviceversion", "1.0")])
    answer.headers += list(error.headers.items())
    return answer
