# SPDX-License-Identifier: Apache-2.0
"""Executes the operations of a `$batch`, one after the other, change sets whole or not at all.

V2 answers 202 and goes through all parts; V4 answers 200 and ends behind the first part that fails, unless the caller
prefers continue-on-error (OData V4.0 part 1, sections 11.7.2 and 11.7.4). Content-ID references: `$ID` at the
beginning of a URL of the same change set stands for the entity that the request with that Content-ID made or named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web
from multidict import CIMultiDict

from ..exchange import Answer
from ..odata.errors import ODataError
from ..odata_service import error_answer
from ..state import Tenant
from .multipart import ChangeSet, Operation, Outcome, malformed, parse_batch, write_batch

_WRITES = ("POST", "PUT", "PATCH", "MERGE", "DELETE")
_REFERENCE = re.compile(r"\$([^/?]+)(.*)", re.S)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VERSIONED = re.compile(r";v=0*1(?=/)")


class Part(dict[str, Any]):
    """An operation in the clothes of a request: what the services ask of one."""

    def __init__(self, operation: Operation, raw_path: str, outer: web.BaseRequest):
        super().__init__(caller=outer.get("caller"))
        self.method, self.raw_path, self.path = operation.method, raw_path, raw_path.partition("?")[0]
        self.headers: CIMultiDict[str] = CIMultiDict(operation.headers)
        self.headers["Host"] = outer.headers.get("Host", "localhost")
        self.content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


Execute = Callable[[web.BaseRequest, str, str, bytes], Answer]
"""Executes one request: its path below the root, its query and its body. Throws `ODataError`."""


@dataclass
class Batch:
    """One batch in progress; `root` is the path of its service, `execute` the service itself."""

    tenant: Tenant
    request: web.BaseRequest
    root: str
    execute: Execute
    version: int
    _named: dict[str, str] = field(default_factory=dict)

    def answer(self) -> Answer:
        """Executes it. Throws 400 for what is no batch; nothing was executed then."""
        parts = parse_batch(self.request.headers.get("Content-Type", ""), self.request.get("body", b""))
        self._check(parts)
        stop = self.version == 4 and "continue-on-error" not in self.request.headers.get("Prefer", "")
        outcomes: list[Outcome | list[Outcome]] = []
        for part in parts:
            outcome = self._change_set(part) if isinstance(part, ChangeSet) else self._single(part)
            outcomes.append(outcome)
            if stop and isinstance(outcome, Outcome) and outcome.answer.status >= 400:
                break
        answer = write_batch(outcomes, 202 if self.version == 2 else 200)
        answer.header("dataserviceversion" if self.version == 2 else "odata-version", f"{self.version}.0")
        return answer

    def move_etag(self) -> None:
        """The fault `etag_moved` is about one document."""
        raise ValueError("fault etag_moved: a batch is no document")

    def _check(self, parts: list[Operation | ChangeSet]) -> None:
        """What makes a batch wrong as a whole."""
        for part in parts:
            if isinstance(part, Operation):
                if part.method != "GET" and (self.version == 2 or part.method not in _WRITES):
                    raise malformed(f"{part.method} outside of a change set")
                continue
            named = [each.content_id for each in part.operations if each.content_id is not None]
            if len(named) != len(set(named)):
                raise malformed("a Content-ID twice in one change set")
            for each in part.operations:
                if each.method not in _WRITES:
                    raise malformed(f"{each.method} in a change set")

    def _single(self, operation: Operation) -> Outcome:
        self._named = {}
        try:
            return self._carry_out(operation)
        except ODataError as error:
            return self._refused(operation, error)

    def _change_set(self, changes: ChangeSet) -> Outcome | list[Outcome]:
        """All answers; or one, of the operation for which nothing of the change set was done."""
        self._named, stats, outcomes = {}, self.tenant.stats, []
        created, referenced = stats.created.copy(), stats.created_by_reference.copy()
        stats.batched["change_sets"] += 1
        operation = None
        try:
            with self.tenant.orders.together():
                for operation in changes.operations:
                    outcomes.append(self._carry_out(operation))
        except ODataError as error:
            stats.created, stats.created_by_reference = created, referenced
            stats.batched["change_sets_refused"] += 1
            assert operation is not None
            return self._refused(operation, error)
        return outcomes

    def _refused(self, operation: Operation, error: ODataError) -> Outcome:
        named = cast(web.BaseRequest, Part(operation, self.root, self.request))
        return Outcome(error_answer(named, error), operation.content_id)

    def _carry_out(self, operation: Operation) -> Outcome:
        path, query = self._place(operation.url)
        raw = f"{self.root}/{path}" + (f"?{query}" if query else "")
        request = cast(web.BaseRequest, Part(operation, raw, self.request))
        self.tenant.stats.batched[operation.method] += 1
        answer = self.execute(request, path, query, operation.body)
        if operation.content_id is not None:
            location = next((value for name, value in answer.headers if name.lower() == "location"), None)
            self._named[operation.content_id] = path if location is None else self._below(location, path)
        return Outcome(answer, operation.content_id)

    def _place(self, url: str) -> tuple[str, str]:
        """Path below the service's root, and query. URLs are absolute, absolute paths, relative to the service's root
        (which the batch's own URL is below), or begin with a Content-ID."""
        reference = _REFERENCE.fullmatch(url)
        if reference is not None and reference[1] in self._named:
            url = self._named[reference[1]] + reference[2]
        elif reference is not None and not url.startswith(("$metadata", "$batch")):
            raise ODataError(400, f"There is no request with Content-ID {reference[1]} in front", "SANDBOX/400")
        path, _, query = url.partition("?")
        return self._below(path, ""), query

    def _below(self, url: str, base: str) -> str:
        """A URL as a path below the root; relative ones are relative to `base`, a path below the root."""
        if _ABSOLUTE.match(url):
            parts = urlsplit(url)
            if parts.scheme != "https" or parts.netloc != self.request.headers.get("Host", "localhost"):
                raise ODataError(400, "The URL of a request in the batch names another host", "SANDBOX/400")
            url = parts.path
        if url.startswith("/"):
            plain = _VERSIONED.sub("", url, 1)
            if plain != self.root and not plain.startswith(self.root + "/"):
                raise ODataError(404, "The URL of a request in the batch is outside of the service", "SANDBOX/404")
            return plain[len(self.root) :].strip("/")
        while url.startswith("../"):
            url, base = url[3:], base.rpartition("/")[0]
        parent = base.rpartition("/")[0]
        return f"{parent}/{url}" if parent else url.rstrip("/")
