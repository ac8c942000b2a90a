# SPDX-License-Identifier: Apache-2.0
"""Runs the cells of the fault matrix: one operation against one fault of the sandbox tenant, and what was seen of it.

A cell's text: "ok", "ok, 2 retries"; or the error's code, what became of the operation, "retryable" where it is, and of
a create how many documents the tenant holds afterwards: "UNKNOWN_OUTCOME, unknown, 1 made".
"""

import http.client
import json
import queue
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from askel_s4_sandbox import Sandbox
from askel_s4_sandbox.marks import leaks
from conftest import SERVICE, put
from fault_operations import DEADLINE, NEW_ORDER, OPERATIONS, ORDERS, REPEATED, RETRIES, TOKEN, Attempt, Row, Rule

from askel_s4 import Auth, Client, Code, Instance, LogLevel, Outcome

LOCKED = "the user is locked"


class Cell(NamedTuple):
    row: str
    operation: str
    text: str
    #: What must never be: "lost", "doubled", "hung", "secret".
    wrongs: Tuple[str, ...]
    #: What the error said, for a person who looks at a difference.
    said: str


class Control:
    """The sandbox's control endpoint over one connection that stays."""

    def __init__(self, sandbox: Sandbox) -> None:
        port = int(sandbox.control_url.rpartition(":")[2])
        self._connection = http.client.HTTPSConnection("localhost", port, timeout=30, context=sandbox.ssl_context)

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        self._connection.request(method, path, None if body is None else json.dumps(body))
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)


class Bench:
    """A tenant and a client of its own, on which one cell runs after the other."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.sandbox, self.control = sandbox, Control(sandbox)
        self.instance = Instance(
            folder / "vault.db", key=bytes(range(32)), mints_per_second=0, log_level=LogLevel.DEBUG)  # fmt: skip
        # A token on an error answer counts: without this no fault would keep one away.
        self.settings = self.control("POST", "/settings", {"csrf_on_errors": False})
        self.client: Optional[Client] = None
        self._names = 0

    def close(self) -> None:
        self.forget()
        self.instance.close()

    def forget(self) -> None:
        if self.client is not None:
            self.client.close()
        self.client = None

    def open(self, changes: Dict[str, Any]) -> Client:
        self._names += 1
        # Puts back what a row did to the credentials.
        user = self.control("POST", "/user", {"password": self.sandbox.password, "locked": False})
        self.control("POST", "/secrets", {"replace": self.sandbox.client_secret})
        given = dict(changes)
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("@"):
                server, _, path = value[1:].partition("/")
                given[name] = self.sandbox.info[server] + (f"/{path}" if path else "")
        if given.get("auth") == Auth.BASIC:
            given.update(user=user["user"], password=user["password"], token_url=None, client_id=None,
                         client_secret=None)  # fmt: skip
        connection = put(self.instance, self.sandbox, f"nordvik-{self._names}", **given)
        return connection.client(retries=RETRIES, max_answer_bytes=1 << 20, timeout=DEADLINE)

    def warm(self) -> Client:
        """A client that knows $metadata and has its CSRF session."""
        if self.client is None:
            self.client = self.warmed(self.open({}))
        return self.client

    def warmed(self, client: Client, has_session: bool = True) -> Client:
        if has_session:
            client.create(SERVICE, ORDERS, NEW_ORDER, timeout=20)
        list(client.read(SERVICE, ORDERS, top=1, timeout=20))
        return client

    def run(self, row: Row, operation: str) -> Cell:
        own = bool(row.before or row.connection or row.cold or operation == TOKEN)
        client = self.open(row.connection) if own else self.warm()
        if own and not row.cold:
            self.warmed(client, has_session=operation != TOKEN)
        if row.before is not None:
            row.before(self)
        self.control("POST", "/reset-stats")
        settings = {**row.settings, "repeatable": True} if operation == REPEATED else row.settings
        if settings:
            self.control("POST", "/settings", settings)
        if row.rule is not None:
            self.control("POST", "/faults", _rule(row.rule, operation))
        try:
            return self._judge(row, operation, Attempt(client, operation, row))
        finally:
            self.control("DELETE", "/faults")
            if settings:
                self.control("POST", "/settings", self.settings)
            if own:
                client.close()
            if row.before or row.faults() == {"csrf_required"}:
                # Credentials and sessions are not what they were.
                self.forget()

    def _judge(self, row: Row, operation: str, attempt: "Attempt") -> Cell:
        stats = self._at_rest(row)
        error = attempt.error
        made = sum(stats["created_by_reference"].values())
        parts = ["ok"] if error is None else [error.code.name, Outcome(error.outcome).name.lower()]
        retries = 0 if error is not None else self._retries(operation, attempt, stats)
        if retries:
            parts.append(f"{retries} {'retry' if retries == 1 else 'retries'}")
        if error is not None and error.retryable:
            parts.append("retryable")
        if error is not None and "create" in operation and not row.changes:
            parts.append(f"{made} made")
        if error is not None and error.code == Code.CREDENTIAL_EXPIRED:
            self.forget()
        said = "" if error is None else f"{error} {error.details} {error.sap_code}"
        wrongs = list(attempt.wrongs)
        if "create" in operation and not row.changes:
            promised = error is None or error.outcome == Outcome.PROCESSED
            denied = error is not None and error.outcome in (Outcome.NOT_SENT, Outcome.NOT_PROCESSED)
            wrongs += ["lost"] * (promised and made == 0) + ["doubled"] * (made > (0 if denied else 1))
        # Log records of every request are among the events.
        told = [said, *(json.dumps(event) for event in self.instance.events())]
        wrongs += ["secret"] * any(leaks(text) for text in told)
        wrongs += ["secret sent to a stranger"] * bool(self.control("GET", "/foreign-log"))
        if stats["locked_users"] and row.name != LOCKED:
            wrongs.append("locked")
        return Cell(row.name, operation, ", ".join(parts), tuple(wrongs), said)

    def _retries(self, operation: str, attempt: "Attempt", stats: Dict[str, Any]) -> int:
        """By the receipt where there is one, otherwise by what the tenant was sent beyond what was needed."""
        if attempt.retries is not None:
            return attempt.retries
        requests = stats["requests"]
        if operation.startswith("mint"):
            return int(requests["token"]["total"]) - 1
        if operation == TOKEN:
            return int(requests["api"]["by_kind"]["service_document"]) - 1
        if operation in ("create", REPEATED):
            kinds = requests["api"]["by_kind"]
            return int(kinds.get("collection", 0) + kinds.get("entity", 0)) - 1
        return int(requests["api"]["by_kind"]["batch"]) - 1

    def _at_rest(self, row: Row) -> Dict[str, Any]:
        """The tenant's counts when it has finished what it was sent, also what it does later."""
        end = time.monotonic() + 20
        while True:
            stats: Dict[str, Any] = self.control("GET", "/stats")
            ended = all(each["total"] == sum(each["by_status"].values()) for each in stats["requests"].values())
            late = stats["faults"].get("late_commit", 0) - sum(stats["late_commits"].values())
            if (ended and late <= 0) or time.monotonic() > end:
                return stats
            time.sleep(0.02)


