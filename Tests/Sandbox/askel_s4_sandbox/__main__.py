# SPDX-License-Identifier: Apache-2.0
"""Command line: `python3 -m askel_s4_sandbox` starts a tenant and prints one JSON line when it listens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import gc
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from .announcement import announcement, env_file
from .ca import CLIENT_KEYS, make_certificates, server_context
from .servers import Ports, start_servers
from .settings import NEXT_LINK_FORMS, Settings
from .state import make_tenant


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="askel_s4_sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address of API and token endpoint")
    parser.add_argument("--port", type=int, default=0, help="API port (0: any free one)")
    parser.add_argument("--token-port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1710, help="seed of the business data")
    parser.add_argument("--today", type=dt.date.fromisoformat, help="the data's today, YYYY-MM-DD (default: UTC)")
    parser.add_argument("--page-size", type=int, default=1000, help="rows of a page (0: no server-driven paging)")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every answer")
    parser.add_argument("--next-link", choices=NEXT_LINK_FORMS, default="absolute")
    parser.add_argument("--ca-dir", type=Path, help="where ca.pem goes (default: a directory that goes at exit)")
    parser.add_argument("--client-key", choices=CLIENT_KEYS, default="p-256", help="of the client's certificate")
    parser.add_argument(
        "--env-file", type=Path, help="write S4_HOST, S4_CLIENT_SECRET, … as `export` lines for a shell; goes at exit"
    )
    parser.add_argument("--gzip", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--exit-with-parent", action="store_true", help="end when stdin closes")
    return parser.parse_args(argv)


def _end_with_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # A pipe from the parent ends when the parent does, however it died. A thread, because stdin may be any file.
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # The loop may have ended for another reason meanwhile.
        loop.call_soon_threadsafe(stop.set)


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # Inside the loop, where the signals are handled: a second one must not leave the directory behind.
    with tempfile.TemporaryDirectory(prefix="askel-s4-sandbox-") as temporary:
        directory: Path = options.ca_dir or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        await _serve(options, directory.resolve(), stop)


async def _serve(options: argparse.Namespace, directory: Path, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    certificates = make_certificates(directory, options.client_key)
    settings = Settings(
        page_size=options.page_size, latency_ms=options.latency_ms, next_link=options.next_link, gzip=options.gzip
    )
    today = options.today or dt.datetime.now(dt.UTC).date()
    tenant = make_tenant(options.seed, today, settings)
    ports = Ports(options.port, options.token_port, options.control_port)
    runners = await start_servers(tenant, options.host, ports, server_context(directory))
    # The data stays to the end; without this each full collection would walk over it.
    gc.collect()
    gc.freeze()
    with env_file(tenant, certificates.ca_file, options.env_file):
        print(announcement(tenant, certificates), flush=True)
        if options.exit_with_parent:
            threading.Thread(target=_end_with_stdin, args=(loop, stop), daemon=True).start()
        await stop.wait()
    await asyncio.gather(*(runner.cleanup() for runner in runners))


def main(argv: list[str] | None = None) -> int:
    """Runs until SIGTERM, SIGINT or, if asked for, the end of stdin. Returns 0."""
    options = _arguments(argv)
    asyncio.run(_run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
