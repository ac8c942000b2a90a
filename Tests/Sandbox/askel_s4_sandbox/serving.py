# SPDX-License-Identifier: Apache-2.0
"""The frame of each request on the API and the token endpoint: counting, faults, the way to the answer and out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from . import token_endpoint
from .exchange import Answer, abort, send, send_huge
from .fault_answers import spoiled_answer
from .faults import Chosen
from .odata.errors import ODataError
from .odata_service import error_answer
from .state import Tenant

_MAX_BODY = 16_000_000
_STALL_S = 120.0


async def serve(
    tenant: Tenant, request: web.BaseRequest, server: str, kind: str, make: Callable[[Chosen], Answer | None]
) -> web.StreamResponse:
    """The frame of each request on the API and the token endpoint: counting, latency, faults, sending.

    `make` gives the API's answer; None means that the token endpoint is to give it.
    """
    request["connection"] = tenant.stats.begin(server, kind, request.transport)
    tenant.stats.keep(server, request)
    status = 0
    try:
        faults = tenant.faults.choose(server, request.raw_path, request.headers, request.method)
        tenant.stats.faults.update(faults.keys())
        response, status = await _exchange(tenant, request, server, faults, make)
    except ConnectionError:
        # The client went away; aiohttp notices the same when it tries to finish this answer.
        response = web.Response(status=500)
    except ValueError as error:
        response, status = web.Response(status=500, text=f"sandbox: {error}\n"), 500
    finally:
        tenant.stats.end(server, status, request.get("write"))
    return response


async def _exchange(
    tenant: Tenant, request: web.BaseRequest, server: str, faults: Chosen, make: Callable[[Chosen], Answer | None]
) -> tuple[web.StreamResponse, int]:
    settings = tenant.settings
    delay = settings.latency_ms + float(faults.get("latency", {}).get("ms", 1000 if "latency" in faults else 0))
    if delay:
        await asyncio.sleep(delay / 1000)
    if "not_processed_reset" in faults:
        abort(request)
        return web.Response(status=500), 0
    if server == "token":
        answer: Answer | None = await _token_answer(tenant, request, faults)
    else:
        fits = await _read_body(request, faults)
        answer = make(faults) if fits else Answer(413, b"The request is too large", "text/plain;charset=utf-8")
    if answer is None:
        raise ValueError("no answer was made")
    lost = faults.first({"lost_answer", "late_commit"})
    if lost is not None and answer.status < 300:
        return await _lose(request, faults[lost])
    if "lost_answer_after_headers" in faults and answer.status < 300:
        faults = Chosen({"reset": {"when": "after_headers"}})
    if "location_foreign" in faults:
        answer.headers = [(name, value) for name, value in answer.headers if name.lower() != "location"]
        answer.header("Location", tenant.urls.foreign + request.raw_path)
    if "cookie_foreign" in faults:
        args = faults["cookie_foreign"]
        domain = args.get("domain", "stranger.example")
        answer.header("set-cookie", f"{args.get('cookie', 'stranger')}=1; path=/; domain={domain}")
    if "huge_body" in faults and answer.status == 200:
        return await send_huge(request, float(faults["huge_body"].get("mb", 100)), settings.gzip)
    return await send(request, answer, faults, settings.gzip and server == "api", settings.gzip_level)


async def _read_body(request: web.BaseRequest, faults: Chosen) -> bool:
    """Reads the body into request["body"], at the speed that the fault `slow_body` asks for; False: it is too large."""
    if not request.can_read_body:
        return True
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    speed = float(faults.get("slow_body", {}).get("read_bytes_per_s", 0))
    step = max(1, int(speed / 20)) if speed else 1 << 20
    parts, size = [], 0
    while size <= _MAX_BODY and (part := await request.content.read(step)):
        parts.append(part)
        size += len(part)
        if speed:
            await asyncio.sleep(len(part) / speed)
    request["body"] = b"".join(parts)
    return size <= _MAX_BODY


async def _lose(request: web.BaseRequest, args: dict[str, object]) -> tuple[web.StreamResponse, int]:
    """The work is done, and the client does not get to know. args: how ("reset", "stall" or "status"), wait_ms before
    it; a stalled connection is held until the client leaves or `stall_ms` are over; `code` for a proxy's answer."""
    how = args.get("how", "reset")
    await asyncio.sleep(float(str(args.get("wait_ms", 0))) / 1000)
    if how == "status":
        text = b"<html><body><h1>The server did not answer in time</h1></body></html>"
        answer = Answer(int(str(args.get("code", 504))), text, "text/html;charset=utf-8")
        return await send(request, answer, Chosen(), False, 1)
    if how == "stall":
        left = float(str(args.get("stall_ms", _STALL_S * 1000))) / 1000
        while left > 0 and request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(0.02)
            left -= 0.02
    abort(request)
    return web.Response(status=500), 0


async def _token_answer(tenant: Tenant, request: web.BaseRequest, faults: Chosen) -> Answer:
    if "echo_authorization" in faults:
        await _read_body(request, faults)
    try:
        return spoiled_answer(tenant, request, faults) or await token_endpoint.answer_token(tenant, request)
    except ODataError as error:
        return error_answer(request, error)
