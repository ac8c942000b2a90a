# SPDX-License-Identifier: Apache-2.0
"""Holds the shipped library against its header: names, SONAME, needed libraries, size, and what loading it brings in.

Usage: check_exports.py HEADER LIBRARY
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

MAXIMUM_BYTES = 8 << 20
SONAME = "libaskel_s4.so.0"
# Nothing of Swift, and nothing that a Debian host with libcurl does not have.
NEEDED = re.compile(
    r"lib(curl|ssl|crypto|sqlite3|expat|stdc\+\+|gcc_s|m|c|dl|pthread)\.so\.\d+$|ld-linux[\w-]*\.so\.\d+$")


def declared(header: pathlib.Path) -> set[str]:
    """Names of the functions that the header declares and does not define itself."""
    text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
    text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.M | re.S)
    text = re.sub(r"static inline [^{;]*\{.*?\n\}", "", text, flags=re.S)
    return set(re.findall(r"\b(askel_s4_\w+)\s*\([^;{]*\)\s*;", text))


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> int:
    header, library = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    faults: list[str] = []
    names = declared(header)
    symbols = [line.split() for line in run("nm", "-D", "--defined-only", str(library)).splitlines()]
    exported = {parts[-1].split("@")[0] for parts in symbols if parts[-2] != "A"}
    faults += [f"declared in the header and not exported: {name}" for name in sorted(names - exported)]
    faults += [f"exported and not declared in the header: {name}" for name in sorted(exported - names)]

    dynamic = run("readelf", "-d", str(library))
    needed = re.findall(r"\(NEEDED\).*\[(.+?)\]", dynamic)
    faults += [f"needs {name}" for name in needed if not NEEDED.match(name)]
    if re.findall(r"\(SONAME\).*\[(.+?)\]", dynamic) != [SONAME]:
        faults.append(f"SONAME is not {SONAME}")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        faults.append("it carries a search path of the machine that built it")
    size = library.stat().st_size
    if size > MAXIMUM_BYTES:
        faults.append(f"{size} bytes are more than {MAXIMUM_BYTES}")

    probe = (
        "import ctypes, sys; ctypes.CDLL(sys.argv[1]); "
        "print([line.split()[-1] for line in open('/proc/self/maps') if 'swift' in line.lower() and '.so' in line])")
    loaded = subprocess.run(
        [sys.executable, "-c", probe, str(library.resolve())], capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin"})
    if loaded.returncode != 0 or loaded.stdout.strip() != "[]":
        faults.append(f"loading it without Swift: {loaded.stdout.strip()} {loaded.stderr.strip()[-300:]}")

    for fault in faults:
        print(f"check-exports: {fault}")
    print(f"check-exports: {len(names)} functions, {size} bytes, needs {' '.join(needed)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
