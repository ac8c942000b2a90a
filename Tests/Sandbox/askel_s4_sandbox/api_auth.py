# SPDX-License-Identifier: Apache-2.0
"""Who may call the API: a bearer token from the token endpoint, a user with HTTP Basic, or a certificate."""

from __future__ import annotations

import time

from aiohttp import web

from .credentials import parse_basic
from .exchange import Answer, client_name
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


def authenticate(tenant: Tenant, request: web.BaseRequest) -> Answer | None:
    """None when the caller is known, otherwise the refusal."""
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
                return None
    elif scheme.lower() == "basic":
        pair = parse_basic(header)
        if pair and tenant.user.log_on(*pair, tenant.settings.basic_attempts):
            return None
        tenant.stats.basic_failures += 1
        reason = "locked_user" if tenant.user.locked else "bad_password"
    elif not header and client_name(request) is not None:
        if tenant.certified.accepts(client_name(request)):
            return None
        reason = "unknown_certificate"
    tenant.stats.unauthorized[reason] += 1
    return refuse()
