# SPDX-License-Identifier: Apache-2.0
"""What was seen on each TLS connection: so a test can say that two credentials never shared one."""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import dataclass, field
from typing import Any

_KEPT = 20_000


def mark(text: str) -> str:
    """A short mark of a secret, to tell it from others without showing it: the first 12 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


@dataclass
class Connection:
    """One connection. Sets hold names of users and clients, and marks of tokens, passwords and client secrets."""

    server: str
    certificate: str | None
    requests: int = 0
    users: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, Any]:
        """For `GET /stats`."""
        return {name: sorted(value) if isinstance(value, set) else value for name, value in self.__dict__.items()}


class Connections:
    """The connections since the last reset, in the order in which they came."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Any, Connection] = weakref.WeakKeyDictionary()
        self.all: list[Connection] = []

    def of(self, transport: Any, server: str) -> tuple[Connection, bool]:
        """The connection's record, and whether it is new."""
        found = self._known.get(transport)
        if found is not None:
            return found, False
        found = self._known[transport] = Connection(server, subject(transport))
        if len(self.all) < _KEPT:
            self.all.append(found)
        return found, True


def subject(transport: Any) -> str | None:
    """The common name of the certificate that the client showed."""
    pairs = [pair for part in (transport.get_extra_info("peercert") or {}).get("subject", ()) for pair in part]
    return next((value for name, value in pairs if name == "commonName"), None)
