# SPDX-License-Identifier: Apache-2.0
"""The audit trail of a vault: its head, its verification, its entries."""

import json
from ctypes import byref
from datetime import date, datetime
from typing import Any, Dict, Iterator, Mapping, Optional, Union

from ._ffi import lib
from ._handle import Handle
from ._structs import AuditOptions
from ._values import moment_in, take_text, text_in, unsigned_in

Moment = Union[datetime, date, str, None]

# Entries that one call of the library gives.
_PAGE = 1000


def audit_head(instance: Handle) -> Dict[str, Any]:
    with instance as pointer:
        head: Dict[str, Any] = json.loads(take_text(lib.vault_audit_head, pointer))
    return head


def audit_verify(instance: Handle, head: Union[str, Mapping[str, Any], None]) -> Dict[str, Any]:
    text = json.dumps(dict(head)) if isinstance(head, Mapping) else head
    with instance as pointer:
        report: Dict[str, Any] = json.loads(take_text(lib.vault_audit_verify, pointer, text_in("head", text)))
    return report


def audit_entries(
    instance: Handle, connection: Optional[str], since: Moment, before: Moment, after: int
) -> Iterator[Dict[str, Any]]:
    """Page by page, each asked for when the one before is used up."""
    options = AuditOptions(
        connection=text_in("connection", connection),
        from_=moment_in("since", since),
        to=moment_in("before", before),
        after=unsigned_in("after", after, 64),
        limit=_PAGE,
    )
    while True:
        with instance as pointer:
            # Not splitlines(): an actor may hold what it takes for the end of a line.
            lines = take_text(lib.vault_audit_export, pointer, byref(options)).split("\n")[:-1]
        for line in lines:
            entry: Dict[str, Any] = json.loads(line)
            options.after = entry["entry"]
            yield entry
        if len(lines) < _PAGE:
            return
