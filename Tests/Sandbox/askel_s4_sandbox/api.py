# SPDX-License-Identifier: Apache-2.0
"""The API server: authentication, CSRF tokens and cookies, faults, and the way to the OData service."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable

from aiohttp import web

from . import token_endpoint
from .api_auth import authenticate
from .batch.execution import Batch
from .exchange import Answer, gzip_fits
from .fault_answers import spoiled_answer
from .faults import PAGES, Chosen
from .odata.errors import NO_SERVICE, NO_SERVICE_4, ODataError
from .odata4.schema import NAME, ROOT
from .odata4_service import read4
from .odata4_writes import Write4
from .odata_service import error_answer, read
from .odata_writes import Write, method_of, target_set
from .serving import serve
from .sessions import give_session, refuse_without_token
from .state import Mounted, Tenant

_SERVICE = re.compile(r"/sap/opu/odata/(?:sap|SAP)/([^/?;]+)(?:;v=0*1)?(/.*)?$")
_V4 = "/sap/opu/odata4/"


def path_kind(path: str) -> str:
    """A name for the statistics: service_document, metadata, batch, count, entity, navigation, collection, other."""
    match = _SERVICE.match(path)
    rest = (match[2] or "/").strip("/") if match else ""
    if match is None and path.startswith(ROOT):
        rest = path[len(ROOT) :].strip("/")
    elif match is None:
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
            answer = spoiled_answer(self.tenant, request, faults) or self._service(request, path, query, faults)
        except ODataError as error:
            answer = error_answer(request, error)
        give_session(self.tenant.sessions, self.tenant.settings, self.tenant.stats, request, answer)
        return answer

    def _service(self, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
        if path.startswith(_V4):
            return self._service4(request, path, query, faults)
        match = _SERVICE.match(path)
        if match is None:
            return Answer(404, b"<html><body><h1>404 Not found</h1></body></html>", "text/html;charset=utf-8")
        tenant, rest = self.tenant, match[2]
        mounted = tenant.services.get(match[1])
        if mounted is None:
            text = f"No service found for namespace '/SAP/', name '{match[1]}', version '0001'"
            raise ODataError(403, text, NO_SERVICE)
        rest_path = (rest or "/")[1:].rstrip("/")
        refusal = self._without_token(request, rest_path, faults)
        if refusal is not None:
            return refusal
        if request.method not in ("GET", "HEAD"):
            request["write"] = (mounted.service.name, target_set(mounted, rest_path), method_of(request))
            if rest_path == "$batch" and method_of(request) == "POST":
                return self._write(self._batch(mounted, request, faults), request, faults)
            base, body = f"https://{request.headers.get('Host', 'localhost')}", request.get("body", b"")
            write = Write(tenant, mounted, request, base, rest_path, query, body, faults.get("warning"))
            return self._write(write, request, faults)
        if request.method == "HEAD" and not tenant.settings.allow_head:
            raise ODataError(405, f"Method {request.method} is not allowed here", "/IWFND/CM_MGW/405", {"Allow": "GET"})
        if rest is None and tenant.settings.root_redirect:
            answer = Answer(tenant.settings.root_redirect, b"", "")
            answer.header("Location", path + "/" + (f"?{query}" if query else ""))
            return answer
        return self._read(mounted, request, rest_path, query, faults)

    def _service4(self, request: web.BaseRequest, path: str, query: str, faults: Chosen) -> Answer:
        """The V4 service; any other is as if it were not published."""
        if path != ROOT and not path.startswith(ROOT + "/"):
            raise ODataError(403, "The service is not published or you are not authorized", NO_SERVICE_4)
        if path == ROOT and self.tenant.settings.root_redirect and request.method in ("GET", "HEAD"):
            answer = Answer(self.tenant.settings.root_redirect, b"", "")
            answer.header("Location", path + "/" + (f"?{query}" if query else ""))
            return answer
        below = path[len(ROOT) :].strip("/")
        refusal = self._without_token(request, below, faults)
        if refusal is not None:
            return refusal
        if request.method in ("GET", "HEAD"):
            return read4(self.tenant, request, below, query)
        request["write"] = (NAME, below.partition("(")[0].partition("/")[0] or "other", request.method)
        if below == "$batch" and request.method == "POST":
            return self._write(self._batch4(request, faults), request, faults)
        write = Write4(self.tenant, request, below, request.get("body", b""), faults.get("warning"))
        return self._write(write, request, faults)

    def _batch(self, mounted: Mounted, request: web.BaseRequest, faults: Chosen) -> Batch:
        """A batch of the V2 service; faults of pages and warnings strike its parts."""

        def execute(part: web.BaseRequest, path: str, query: str, body: bytes) -> Answer:
            if part.method == "GET":
                return read(self.tenant, mounted, part, path, query, faults)
            base = f"https://{part.headers['Host']}"
            return Write(self.tenant, mounted, part, base, path, query, body, faults.get("warning")).answer()

        return Batch(self.tenant, request, mounted.service.root, execute, 2)

    def _batch4(self, request: web.BaseRequest, faults: Chosen) -> Batch:
        """A batch of the V4 service."""

        def execute(part: web.BaseRequest, path: str, query: str, body: bytes) -> Answer:
            if part.method == "GET":
                return read4(self.tenant, part, path, query)
            return Write4(self.tenant, part, path, body, faults.get("warning")).answer()

        return Batch(self.tenant, request, ROOT, execute, 4)

    def _without_token(self, request: web.BaseRequest, path: str, faults: Chosen) -> Answer | None:
        """403 where a CSRF token is needed and missing."""
        tenant, settings = self.tenant, self.tenant.settings
        if request.method in ("GET", "HEAD"):
            fetch = request.headers.get("X-CSRF-Token", "").lower() == "fetch"
            needed = settings.csrf_reads and not fetch
        else:
            needed = settings.csrf_batch if path == "$batch" else True
        return refuse_without_token(tenant.sessions, settings, tenant.stats, request, faults) if needed else None

    def _write(self, write: Write | Write4 | Batch, request: web.BaseRequest, faults: Chosen) -> Answer:
        """A write, or what a fault makes of it: a moved ETag, a commit that comes later."""
        tenant = self.tenant
        if "etag_moved" in faults:
            write.move_etag()

        def execute() -> Answer:
            if tenant.settings.repeatable and request.method == "POST":
                return tenant.repeated.once(request, tenant.stats, write.answer)
            return write.answer()

        if "late_commit" not in faults:
            return execute()
        after_s = float(faults["late_commit"].get("after_ms", 1000)) / 1000
        asyncio.get_running_loop().call_later(after_s, self._commit_late, execute)
        return Answer(202)

    def _commit_late(self, execute: Callable[[], Answer]) -> None:
        try:
            execute()
            self.tenant.stats.late_commits["committed"] += 1
        except ODataError:
            self.tenant.stats.late_commits["refused"] += 1

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
