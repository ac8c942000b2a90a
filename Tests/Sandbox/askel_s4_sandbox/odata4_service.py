# SPDX-License-Identifier: Apache-2.0
"""Answers of the V4 service CE_SALESORDER_0001: service document, `$metadata`, reads with server-driven paging."""

from __future__ import annotations

import json
import re

from aiohttp import web

from .exchange import Answer
from .odata.options import Options
from .odata.query import Page
from .odata4.metadata import edmx
from .odata4.options import Options4, parse
from .odata4.path import Target4, resolve4
from .odata4.render import Renderer4
from .odata4.schema import ROOT
from .odata4.types import SETS
from .odata_service import accepts, not_acceptable
from .state import Tenant
from .tenant.tables import SALES_ORDER_SERVICE

_JSON = "application/json;odata.metadata=minimal"
_METADATA_ETAG = 'W/"20260101000000"'
_MAX_PAGE_SIZE = re.compile(r"(?:odata\.)?maxpagesize\s*=\s*(\d{1,9})", re.I)


def is_ieee(header: str) -> bool:
    """Whether a media type asks for (or says) decimals as strings."""
    return "ieee754compatible=true" in header.lower().replace(" ", "")


def service_headers4() -> list[tuple[str, str]]:
    """Headers that every answer of the service carries."""
    return [("odata-version", "4.0"), ("cache-control", "no-store, no-cache"), ("sap-server", "true")]


def json_type(ieee: bool) -> str:
    """The content type of an answer."""
    return _JSON + (";IEEE754Compatible=true" if ieee else "")


def renderer4(tenant: Tenant, request: web.BaseRequest) -> Renderer4:
    """The renderer that the request's Accept header asks for."""
    mounted = tenant.services[SALES_ORDER_SERVICE.name]
    return Renderer4(mounted.database, mounted.reader, is_ieee(request.headers.get("Accept", "")))


def read4(tenant: Tenant, request: web.BaseRequest, path: str, query: str) -> Answer:
    """GET below the service root. Throws `ODataError` for everything that is answered with an error body."""
    if path == "$metadata":
        if not accepts(request, "application/xml", "text/xml"):
            raise not_acceptable()
        return Answer(200, edmx(), "application/xml", service_headers4())
    if not path:
        sets = [{"name": name, "url": name} for name in SETS]
        body = json.dumps({"@odata.context": "$metadata", "@odata.metadataEtag": _METADATA_ETAG, "value": sets})
        return Answer(200, body.encode(), _JSON, service_headers4())
    if not accepts(request, "application/json") and "$format=json" not in query:
        raise not_acceptable()
    render = renderer4(tenant, request)
    target = resolve4(tenant.services[SALES_ORDER_SERVICE.name].database.tables, render, path)
    options = parse(query, target.made, tenant.settings.plus_is_space)
    if target.row is not None:
        context = f'"@odata.context":"$metadata#{target.made.name}/$entity","@odata.metadataEtag":{_quoted()}'
        text = render.entity(target.made, target.row, options, context=context)
        answer = Answer(200, text.encode(), json_type(is_ieee(request.headers.get("Accept", ""))), service_headers4())
        answer.header("etag", render.etag(target.table, target.row))
        return answer
    return _collection(tenant, request, render, target, options)


def _quoted() -> str:
    return json.dumps(_METADATA_ETAG)


def _collection(
    tenant: Tenant, request: web.BaseRequest, render: Renderer4, target: Target4, options: Options4
) -> Answer:
    reader, size = tenant.services[SALES_ORDER_SERVICE.name].reader, _page_size(tenant, request, options)
    plain = Options(filter=options.filter, orderby=options.orderby, top=options.top, skip=options.skip)
    plain.skiptoken = options.skiptoken
    page = reader.page(target.table, target.rows, target.place, plain, size)
    if target.count:
        return Answer(200, str(page.total).encode(), "text/plain;charset=utf-8", service_headers4())
    ieee = is_ieee(request.headers.get("Accept", ""))
    parts = [f'"@odata.context":"$metadata#{target.made.name}"', f'"@odata.metadataEtag":{_quoted()}']
    if options.count:
        parts.append(f'"@odata.count":"{page.total}"' if ieee else f'"@odata.count":{page.total}')
    entities = ",".join(render.entity(target.made, row, options) for row in page.rows)
    parts.append(f'"value":[{entities}]')
    link = _next_link(tenant, request, options, page)
    if link is not None:
        parts.append(f'"@odata.nextLink":{json.dumps(link, ensure_ascii=False)}')
    return Answer(200, f"{{{','.join(parts)}}}".encode(), json_type(ieee), service_headers4())


def _page_size(tenant: Tenant, request: web.BaseRequest, options: Options4) -> int:
    """RAP-based services give 100 rows without $top, and at most 5000 with it (blogs.sap.com 2019/10/03)."""
    settings = tenant.settings
    size = settings.v4_page_size if options.top is None and not options.skiptoken else settings.v4_max_top
    if options.skiptoken and not any(name == "$top" for name, _ in options.raw):
        size = settings.v4_page_size
    match = _MAX_PAGE_SIZE.search(request.headers.get("Prefer", "")) if settings.honour_maxpagesize else None
    return min(size or int(match[1]), int(match[1])) if match and int(match[1]) else size


def _next_link(tenant: Tenant, request: web.BaseRequest, options: Options4, page: Page) -> str | None:
    """Relative to the service root by default, as SAP's client tests have it."""
    if page.next_token is None:
        return None
    kept = [part for name, part in options.raw if name not in ("$skiptoken", "$skip")]
    path, form = request.raw_path.partition("?")[0], tenant.settings.v4_next_link
    base = f"https://{request.headers.get('Host', 'localhost')}" if form == "absolute" else ""
    path = path.removeprefix(ROOT + "/") if form == "service-relative" else path
    return f"{base}{path}?{'&'.join([*kept, f'$skiptoken={page.next_token}'])}"
