# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: XSUAA style, the same under the ABAP path on the API host. Bodies as in XSUAA recordings."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote_plus

from aiohttp import web

from .connections import mark
from .credentials import parse_basic
from .exchange import Answer, client_name
from .state import Tenant

XSUAA_PATH = "/oauth/token"
ABAP_PATH = "/sap/bc/sec/oauth2/token"
_LIFETIME_S = 43_200.0
_MAX_BODY = 1_000_000
_JSON = "application/json;charset=UTF-8"


def _error(status: int, error: str, description: str) -> Answer:
    body = json.dumps({"error": error, "error_description": description}, separators=(",", ":")).encode()
    answer = Answer(status, body, "application/json")
    answer.headers = [("cache-control", "no-store"), ("pragma", "no-cache")]
    return answer


def _bad_credentials(tenant: Tenant) -> Answer:
    answer = _error(401, tenant.settings.token_error, "Bad credentials")
    answer.header(
        "www-authenticate", 'Basic realm="UAA/client", error="unauthorized", error_description="Bad credentials"'
    )
    return answer


def _client_credentials(request: web.BaseRequest, form: dict[str, list[str]]) -> tuple[str, str] | None:
    """Id and secret from the Authorization header (form-urlencoded inside, RFC 6749 section 2.3.1) or the body."""
    header = request.headers.get("Authorization")
    if header is not None:
        pair = parse_basic(header)
        return (unquote_plus(pair[0]), unquote_plus(pair[1])) if pair else None
    if "client_id" in form and "client_secret" in form:
        return form["client_id"][0], form["client_secret"][0]
    return None


def lifetime_s(tenant: Tenant) -> float:
    """How long a token is accepted, in seconds."""
    settings = tenant.settings
    if settings.token_lifetime_s is not None:
        return float(settings.token_lifetime_s)
    try:
        return float(settings.token_expires_in)
    except (TypeError, ValueError):
        return _LIFETIME_S


async def answer_token(tenant: Tenant, request: web.BaseRequest) -> Answer:
    """Mints a token for the client credentials grant."""
    failures = tenant.stats.mint_failures
    if request.method != "POST":
        failures["wrong_method"] += 1
        answer = _error(405, "method_not_allowed", f"Request method '{request.method}' not supported")
        answer.header("Allow", "POST")
        return answer
    try:
        raw = (await request.content.read(_MAX_BODY + 1)) if request.can_read_body else b""
        while len(raw) <= _MAX_BODY and not request.content.at_eof():
            raw += await request.content.read(_MAX_BODY + 1)
        form = parse_qs(raw.decode("utf-8"), keep_blank_values=True)
    except UnicodeDecodeError:
        form = {}
    if len(raw) > _MAX_BODY:
        failures["body_too_large"] += 1
        return _error(413, "invalid_request", "The request body is too large")
    if not request.content_type == "application/x-www-form-urlencoded":
        failures["wrong_content_type"] += 1
        return _error(415, "invalid_request", "The request body is not form data")
    pair = _client_credentials(request, form)
    connection = request.get("connection")
    if connection is not None and (pair or "client_id" in form):
        connection.clients.add(pair[0] if pair else form["client_id"][0])
        connection.secrets.update([mark(pair[1])] if pair else [])
    if pair is None and "client_id" in form and client_name(request) is not None:
        # RFC 8705 section 2: the certificate takes the place of the secret.
        if not (form["client_id"][0] == tenant.client.client_id and tenant.certified.accepts(client_name(request))):
            failures["bad_certificate"] += 1
            return _bad_credentials(tenant)
    elif pair is None:
        failures["no_credentials"] += 1
        return _bad_credentials(tenant)
    elif not tenant.client.accepts(*pair):
        failures["bad_client_id" if pair[0] != tenant.client.client_id else "bad_secret"] += 1
        return _bad_credentials(tenant)
    grant = form.get("grant_type", [""])[0]
    if grant != "client_credentials":
        failures["unsupported_grant_type" if grant else "no_grant_type"] += 1
        name = "unsupported_grant_type" if grant else "invalid_request"
        return _error(400, name, f"Unsupported grant type: {grant}" if grant else "Missing grant type")
    for name, wanted in tenant.settings.token_params.items():
        if form.get(name, []) != (wanted if isinstance(wanted, list) else [wanted]):
            failures["wrong_parameter"] += 1
            # RFC 8707 section 2.
            return _error(400, "invalid_target", f"The parameter {name} is missing, unknown, or malformed")
    return _mint(tenant)


def _mint(tenant: Tenant) -> Answer:
    settings, client = tenant.settings, tenant.client
    text, jti = client.mint(lifetime_s(tenant), settings.token_scope)
    tenant.stats.mints += 1
    found = client.find(text)
    if found is not None:
        tenant.stats.minted.append(found)
    values = {
        "access_token": text,
        "token_type": settings.token_type,
        "expires_in": settings.token_expires_in,
        "scope": settings.token_scope,
        "jti": jti,
    }
    body = json.dumps({name: value for name, value in values.items() if value is not None}, separators=(",", ":"))
    answer = Answer(200, body.encode(), _JSON)
    answer.headers = [("cache-control", "no-store"), ("pragma", "no-cache")]
    return answer
