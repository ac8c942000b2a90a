# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the HTTPS servers, and two ports that never get so far, in one event loop."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .api import Api
from .connections import subject
from .control import Control, Foreign
from .exchange import Answer
from .faults import Chosen
from .serving import serve
from .state import Tenant
from .token_endpoint import XSUAA_PATH

_KEEP_ALIVE_S = 75.0
# Next links carry the whole query, and a filter over a thousand keys is long.
_MAX_LINE = 65_536


@dataclass(frozen=True)
class Ports:
    """Ports to listen on; 0 lets the system choose."""

    api: int = 0
    token: int = 0
    control: int = 0


class TokenServer:
    """Request handler of the token endpoint's own port."""

    def __init__(self, tenant: Tenant):
        self.tenant = tenant

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """`/oauth/token`; anything else is not found."""
        if request.path == XSUAA_PATH:
            return await serve(self.tenant, request, "token", "xsuaa_token", lambda faults: None)
        return await serve(self.tenant, request, "token-other", "other", _missing)


def _missing(faults: Chosen) -> Answer:
    return Answer(404, b'{"error":"not_found"}', "application/json")


class _Server(web.Server):
    """Notes each connection that a stranger's host gets, also those on which nothing is asked."""

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        stranger = getattr(self.request_handler, "__self__", None)
        if isinstance(stranger, Foreign):
            stranger.tenant.stats.foreign_connections.append(subject(transport))


async def _listen(handler: object, host: str, port: int, context: ssl.SSLContext) -> tuple[web.ServerRunner, str]:
    server = _Server(
        handler.handle,  # type: ignore[attr-defined]
        access_log=None, keepalive_timeout=_KEEP_ALIVE_S, max_line_size=_MAX_LINE, max_field_size=_MAX_LINE,
    )  # fmt: skip
    runner = web.ServerRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=context, shutdown_timeout=0.2, backlog=512)
    await site.start()
    return runner, f"https://localhost:{runner.addresses[0][1]}"


class Speechless(asyncio.Protocol):
    """A port that takes connections and never says a word: TLS stalls in its first step; or one that closes at once."""

    def __init__(self, closes: bool):
        self._closes = closes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        if self._closes:
            transport.close()

    @classmethod
    async def listen(cls, closes: bool) -> str:
        """Listens as long as the event loop runs; returns the URL."""
        server = await asyncio.get_running_loop().create_server(lambda: cls(closes), "127.0.0.1", 0)
        return f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def start_servers(tenant: Tenant, host: str, ports: Ports, context: ssl.SSLContext) -> list[web.ServerRunner]:
    """All listen when this returns, and `tenant.urls` is filled. Each runner is to be cleaned up."""
    urls, runners = tenant.urls, []
    urls.silent, urls.closing = await Speechless.listen(False), await Speechless.listen(True)
    runner, urls.api = await _listen(Api(tenant), host, ports.api, context)
    runners.append(runner)
    runner, urls.token = await _listen(TokenServer(tenant), host, ports.token, context)
    runners.append(runner)
    # Whoever reaches the control endpoint owns the tenant: it and the stranger stay on loopback.
    runner, urls.control = await _listen(Control(tenant), "127.0.0.1", ports.control, context)
    runners.append(runner)
    runner, urls.foreign = await _listen(Foreign(tenant), "127.0.0.1", 0, context)
    runners.append(runner)
    return runners
