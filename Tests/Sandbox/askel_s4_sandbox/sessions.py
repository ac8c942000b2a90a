# SPDX-License-Identifier: Apache-2.0
"""Session cookies, the CSRF tokens that belong to them, and the refusal of a write that lacks them.

Cookies, token and refusal as recorded (SAP.md section 4, CSRF): a token is good only together with both cookies of the
session that it was made for, and a session belongs to the user or client that opened it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from aiohttp import web

from .exchange import Answer
from .faults import Chosen
from .marks import marked
from .settings import Settings
from .stats import Stats

_SESSIONS = 20_000
_CONTEXT = "sap-usercontext"


@dataclass(slots=True)
class Session:
    """An HTTP session. `opened` is on time.monotonic()."""

    caller: str
    token: str
    opened: float


class Sessions:
    """The sessions that are alive; the oldest go when there are too many."""

    cookie = "SAP_SESSIONID_S4X_100"

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def find(self, request: web.BaseRequest, settings: Settings) -> Session | None:
        """The session of the request's cookies, if it is alive and the caller's own."""
        cookies = request.cookies
        found = self._sessions.get(cookies.get(self.cookie, ""))
        if found is None or _CONTEXT not in cookies or found.caller != request.get("caller"):
            return None
        lifetime = settings.session_lifetime
        return None if lifetime is not None and time.monotonic() - found.opened >= lifetime else found

    def open(self, caller: str) -> tuple[str, Session]:
        """A new session and its id."""
        name = marked(43) + "%3d"
        session = Session(caller, marked(22) + "==", time.monotonic())
        self._sessions[name] = session
        if len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return name, session

    def __len__(self) -> int:
        return len(self._sessions)

    def drop(self) -> None:
        """Ends all sessions."""
        self._sessions.clear()

    def drop_own(self, request: web.BaseRequest) -> None:
        """Ends the session of the request's cookies."""
        self._sessions.pop(request.cookies.get(self.cookie, ""), None)


def give_session(
    sessions: Sessions, settings: Settings, stats: Stats, request: web.BaseRequest, answer: Answer
) -> None:
    """Cookies and CSRF token on the answer to a read, error answers included (SAP does; `csrf_on_errors`)."""
    if request.get("caller") is None:
        return
    fetch = request.method in ("GET", "HEAD") and request.headers.get("X-CSRF-Token", "").lower() == "fetch"
    if answer.status >= 400 and not settings.csrf_on_errors:
        fetch = False
    if not fetch and not settings.cookies_on_reads:
        return
    session = sessions.find(request, settings)
    if session is None:
        name, session = sessions.open(request["caller"])
        stats.csrf["sessions"] += 1
        answer.header("set-cookie", f"{_CONTEXT}=sap-client=100; path=/")
        answer.header("set-cookie", f"{sessions.cookie}={name}; path=/; secure; HttpOnly")
    if fetch:
        stats.csrf["fetches"] += 1
        answer.header("x-csrf-token", session.token)


def refuse_without_token(
    sessions: Sessions, settings: Settings, stats: Stats, request: web.BaseRequest, faults: Chosen
) -> Answer | None:
    """The 403 of a request that needs a CSRF token and has none that is good; None lets it pass."""
    session = sessions.find(request, settings)
    if "csrf_required" in faults:
        if faults["csrf_required"].get("drop", True):
            sessions.drop_own(request)
    elif settings.csrf == "off" or (session is not None and request.headers.get("X-CSRF-Token") == session.token):
        return None
    stats.csrf["refused"] += 1
    answer = Answer(403, b"CSRF token validation failed", "text/plain;charset=utf-8")
    answer.header("x-csrf-token", "Required")
    return answer
