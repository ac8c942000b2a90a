# SPDX-License-Identifier: Apache-2.0
"""A mark in every secret that the sandbox hands out: secrets of clients, passwords, access tokens, CSRF tokens, session
cookies. Whoever finds it in what a program wrote has found a leak: `leaks`.

The mark is put together at run time, so that no source, and no listing of one, holds it.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator

MARK = "".join(reversed(("xQ7", "Lk9", "gZ4", "Wv2")))


def marked(size: int) -> str:
    """A new secret of `size` characters that a URL and a cookie can carry: the mark and random ones behind it."""
    return (MARK + secrets.token_urlsafe(size))[:size]


def _forms() -> Iterator[bytes]:
    """The mark in clear, in hexadecimal and inside of base64, where it may begin at any of three places of a group."""
    mark = MARK.encode()
    yield mark
    yield mark.hex().encode()
    yield mark.hex().upper().encode()
    for shift in range(3):
        # Characters that also depend on what stands before and after are left off.
        first, last = -(-shift * 4 // 3), (shift + len(mark)) * 4 // 3
        yield base64.b64encode(b"\0" * shift + mark)[first:last]


_FORMS = re.compile(b"|".join(re.escape(form) for form in _forms()))


def leaks(written: bytes | str, around: int = 40) -> list[str]:
    """The places where a secret of a sandbox shows, each with some text before it, never the secret itself."""
    data = written.encode("utf-8", "surrogateescape") if isinstance(written, str) else written
    return [
        data[max(0, found.start() - around) : found.start()].decode("utf-8", "replace") + "***"
        for found in _FORMS.finditer(data)
    ]
