# SPDX-License-Identifier: Apache-2.0
"""Every fault of the sandbox tenant against every kind of operation: what the caller sees is what the rules say.

The rules (the header's manual, the README's "Retries"): a read, a mint and a read-only batch are sent again after
a lost connection and after 408, 429, 500, 502, 503 and 504; a create only after 429, a token that was refused, and
a CSRF token that is wanted. What a create is told must fit what the tenant then holds. Nothing is lost or doubled in
silence, nothing hangs. The table in fault_rows.py is what these rules say; FaultMatrix.md (Connector.docc) is what the
run gave.

ASKEL_S4_WRITE_DOCS=1 writes the document anew.
"""

import os
from pathlib import Path

import pytest
from askel_s4_sandbox.faults import NAMES
from conftest import SERVICE
from fault_matrix import run_all
from fault_operations import DEADLINE, NEW_ORDER, OPERATIONS, ORDERS, RETRIES, SHORT_DEADLINE
from fault_rows import REPEATABLE, ROWS

from askel_s4 import Outcome, Unreachable

DOCUMENT = Path(__file__).resolve().parents[3] / "Sources/Connector/Connector.docc/FaultMatrix.md"
BENCHES = 4


def table(cells: dict) -> str:
    """The document."""
    wrongs = [wrong for cell in cells.values() for wrong in cell.wrongs]
    lines = [
        "# Fault matrix",
        "",
        "What a caller sees when the sandbox tenant does a fault while an operation runs; made by the test run",
        "(`bindings/python/tests/test_fault_matrix.py`), which fails when this page differs from it.",
        "",
        f"{len(cells)} cells: {wrongs.count('lost')} silent losses, {wrongs.count('doubled')} duplicates, "
        f"{wrongs.count('hung')} hangs.",
        "",
        f"- The client has {RETRIES} retries and {DEADLINE:g} s, or {SHORT_DEADLINE:g} s where the fault lasts longer.",
        "- read: three counted pages, the fault from the second on. create: a new order. mint: the fault strikes the",
        "  token endpoint. CSRF token: it strikes the fetch of it. read-only batch: a `$batch` that may be repeated.",
        "  repeatable create: one with a RequestID, at a tenant that knows such requests.",
        "- An error: its code, what became of the operation at the tenant, whether the same call may succeed later; of",
        "  a create how many documents the tenant then held. An empty cell: the fault has no meaning there.",
        "",
        f"| fault | {' | '.join(OPERATIONS)} |",
        "|---" * (len(OPERATIONS) + 1) + "|",
    ]
    for row in ROWS:
        found = [cells.get((row.name, operation)) for operation in OPERATIONS]
        lines.append(f"| {row.name} | {' | '.join('' if cell is None else cell.text for cell in found)} |")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return run_all(ROWS, tmp_path_factory.mktemp("matrix"), BENCHES)


def test_every_fault_has_its_row():
    assert set.union(*(row.faults() for row in ROWS)) == NAMES
    names = {row.name for row in ROWS}
    assert len(names) == len(ROWS) and REPEATABLE.keys() <= names


def test_nothing_is_lost_doubled_or_stuck(cells):
    wrong = [f"{cell.row} / {cell.operation}: {cell.wrongs} {cell.said}" for cell in cells.values() if cell.wrongs]
    assert not wrong, "\n" + "\n".join(wrong)


def test_each_cell_is_what_the_rules_say(cells):
    differing = [
        f"{row.name} / {operation}: {expected!r} expected, {cells[row.name, operation].text!r} found:"
        f" {cells[row.name, operation].said}"
        for row in ROWS
        for operation, expected in zip(OPERATIONS, row.expected)
        if expected is not None and cells[row.name, operation].text != expected
    ]
    assert not differing, "\n" + "\n".join(differing)


def test_the_document_is_what_the_run_gave(cells):
    text = table(cells)
    if os.environ.get("ASKEL_S4_WRITE_DOCS"):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == text, "ASKEL_S4_WRITE_DOCS=1 writes it anew"


def test_what_may_have_landed_is_not_denied_for_want_of_a_token(sandbox, connection):
    with connection.client(retries=1) as client:
        client.create(SERVICE, ORDERS, NEW_ORDER)
        sandbox.fault("lost_answer", match=ORDERS, times=1)
        sandbox.fault("status", on="token", skip=1, code=503)
        sandbox.reset_stats()
        with pytest.raises(Unreachable) as caught:
            client.request(
                "POST", f"/sap/opu/odata/sap/{SERVICE}/{ORDERS}", service=SERVICE, repeatable=True,
                body={**NEW_ORDER, "PurchaseOrderByCustomer": "landed"})  # fmt: skip
    assert caught.value.outcome == Outcome.UNKNOWN
    assert sandbox.stats()["created_by_reference"] == {"landed": 1}
