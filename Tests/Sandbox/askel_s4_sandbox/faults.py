# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: rules from the control endpoint, or a header of a single request.

A rule: {"fault": NAME, "on": "api"|"token", "match": part of path+query, "method": one HTTP method, "skip": n,
"times": n, "args": {…}}.
What each fault does stands in README.md; the names here say at which moment of an answer it strikes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ANSWERS = {"status", "html_login", "redirect", "unauthorized_api", "forbidden", "huge_body", "echo_authorization"}
"""Faults that give another answer than the tenant's."""
PAGES = {
    "wrong_set", "next_foreign", "next_loop", "next_to_self_first", "next_http", "next_port80", "repeat_rows",
    "skip_rows", "empty_page_with_next",
}  # fmt: skip
"""Faults in the making of a page."""
BODIES = {"malformed_json", "duplicate_keys_json", "invalid_utf8"}
"""Faults in the bytes of the body."""
TRANSPORT = {
    "latency", "reset", "truncate", "drip", "huge_header", "slow_body", "not_processed_reset", "cookie_foreign",
}  # fmt: skip
"""Faults in the sending and receiving."""
WRITES = {
    "lost_answer", "lost_answer_after_headers", "late_commit", "csrf_required", "etag_moved", "warning",
    "location_foreign",
}  # fmt: skip
"""Faults of writes alone: their rules pass over all other requests."""
NAMES = ANSWERS | PAGES | BODIES | TRANSPORT | WRITES
READ_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass
class Rule:
    """One rule; `skip` and `times` count down. `times` None means without end."""

    fault: str
    on: str = "api"
    match: str = ""
    skip: int = 0
    times: int | None = None
    method: str = ""
    args: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: object) -> Rule:
        """Reads a rule from JSON. Throws ValueError with what is wrong."""
        if not isinstance(value, dict):
            raise ValueError("a fault rule is a JSON object")
        unknown = set(value) - {"fault", "on", "match", "skip", "times", "method", "args"}
        if unknown:
            raise ValueError(f"a fault rule has no {', '.join(sorted(unknown))}")
        rule = cls(**value) if "fault" in value else None
        if rule is None or rule.fault not in NAMES:
            raise ValueError(f"unknown fault {value.get('fault')!r}; known: {', '.join(sorted(NAMES))}")
        if rule.on not in ("api", "token"):
            raise ValueError('"on" is "api" or "token"')
        if rule.on == "token" and rule.fault in PAGES | WRITES:
            raise ValueError(f"fault {rule.fault} happens on the API alone")
        if not isinstance(rule.skip, int) or not (rule.times is None or isinstance(rule.times, int)):
            raise ValueError('"skip" and "times" are numbers')
        if not isinstance(rule.args, dict) or not isinstance(rule.match, str) or not isinstance(rule.method, str):
            raise ValueError('"args" is an object, "match" and "method" are strings')
        return rule

    def as_dict(self) -> dict[str, Any]:
        """The rule with what is left of `skip` and `times`."""
        return self.__dict__.copy()


class Chosen(dict[str, dict[str, Any]]):
    """The faults that strike one request: name -> args."""

    def first(self, names: set[str]) -> str | None:
        """The first fault out of `names`, or None."""
        return next((name for name in self if name in names), None)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def choose(self, server: str, path: str, headers: Mapping[str, str], method: str) -> Chosen:
        """Faults for a request. Counts the rules down, so it is to be called once a request.

        Throws ValueError when the request's own fault header makes no sense.
        """
        chosen = Chosen()
        for rule in self.rules:
            if rule.on != server or rule.match not in path or rule.times == 0:
                continue
            if (rule.method and rule.method != method) or (rule.fault in WRITES and method in READ_METHODS):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
            chosen.setdefault(rule.fault, rule.args)
        name = headers.get("x-sandbox-fault")
        if name is not None:
            args = json.loads(headers.get("x-sandbox-fault-args") or "{}")
            chosen[name] = Rule.parse({"fault": name, "args": args}).args
        return chosen
