# SPDX-License-Identifier: Apache-2.0
"""The control endpoint (JSON over HTTPS, loopback, no authentication) and the foreign host that logs what it gets."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from .faults import Rule
from .marks import marked
from .repeatable import Repeated
from .state import Tenant

_FOREIGN_LOG = 1_000


def _json(value: object, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)


class Control:
    """Request handler of the control port."""

    def __init__(self, tenant: Tenant):
        self.tenant = tenant
        self._routes = {
            ("GET", "/stats"): self._stats,
            ("GET", "/requests"): self._requests,
            ("POST", "/reset-stats"): self._reset_stats,
            ("POST", "/secrets"): self._secrets,
            ("POST", "/user"): self._user,
            ("POST", "/certificate"): self._certificate,
            ("GET", "/settings"): self._settings,
            ("POST", "/settings"): self._settings,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/foreign-log"): self._foreign_log,
            ("POST", "/reset-data"): self._reset_data,
            ("POST", "/sessions"): self._sessions,
            ("GET", "/tokens"): self._token_texts,
            ("POST", "/tokens"): self._tokens,
        }

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """One command. 400 with a reason when it makes no sense, 404 when there is no such command."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            known = sorted(f"{method} {path}" for method, path in self._routes)
            return _json({"error": f"no {request.method} {request.path}", "known": known}, 404)
        try:
            body = await request.text() if request.can_read_body else ""
            return _json(route(json.loads(body) if body else None))
        except (ValueError, TypeError) as error:
            return _json({"error": str(error)}, 400)

    def _stats(self, _: object) -> dict[str, Any]:
        user = self.tenant.user
        return self.tenant.stats.as_dict(self.tenant.client, [user.name] if user.locked else [])

    def _requests(self, _: object) -> list[dict[str, Any]]:
        """The last 200 requests since the last `POST /reset-stats`, oldest first."""
        return list(self.tenant.stats.recent)

    def _reset_stats(self, _: object) -> dict[str, Any]:
        self.tenant.stats.reset()
        self.tenant.foreign_log.clear()
        return {}

    def _reset_data(self, _: object) -> dict[str, Any]:
        """The data are as at the start; what was remembered for repeatable requests goes too."""
        self.tenant.orders.restore()
        self.tenant.repeated = Repeated()
        return {}

    def _secrets(self, body: object) -> dict[str, Any]:
        """{"add": text or null for a made one, "remove": text, "replace": text}; answers with what is valid then."""
        client, change = self.tenant.client, _object(body, {"add", "remove", "replace"})
        if "replace" in change:
            client.secrets = [str(change["replace"] or marked(32))]
        if "add" in change:
            client.secrets.append(str(change["add"] or marked(32)))
        if "remove" in change:
            client.secrets = [valid for valid in client.secrets if valid != change["remove"]]
        return {"client_id": client.client_id, "secrets": client.secrets}

    def _user(self, body: object) -> dict[str, Any]:
        """{"password": text, "locked": true or false}; a new password kills the old one at once."""
        user, change = self.tenant.user, _object(body, {"password", "locked"})
        if "password" in change:
            user.password = str(change["password"])
        if change.get("locked") is True:
            user.locked = True
        elif "locked" in change:
            user.unlock()
        return {"user": user.name, "password": user.password, "locked": user.locked, "failures": user.failures}

    def _certificate(self, body: object) -> dict[str, Any]:
        """{"known": true or false}: whether the tenant knows the client's certificate."""
        certified, change = self.tenant.certified, _object(body, {"known"})
        if "known" in change:
            certified.known = change["known"] is True
        return {"name": certified.name, "known": certified.known}

    def _settings(self, body: object) -> dict[str, Any]:
        if body is not None:
            self.tenant.settings.change(_object(body))
        return self.tenant.settings.as_dict()

    def _faults(self, body: object) -> list[dict[str, Any]]:
        """Adds rules (a list, or one) and answers with all that are in force."""
        if body is not None:
            rules = [Rule.parse(value) for value in (body if isinstance(body, list) else [body])]
            self.tenant.faults.rules.extend(rules)
        return [rule.as_dict() for rule in self.tenant.faults.rules]

    def _clear_faults(self, _: object) -> list[object]:
        self.tenant.faults.rules.clear()
        return []

    def _tokens(self, body: object) -> dict[str, Any]:
        """{"revoke": true} makes every token that was minted so far unknown; {"keep": true} keeps the texts of those
        to come for `GET /tokens`, {"keep": false} forgets them."""
        client, change = self.tenant.client, _object(body, {"revoke", "keep"})
        if change.get("revoke"):
            client.tokens.clear()
        if "keep" in change:
            client.kept_texts = [] if change["keep"] else None
        return {"known": len(client.tokens)}

    def _sessions(self, body: object) -> dict[str, Any]:
        """{"drop": true} ends every session, and with it each CSRF token."""
        change = _object(body, {"drop"})
        if change.get("drop"):
            self.tenant.sessions.drop()
        return {"sessions": len(self.tenant.sessions)}

    def _token_texts(self, _: object) -> list[str]:
        return self.tenant.client.kept_texts or []

    def _foreign_log(self, _: object) -> list[dict[str, Any]]:
        return self.tenant.foreign_log


def _object(body: object, names: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValueError("a JSON object is needed")
    unknown = set(body) - names if names else set()
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    return body


class Foreign:
    """A stranger's host: it answers 200 {} to everything and remembers what it was sent."""

    def __init__(self, tenant: Tenant):
        self.tenant = tenant

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Logs method, path and headers; names are in lower case."""
        headers = [[name.lower(), value] for name, value in request.headers.items()]
        log = self.tenant.foreign_log
        log.append(
            {
                "method": request.method,
                "path": request.raw_path,
                "headers": headers,
                "authorization": request.headers.get("Authorization"),
                "cookies": [value for name, value in headers if name == "cookie"],
                "body_bytes": len(await request.text()) if request.can_read_body else 0,
            }
        )
        del log[:-_FOREIGN_LOG]
        return web.json_response({})
