# SPDX-License-Identifier: Apache-2.0
"""OAuth client, its tokens, and the communication user with its lock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field

from .marks import MARK, marked


@dataclass(slots=True)
class Token:
    """An access token as the tenant remembers it, without its text. `expires_at` is on time.monotonic()."""

    expires_at: float
    uses: int = 0


@dataclass
class OAuthClient:
    """The client of the communication arrangement. Several secrets may be valid at once (rotation)."""

    client_id: str
    secrets: list[str]
    tokens: dict[bytes, Token] = field(default_factory=dict)
    kept_texts: list[str] | None = None
    """Texts of tokens, where a test asked to keep them: it looks for what a client left of them."""

    def accepts(self, client_id: str, secret: str) -> bool:
        """Whether this id and one of the valid secrets were given."""
        known = [hmac.compare_digest(secret.encode(), valid.encode()) for valid in self.secrets]
        return hmac.compare_digest(client_id.encode(), self.client_id.encode()) and any(known)

    def mint(self, lifetime_s: float, scope: str) -> tuple[str, str]:
        """A new access token and its jti. It looks like a JWT; nobody can verify its signature."""
        jti, now = secrets.token_hex(16), int(time.time())
        head = {"alg": "RS256", "kid": MARK, "typ": "JWT"}
        body = {
            "jti": jti, "sub": self.client_id, "client_id": self.client_id, "scope": scope.split(),
            "iat": now, "exp": now + int(lifetime_s), "zid": "nordvik", "grant_type": "client_credentials",
        }  # fmt: skip
        parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, body)]
        # Marked in its head and in its signature: a part of it is told too.
        text = ".".join([*(_base64url(part) for part in parts), marked(342)])
        self.tokens[_digest(text)] = Token(time.monotonic() + lifetime_s)
        if self.kept_texts is not None:
            self.kept_texts.append(text)
        return text, jti

    def find(self, text: str) -> Token | None:
        """The token with that text, dead or alive."""
        return self.tokens.get(_digest(text))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass
class CommunicationUser:
    """The HTTP Basic user. It locks after a number of failed logons; then even the right password is refused."""

    name: str
    password: str
    failures: int = 0
    locked: bool = False

    def log_on(self, name: str, password: str, attempts: int) -> bool:
        """One logon; `attempts` failures lock the user (0: never)."""
        if name != self.name:
            return False
        right = hmac.compare_digest(password.encode(), self.password.encode())
        if self.locked:
            return False
        if right:
            self.failures = 0
            return True
        self.failures += 1
        self.locked = bool(attempts) and self.failures >= attempts
        return False

    def unlock(self) -> None:
        """Opens the user again."""
        self.failures, self.locked = 0, False


@dataclass
class CertifiedClient:
    """Whose certificate opens the tenant: the API by itself, and the token endpoint together with the client's id."""

    name: str
    known: bool = True

    def accepts(self, name: str | None) -> bool:
        """Whether that is the common name of a certificate that the tenant knows; None: no certificate was shown."""
        return self.known and name == self.name


def parse_basic(header: str) -> tuple[str, str] | None:
    """User and password of an `Authorization: Basic …` header, or None."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        return None
    return (name, password) if colon else None
