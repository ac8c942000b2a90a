# SPDX-License-Identifier: Apache-2.0
"""The rows of the fault matrix, and the operations that its faults strike."""

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Set, Tuple

from conftest import SERVICE

from askel_s4 import AskelError, Client

if TYPE_CHECKING:
    from fault_matrix import Bench

ORDERS = "A_SalesOrder"
OPERATIONS = (
    "read", "create", "mint of a read", "mint of a create", "CSRF token of a create", "read-only batch",
    "repeatable create",
)  # fmt: skip
TOKEN, REPEATED = OPERATIONS[4], OPERATIONS[6]
# Seconds. Faults that wait for longer than an operation may last strike operations that have less time.
DEADLINE, SHORT_DEADLINE, LONGER_MS = 15.0, 1.2, 2_000
# What is still there so long after its deadline hangs.
PATIENCE = 15.0
RETRIES = 2
BATCH = f"/sap/opu/odata/sap/{SERVICE}/$batch"
FIRST, ROWS = 9_990, 30
KEYS = [str(FIRST + number) for number in range(ROWS)]
READ_ONLY = (
    "--batch\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    f"GET {ORDERS}('{FIRST}')?$select=SalesOrder HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n--batch--\r\n"
)
NEW_ORDER: Dict[str, Any] = {
    "SalesOrderType": "OR", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
    "SoldToParty": "10100001", "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "2"}],
}  # fmt: skip


@dataclass
class Rule:
    """A fault as the sandbox takes it. `on` None: it strikes the operation's own requests, or its mints."""

    fault: str
    args: Dict[str, Any]
    times: Optional[int] = None


@dataclass
class Row:
    """One fault, and what is expected of each operation; None: it has no meaning there."""

    name: str
    expected: Tuple[Optional[str], ...]
    rule: Optional[Rule] = None
    settings: Dict[str, Any] = field(default_factory=dict)
    #: What is done to the tenant before the operation, which then has a connection of its own.
    before: Optional[Callable[["Bench"], None]] = None
    #: Changes of that connection; names of the sandbox's URLs are put in for text that begins with "@".
    connection: Dict[str, Any] = field(default_factory=dict)
    #: That connection's client knows nothing yet: neither $metadata nor a CSRF token.
    cold: bool = False
    #: The document is changed, not created.
    changes: bool = False
    #: The fault lasts longer than the operation may.
    outlasts: bool = False

    def faults(self) -> Set[str]:
        return {self.rule.fault} if self.rule else set()


class Attempt:
    """One operation at work, and what its caller sees."""

    def __init__(self, client: Client, operation: str, row: Row) -> None:
        self.error: Optional[AskelError] = None
        self.retries: Optional[int] = None
        self.wrongs: List[str] = []
        self._client = client
        self._is_repeatable = operation == REPEATED
        self._time = SHORT_DEADLINE if row.outlasts else DEADLINE
        work = {"read": self._read, "read-only batch": self._batch, "mint of a read": self._read}.get(
            operation, self._change if row.changes else self._create)  # fmt: skip
        thread = threading.Thread(target=self._guarded, args=(work,), daemon=True)
        began = time.monotonic()
        thread.start()
        # A read has its deadline for each page.
        longest = self._time * 3 + PATIENCE
        thread.join(longest)
        if thread.is_alive() or time.monotonic() - began > longest:
            self.wrongs.append("hung")
            self.error = self.error or AskelError("it hangs")

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except AskelError as error:
            self.error = error

    def _read(self) -> None:
        keys: List[str] = []
        cursor = self._client.read(
            SERVICE, ORDERS, "SalesOrder ge ? and SalesOrder le ?", [KEYS[0], KEYS[-1]], select="SalesOrder",
            page_size=10, count=True, timeout=self._time)  # fmt: skip
        try:
            keys.extend(row["SalesOrder"] for row in cursor)
            if keys != KEYS:
                self.wrongs.append("lost")
        finally:
            if len(keys) != len(set(keys)):
                self.wrongs.append("doubled")
            self.retries = cursor.receipt.retries

    def _create(self) -> None:
        body = {**NEW_ORDER, "PurchaseOrderByCustomer": "once"}
        self._client.create(SERVICE, ORDERS, body, repeatable=self._is_repeatable, timeout=self._time)

    def _change(self) -> None:
        etag = self._client.get(SERVICE, ORDERS, KEYS[0]).etag
        self._client.update(SERVICE, ORDERS, KEYS[0], {"PurchaseOrderByCustomer": "changed"}, etag=etag)

    def _batch(self) -> None:
        reply = self._client.request(
            "POST", BATCH, body=READ_ONLY, content_type="multipart/mixed; boundary=batch", service=SERVICE,
            headers={"Accept": "multipart/mixed"}, repeatable=True, timeout=self._time)  # fmt: skip
        if f'"SalesOrder":"{FIRST}"'.encode() not in reply.content:
            self.wrongs.append("lost")
