# SPDX-License-Identifier: Apache-2.0
"""The API server: authentication, CSRF tokens and cookies, faults, and the way to the OData service."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable

from aiohttp import web

from . import token_endpoint
from .api_auth import authenticate, refuse
from .exchange import Answer, gzip_fits, html_login, send, send_huge
from .faults import ANSWERS, PAGES, Chosen
from .odata.errors import NO_SERVICE, ODataError
from .odata_service import error_answer, read
from .state import Mounted, Tenant

_SERVICE = re.compile(r"/sap/opu/odata/(?:sap|SAP)/([^/?;]+)(?:;v=0*1)?(/.*)?$")


def path_kind(path: str) -> str:
    """A name for the statistics: service_document, metadata, batch, count, entity, navigation, collection, other."""
    match = _SERVICE.match(path)
    rest = (match[2] or "/").strip("/") if match else ""
    if match is None:
        return "other"
    if rest in ("", "$metadata", "$batch"):
        return {"": "service_document", "$metadata": "metadata", "$batch": "batch"}[rest]
    if rest.endswith("/$count"):
        return "count"
    return "navigation" if "/" in rest else "entity" if "(" in rest else "collection"


class Api:
    """Request handler of the API port."""

    def __init__(self, tenant: Tenant):
        self.tenant = tenant

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One request, from its line to the last byte of its answer."""
        path, _, query = request.raw_path.partition("?")
        if path == token_endpoint.ABAP_PATH:
            return await serve(self.tenant, request, "token", "abap_token", lambda faults: None)
        return await serve(
            self.tenant, request, "api", path_kind(path), lambda faults: self._answer(request, path, query, faults)
        )

    def _answer(self, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
        refusal = authenticate(self.tenant, request)
        if refusal is not None:
            return refusal
        try:
            answer = _spoiled_answer(self.tenant, request, faults) or self._service(request, path, query, faults)
        except ODataError as error:
            answer = error_answer(request, error)
        self._session(request, answer)
        return answer

    def _service(self, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
        match = _SERVICE.match(path)
        if match is None:
            return Answer(404, b"<html><body><h1>404 Not found</h1></body></html>", "text/html;charset=utf-8")
        tenant, rest = self.tenant, match[2]
        mounted = tenant.services.get(match[1])
        if mounted is None:
            text = f"No service found for namespace '/SAP/', name '{match[1]}', version '0001'"
            raise ODataError(403, text, NO_SERVICE)
        if request.method not in ("GET", "HEAD") or (request.method == "HEAD" and not tenant.settings.allow_head):
            raise ODataError(405, f"Method {request.method} is not allowed here", "/IWFND/CM_MGW/405", {"Allow": "GET"})
        if rest is None and tenant.settings.root_redirect:
            answer = Answer(tenant.settings.root_redirect, b"", "")
            answer.header("Location", path + "/" + (f"?{query}" if query else ""))
            return answer
        return self._read(mounted, request, (rest or "/")[1:].rstrip("/"), query, faults)

    def _read(self, mounted: Mounted, request: web.BaseRequest, rest: str, query: str, faults: Chosen) -> Answer:
        """A read, out of the cache when nothing about the page is to be spoiled."""
        tenant, settings = self.tenant, self.tenant.settings
        if any(name in PAGES for name in faults):
            return read(tenant, mounted, request, rest, query, faults)
        key = (
            mounted.database.version, request.raw_path, request.headers.get("Host"), request.headers.get("Accept"),
            request.headers.get("Prefer"), repr(settings),
        )  # fmt: skip
        found = tenant.cache.get(key)
        if found is None:
            found = read(tenant, mounted, request, rest, query, faults)
            tenant.cache.put(key, found)
        if found.gzipped is None and settings.gzip and gzip_fits(request, found.body):
            found.gzipped = gzip.compress(found.body, settings.gzip_level, mtime=0)
        return Answer(found.status, found.body, found.content_type, list(found.headers), found.gzipped)

    def _session(self, request: web.BaseRequest, answer: Answer) -> None:
        """Cookies and CSRF token. A token is given on error answers too, as SAP does."""
        fetch = request.headers.get("X-CSRF-Token", "").lower() == "fetch"
        if not fetch and not self.tenant.settings.cookies_on_reads:
            return
        sessions = self.tenant.sessions
        token = sessions.token(request.cookies.get(sessions.cookie))
        if token is None:
            session, token = sessions.open()
            answer.header("set-cookie", "sap-usercontext=sap-client=100; path=/")
            answer.header("set-cookie", f"{sessions.cookie}={session}; path=/; secure; HttpOnly")
        if fetch:
            answer.header("x-csrf-token", token)


def _spoiled_answer(tenant: Tenant, request: web.BaseRequest, faults: Chosen) -> Answer | None:
    """The answer of a fault that replaces the tenant's own, or None."""
    name = faults.first(ANSWERS - {"huge_body"})
    if name is None:
        return None
    args = faults[name]
    if name == "html_login":
        return html_login()
    if name == "unauthorized_api":
        return refuse()
    if name == "forbidden":
        raise ODataError(403, "No authorization to access the service", NO_SERVICE)
    if name == "redirect":
        location = args.get("location", "foreign")
        if location in ("foreign", "same"):
            base = tenant.urls.foreign if location == "foreign" else f"https://{request.headers.get('Host')}"
            location = base + request.raw_path
        answer = Answer(int(args.get("code", 307)), b"", "")
        answer.header("Location", str(location))
        return answer
    return _status(request, args)


def _status(request: web.BaseRequest, args: dict[str, object]) -> Answer:
    """args: code, body ("sap", "text", "html" or "empty"), message, sap_code, retry_after (seconds or a date)."""
    status = int(str(args.get("code", 500)))
    message = str(args.get("message", f"The sandbox was asked for status {status}"))
    kind = args.get("body", "sap")
    if kind == "sap":
        code = args.get("sap_code", "SANDBOX/001")
        answer = error_answer(request, ODataError(status, message, None if code is None else str(code)))
    elif kind == "empty":
        answer = Answer(status, b"", "")
    else:
        media = "text/html" if kind == "html" else "text/plain"
        answer = Answer(status, message.encode(), f"{media};charset=utf-8")
    if "retry_after" in args:
        answer.header("Retry-After", str(args["retry_after"]))
    for name, value in dict(args.get("headers", {})).items():  # type: ignore[call-overload]
        answer.header(name, str(value))
    return answer


async def serve(
    tenant: Tenant, request: web.BaseRequest, server: str, kind: str, make: Callable[[Chosen], Answer | None]
) -> web.StreamResponse:
    """The frame of each request on the API and the token endpoint: counting, latency, faults, sending.

    `make` gives the API's answer; None means that the token endpoint is to give it.
    """
    tenant.stats.begin(server, kind, request.transport)
    status = 0
    try:
        faults = tenant.faults.choose(server, request.raw_path, request.headers)
        tenant.stats.faults.update(faults.keys())
        response, status = await _exchange(tenant, request, server, faults, make)
    except ConnectionError:
        # The client went away; aiohttp notices the same when it tries to finish this answer.
        response = web.Response(status=500)
    except ValueError as error:
        response, status = web.Response(status=500, text=f"sandbox: {error}\n"), 500
    finally:
        tenant.stats.end(server, status)
    return response


async def _exchange(
    tenant: Tenant, request: web.BaseRequest, server: str, faults: Chosen, make: Callable[[Chosen], Answer | None]
) -> tuple[web.StreamResponse, int]:
    settings = tenant.settings
    delay = settings.latency_ms + float(faults.get("latency", {}).get("ms", 1000 if "latency" in faults else 0))
    if delay:
        await asyncio.sleep(delay / 1000)
    answer = await _token_answer(tenant, request, faults) if server == "token" else make(faults)
    if answer is None:
        raise ValueError("no answer was made")
    if "huge_body" in faults and answer.status == 200:
        return await send_huge(request, float(faults["huge_body"].get("mb", 100)), settings.gzip)
    return await send(request, answer, faults, settings.gzip and server == "api", settings.gzip_level)


async def _token_answer(tenant: Tenant, request: web.BaseRequest, faults: Chosen) -> Answer:
    try:
        return _spoiled_answer(tenant, request, faults) or await token_endpoint.answer_token(tenant, request)
    except ODataError as error:
        return error_answer(request, error)
