# SPDX-License-Identifier: Apache-2.0
"""An answer as plain data, and its way onto the wire with the faults that strike there."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from .faults import Chosen

_HTML_LOGIN = (
    b"<!DOCTYPE html><html><head><title>Logon</title></head><body><form method='post' action='/saml2/idp/sso'>"
    b"<input name='j_username'/><input name='j_password' type='password'/></form></body></html>"
)


@dataclass
class Answer:
    """Status, headers and body (uncompressed). `gzipped` is the compressed body when somebody made it before."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    headers: list[tuple[str, str]] = field(default_factory=list)
    gzipped: bytes | None = None

    def header(self, name: str, value: str) -> None:
        """Adds a header; equal names stay apart (set-cookie)."""
        self.headers.append((name, value))


def html_login() -> Answer:
    """What a wrong host or an unauthenticated UI call answers: a login page with status 200."""
    return Answer(200, _HTML_LOGIN, "text/html;charset=utf-8")


def corrupt(body: bytes, faults: Chosen) -> bytes:
    """Applies the faults that change the bytes of a body."""
    if "malformed_json" in faults:
        body = body[:-1] + b",,}"
    if "duplicate_keys_json" in faults:
        if faults["duplicate_keys_json"].get("where") == "top":
            body = body.replace(b"{", b'{"d":{"results":[]},', 1)
        else:
            body = body.replace(b'"SalesOrder":"', b'"SalesOrder":"0","SalesOrder":"')
    if "invalid_utf8" in faults:
        mark = b'"SalesOrder":"' if b'"SalesOrder":"' in body else b'":"'
        body = body.replace(mark, mark + b"\xc3\x28\xff", 1)
    return body


def gzip_fits(request: web.BaseRequest, body: bytes) -> bool:
    """Whether the client accepts gzip and the body is worth it."""
    return len(body) > 500 and "gzip" in request.headers.get("Accept-Encoding", "")


async def send(
    request: web.BaseRequest, answer: Answer, faults: Chosen, use_gzip: bool, level: int
) -> tuple[web.StreamResponse, int]:
    """Sends the answer. Returns it with the status that went out, 0 when the connection was cut before it.

    Compression is for clients that accept it; the faults `truncate` and `reset` count bytes as they are on the wire.
    """
    body = corrupt(answer.body, faults)
    cut = faults.get("truncate")
    if cut is not None and cut.get("variant") == "clean":
        body = body[: int(cut.get("at", len(body) // 2))]
    headers = [*answer.headers, ("Content-Type", answer.content_type)] if answer.content_type else list(answer.headers)
    if use_gzip and gzip_fits(request, body):
        same = body is answer.body and answer.gzipped is not None
        body = answer.gzipped if same and answer.gzipped else await _compress(body, level)
        headers.append(("Content-Encoding", "gzip"))
    if "huge_header" in faults:
        headers.append(("x-sandbox-padding", "x" * int(float(faults["huge_header"].get("kb", 64)) * 1024)))
    response = web.StreamResponse(status=answer.status)
    response.headers.extend(headers)
    response.headers["Server"] = "askel-s4-sandbox"
    if answer.status not in (204, 304):
        response.content_length = len(body)
    reset = faults.get("reset")
    when = reset.get("when", "body" if "at" in reset else "before") if reset is not None else ""
    closes = reset is not None and reset.get("how") == "close"
    if when == "before":
        (close if closes else abort)(request)
        return response, 0
    await response.prepare(request)
    if request.method == "HEAD" or answer.status in (204, 304):
        return response, answer.status
    if "slow_body" in faults:
        await asyncio.sleep(float(faults["slow_body"].get("ms", 1000)) / 1000)
    if when:
        at = 0 if when == "after_headers" else int((reset or {}).get("at", len(body) // 2))
        await _write_and_stop(request, response, body[:at], kill=not closes)
    elif cut is not None and cut.get("variant") != "clean":
        await _write_and_stop(request, response, body[: int(cut.get("at", len(body) // 2))], kill=False)
    elif "drip" in faults:
        await _drip(response, body, float(faults["drip"].get("bytes_per_s", 1000)))
    else:
        await response.write(body)
        await response.write_eof()
    return response, answer.status


async def _compress(body: bytes, level: int) -> bytes:
    # zlib lets go of the interpreter lock, so other requests go on meanwhile.
    if len(body) < 50_000:
        return gzip.compress(body, level, mtime=0)
    return await asyncio.get_running_loop().run_in_executor(None, lambda: gzip.compress(body, level, mtime=0))


def client_name(request: web.BaseRequest) -> str | None:
    """Common name of the certificate that the client showed in the handshake; None where it showed none."""
    found = request.transport.get_extra_info("peercert") if request.transport is not None else None
    pairs = [pair for part in (found or {}).get("subject", ()) for pair in part]
    return next((value for name, value in pairs if name == "commonName"), None)


def abort(request: web.BaseRequest) -> None:
    """Cuts the connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        # Linger zero makes the kernel send RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def close(request: web.BaseRequest) -> None:
    """Closes the connection in good order, without a word."""
    if request.transport is not None:
        request.transport.close()


async def _write_and_stop(request: web.BaseRequest, response: web.StreamResponse, part: bytes, kill: bool) -> None:
    if part:
        await response.write(part)
    # What was written has to leave before the connection ends.
    await asyncio.sleep(0.02)
    (abort if kill else close)(request)


async def _drip(response: web.StreamResponse, body: bytes, bytes_per_s: float) -> None:
    step = max(1, int(bytes_per_s / 20))
    for start in range(0, len(body), step):
        await response.write(body[start : start + step])
        await asyncio.sleep(step / bytes_per_s)
    await response.write_eof()


async def send_huge(request: web.BaseRequest, megabytes: float, use_gzip: bool) -> tuple[web.StreamResponse, int]:
    """A JSON body of `megabytes` MB, made on the way; with gzip it is about a thousand times smaller on the wire."""
    response = web.StreamResponse(status=200)
    response.headers["Content-Type"] = "application/json;charset=utf-8"
    zipped = use_gzip and "gzip" in request.headers.get("Accept-Encoding", "")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.enable_chunked_encoding()
    await response.prepare(request)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    async for part in _huge_parts(int(megabytes * 1_000_000)):
        data = squeezer.compress(part) if zipped else part
        if data:
            await response.write(data)
    if zipped:
        await response.write(squeezer.flush())
    await response.write_eof()
    return response, 200


async def _huge_parts(size: int) -> AsyncIterator[bytes]:
    yield b'{"d":{"results":[{"SalesOrder":"'
    block = b"1" * 65_536
    for start in range(0, size, len(block)):
        yield block[: min(len(block), size - start)]
        await asyncio.sleep(0)
    yield b'"}]}}'
