# SPDX-License-Identifier: Apache-2.0
"""Counters that tests ask for through `GET /stats`."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from aiohttp import web

from .connections import Connection, Connections
from .credentials import OAuthClient, Token

_SECRET_HEADERS = {"authorization", "cookie", "x-csrf-token"}


class Stats:
    """Everything is counted from the start or the last `POST /reset-stats`."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """All counters to zero. Tokens that are alive stay valid, but only new ones are counted."""
        self.kinds: dict[str, Counter[str]] = {}
        self.statuses: dict[str, Counter[str]] = {}
        self.connections: Counter[str] = Counter()
        self._seen = Connections()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self.mints = 0
        self.mint_failures: Counter[str] = Counter()
        self.minted: list[Token] = []
        self.basic_failures = 0
        self.unauthorized: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.writes: Counter[tuple[str, str, str, str]] = Counter()
        self.csrf: Counter[str] = Counter(fetches=0, refused=0, sessions=0)
        self.created: Counter[str] = Counter()
        self.created_by_reference: Counter[str] = Counter()
        self.replays: Counter[str] = Counter()
        self.late_commits: Counter[str] = Counter()
        self.batched: Counter[str] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=200)
        self.foreign_connections: list[str | None] = []

    def begin(self, server: str, kind: str, transport: object | None) -> Connection | None:
        """A request has come in on that connection (its transport)."""
        self.kinds.setdefault(server, Counter())[kind] += 1
        connection = None
        if transport is not None:
            connection, new = self._seen.of(transport, server)
            self.connections[server] += new
            connection.requests += 1
        self.in_flight[server] += 1
        self.most_in_flight[server] = max(self.most_in_flight[server], self.in_flight[server])
        return connection

    def keep(self, server: str, request: web.BaseRequest) -> None:
        """Keeps what a request looked like, without what it showed for itself; header names in lower case."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        for name in _SECRET_HEADERS:
            headers.pop(name, None)
        self.recent.append({"server": server, "method": request.method, "path": request.raw_path, "headers": headers})

    def end(self, server: str, status: int, write: tuple[str, str, str] | None = None) -> None:
        """Its answer is out; status 0 means that the connection was cut instead. `write`: service, set, method."""
        self.statuses.setdefault(server, Counter())[str(status)] += 1
        if write is not None:
            self.writes[(*write, str(status))] += 1
        self.in_flight[server] = max(0, self.in_flight[server] - 1)

    def as_dict(self, client: OAuthClient, locked: list[str]) -> dict[str, Any]:
        """The answer of `GET /stats`."""
        servers = sorted({*self.kinds, *self.statuses})
        uses = Counter(min(token.uses, 2) for token in self.minted)
        return {
            "requests": {
                server: {
                    "total": sum(self.kinds.get(server, Counter()).values()),
                    "by_kind": dict(self.kinds.get(server, {})),
                    "by_status": dict(self.statuses.get(server, {})),
                    "connections": self.connections[server],
                    "most_in_flight": self.most_in_flight[server],
                }
                for server in servers
            },
            "mints": self.mints,
            "mint_failures": dict(self.mint_failures),
            "tokens": {
                "minted": len(self.minted),
                "unused": uses[0],
                "used_once": uses[1],
                "used_more_than_once": uses[2],
            },
            "unauthorized": dict(self.unauthorized),
            "basic_auth_failures": self.basic_failures,
            "locked_users": locked,
            "valid_secrets": len(client.secrets),
            "faults": dict(self.faults),
            "writes": _nested(self.writes),
            "csrf": dict(self.csrf),
            "created": dict(self.created),
            "created_by_reference": dict(self.created_by_reference),
            "duplicate_references": {name: n for name, n in self.created_by_reference.items() if n > 1},
            "replays": dict(self.replays),
            "late_commits": dict(self.late_commits),
            "foreign_connections": self.foreign_connections,
            "batched": dict(self.batched),
            "tls_connections": [connection.as_dict() for connection in self._seen.all],
        }


def _nested(counted: Counter[tuple[str, str, str, str]]) -> dict[str, Any]:
    """{service: {set: {method: {status: count}}}}."""
    found: dict[str, Any] = {}
    for (service, name, method, status), count in counted.items():
        found.setdefault(service, {}).setdefault(name, {}).setdefault(method, {})[status] = count
    return found
