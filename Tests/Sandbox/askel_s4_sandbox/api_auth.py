# SPDX-License-Identifier: Apache-2.0
"""Who may call the API: a bearer token from the token endpoint, a user with HTTP Basic, or a certificate."""

from __future__ import annotations

import time

from aiohttp import web

from .connections import Connection, mark
from .credentials import parse_basic
from .exchange import Answer, client_name
from .sessions import Sessions
from .state import Tenant

_REALM = 'Basic realm="SAP NetWeaver Application Server [S4X/100]"'
_BODY = (
    b"<html><head><title>Logon failed</title></head><body><h1>401 Unauthorized</h1>"
    b"<p>The request could not be authenticated.</p></body></html>"
)


def refuse() -> Answer:
    """401 of AS ABAP: the header is as recorded; the body, unknown to us, is a short HTML page."""
    answer = Answer(401, _BODY, "text/html;charset=utf-8")
    answer.header("www-authenticate", _REALM)
    return answer


def note(request: web.BaseRequest, **seen: str) -> None:
    """Writes down for the statistics which credentials came over this connection, good or bad."""
    connection: Connection | None = request.get("connection")
    if connection is None:
        return
    for name, value in seen.items():
        getattr(connection, name).add(value)
    if seen:
        return
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    pair = parse_basic(request.headers.get("Authorization", ""))
    if pair:
        connection.users.add(pair[0])
        connection.secrets.add(mark(pair[1]))
    elif scheme.lower() == "bearer":
        connection.tokens.add(mark(credential.strip()))
    session = request.cookies.get(Sessions.cookie)
    if session:
        connection.sessions.add(mark(session))


def authenticate(tenant: Tenant, request: web.BaseRequest) -> Answer | None:
    """None when the caller is known, otherwise the refusal. Who it is then stands in request["caller"]."""
    note(request)
    header = request.headers.get("Authorization", "")
    scheme, _, credential = header.partition(" ")
    reason = "no_authorization"
    if scheme.lower() == "bearer":
        token = tenant.client.find(credential.strip())
        if token is None:
            reason = "unknown_token"
        else:
            token.uses += 1
            if token.expires_at <= time.monotonic():
                reason = "expired_token"
            elif token.uses > 1 and tenant.settings.token_single_use:
                reason = "used_token"
            else:
                request["caller"] = f"client {tenant.client.client_id}"
                note(request, clients=tenant.client.client_id)
                return None
    elif scheme.lower() == "basic":
        pair = parse_basic(header)
        if pair and tenant.user.log_on(*pair, tenant.settings.basic_attempts):
            request["caller"] = f"user {pair[0]}"
            return None
        tenant.stats.basic_failures += 1
        reason = "locked_user" if tenant.user.locked else "bad_password"
    elif not header and client_name(request) is not None:
        if tenant.certified.accepts(client_name(request)):
            request["caller"] = f"certificate {client_name(request)}"
            return None
        reason = "unknown_certificate"
    tenant.stats.unauthorized[reason] += 1
    return refuse()
