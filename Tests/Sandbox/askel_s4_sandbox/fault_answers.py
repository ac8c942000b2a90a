# SPDX-License-Identifier: Apache-2.0
"""Faults that give another answer than the tenant's own."""

from __future__ import annotations

import time
from email.utils import formatdate

from aiohttp import web

from .api_auth import refuse
from .exchange import Answer, html_login
from .faults import ANSWERS, Chosen
from .odata.errors import NO_SERVICE, ODataError
from .odata_service import error_answer
from .state import Tenant


def spoiled_answer(tenant: Tenant, request: web.BaseRequest, faults: Chosen) -> Answer | None:
    """The answer of a fault that replaces the tenant's own, or None."""
    name = faults.first(ANSWERS - {"huge_body"})
    if name is None:
        return None
    args = faults[name]
    if name == "echo_authorization":
        return _echo(request, args)
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
    """args: code, body ("sap", "text", "html" or "empty"), message, sap_code, retry_after (seconds or a date),
    retry_after_as "date": that many seconds from now as an HTTP date."""
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
        text = str(args["retry_after"])
        if args.get("retry_after_as") == "date":
            text = formatdate(time.time() + float(text), usegmt=True)
        answer.header("Retry-After", text)
    for name, value in dict(args.get("headers", {})).items():  # type: ignore[call-overload]
        answer.header(name, str(value))
    return answer


def _echo(request: web.BaseRequest, args: dict[str, object]) -> Answer:
    """An error body that repeats what must not reach a log: Authorization, cookies and the request's body."""
    sent = [f"{name}: {request.headers[name]}" for name in ("Authorization", "Cookie") if name in request.headers]
    text = "; ".join(["Request could not be forwarded", *sent, request.get("body", b"").decode("utf-8", "replace")])
    if args.get("body", "sap") == "text":
        return Answer(int(str(args.get("code", 500))), text.encode(), "text/plain;charset=utf-8")
    return error_answer(request, ODataError(int(str(args.get("code", 500))), text, "SANDBOX/002"))