def _rule(rule: Rule, operation: str) -> List[Dict[str, Any]]:
    made: Dict[str, Any] = {"fault": rule.fault, "args": rule.args, "times": rule.times}
    if operation.startswith("mint"):
        made["on"] = "token"
    elif operation == "read":
        # Not the first page: what was delivered before must stand.
        made.update(match=f"{ORDERS}?", method="GET", skip=1)
    elif operation == TOKEN:
        made.update(match=f"{SERVICE}/", method="GET")
    else:
        made.update(match="$batch" if operation == "read-only batch" else ORDERS)
    return [made]


def run_all(rows: List[Row], folder: Path, benches: int) -> Dict[Tuple[str, str], Cell]:
    """All cells, over several tenants at once."""
    waiting: queue.SimpleQueue[Tuple[Row, str]] = queue.SimpleQueue()
    # The longest first, so that all end together.
    for cell in sorted(_cells(rows), key=lambda cell: not cell[0].outlasts):
        waiting.put(cell)
    found: Dict[Tuple[str, str], Cell] = {}
    problems: List[BaseException] = []

    def work(number: int) -> None:
        place = folder / str(number)
        place.mkdir()
        try:
            with Sandbox() as sandbox:
                bench = Bench(place, sandbox)
                while not problems:
                    try:
                        row, operation = waiting.get_nowait()
                    except queue.Empty:
                        break
                    found[row.name, operation] = bench.run(row, operation)
                bench.close()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(benches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    return found


def _cells(rows: List[Row]) -> Iterator[Tuple[Row, str]]:
    for row in rows:
        for operation, expected in zip(OPERATIONS, row.expected):
            if expected is not None:
                yield row, operation
