# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a script can see: licence lines, length, floors, imports, traps, paths of one machine."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = ["Basics", "Secrets", "OData", "Vault", "HTTP", "OAuth", "Columns", "Connector", "Documents", "AskelS4"]
# Who may import whom beside Basics; the table of floors.
BELOW = {
    "Basics": set(), "Secrets": {"COpenSSL"}, "OData": {"CExpat"}, "Vault": {"Secrets", "CSQLite"},
    "HTTP": {"Secrets", "CCurl"}, "OAuth": {"Secrets", "HTTP"},
    "Connector": {"Secrets", "OData", "Vault", "HTTP", "OAuth", "CLinux"}, "Documents": {"OData", "Connector"},
    "AskelS4": {"Secrets", "OData", "Vault", "HTTP", "OAuth", "Connector", "Documents", "CAskelS4"},
}
SYSTEM = {"Glibc", "Synchronization"}
TRAPS = re.compile(r"\btry!|\bas!|\bfatalError\(|\bpreconditionFailure\(|\bprecondition\(|\bassert\(")
CONCURRENCY = re.compile(r"\b(Task|TaskGroup|withTaskGroup|async let|actor)\b *[({]|\bawait\b")
MACHINE_PATH = re.compile(r"(^|[^.\w])/(work|farm|root|home)/\w")
OWN = (".swift", ".py", ".go", ".c", ".h", ".sh")


def main() -> int:
    faults: list[str] = []
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
        check=True).stdout.splitlines()
    for name in listed:
        path = ROOT / name
        if not name.endswith(OWN) or not path.is_file():
            continue
        text = path.read_text()
        lines = text.splitlines()
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:3]):
            faults.append(f"{name}: no licence line")
        if len(lines) > 400 and name != "include/askel_s4.h":
            faults.append(f"{name}: {len(lines)} lines")
        for number, line in enumerate(lines, 1):
            if MACHINE_PATH.search(line) and name != "Tests/Scripts/check_sources.py":
                faults.append(f"{name}:{number}: a path of some machine")
        if name.startswith("Sources/") and name.endswith(".swift"):
            faults += swift_faults(name, lines)
    for fault in faults:
        print(f"check-sources: {fault}")
    return 1 if faults else 0


def swift_faults(name: str, lines: list[str]) -> list[str]:
    faults = []
    floor = name.split("/")[1]
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        imported = re.match(r"\s*(?:@\w+ )?(?:package |public )?import (?:\w+ )?(\w+)", code)
        if imported and imported[1] not in BELOW[floor] | SYSTEM | ({"Basics"} if floor != "Basics" else set()):
            faults.append(f"{name}:{number}: {floor} imports {imported[1]}, which does not stand below it")
        if TRAPS.search(code):
            faults.append(f"{name}:{number}: a trap")
        if CONCURRENCY.search(code):
            faults.append(f"{name}:{number}: Swift Concurrency")
    return faults


if __name__ == "__main__":
    sys.exit(main())
