# SPDX-License-Identifier: Apache-2.0
"""Figures of the vault, taken by a C program (vault_bench.c): they are the library's and not those of ctypes."""

from __future__ import annotations

import functools
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Callable

from figures import figure, note

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = pathlib.Path(__file__).with_suffix(".c")
SKIPPED = 77
_folders: list[tempfile.TemporaryDirectory[str]] = []


@functools.cache
def program() -> str:
    """Compiles the program against the header and the library that are measured."""
    library = pathlib.Path(os.environ["ASKEL_S4_LIBRARY"])
    folder = tempfile.TemporaryDirectory()
    _folders.append(folder)
    path = f"{folder.name}/vault_bench"
    subprocess.run(
        ["cc", "-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{library.parents[1]}/include",
         str(SOURCE), "-o", path, str(library), f"-Wl,-rpath,{library.parent}", "-lsqlite3"], check=True)
    return path


def measure(what: str) -> dict[str, float] | None:
    """The program's values; None where the library has no such function yet."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program(), what, folder], stdout=subprocess.PIPE, text=True, timeout=600)
    if done.returncode == SKIPPED:
        note(f"vault_bench {what}: this library has no such function")
        return None
    if done.returncode:
        raise SystemExit(f"vault_bench {what} ended with {done.returncode}")
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def opening() -> None:
    """What the vault does to give a credential to the library: find the record, prove its card, unwrap the data key and
    open the credential into wiped memory. No function of the C interface does that alone; the nearest one, which also
    makes and frees a client and takes the record apart into settings, stands beside it."""
    product = "VaultOpenBench"
    subprocess.run(
        ["swift", "build", "-c", "release", "--product", product, "--scratch-path", ".build/bench", "--quiet"],
        cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [f"{ROOT}/.build/bench/release/{product}", f"{folder}/vault.db"], stdout=subprocess.PIPE, text=True,
            check=True, timeout=300)
    figure("vault_open_secret_per_s", float(done.stdout.split()[1]), "1/s")
    if values := measure("open"):
        note(f"connection_get: {values['connection_get_per_s']:.0f}/s, which also writes JSON")
        figure("client_open_per_s", values["client_open_free_per_s"], "1/s")


def putting() -> None:
    """A put beside a bare commit of as many bytes in one row, with the vault's own settings, in turn."""
    if values := measure("put"):
        note(f"put {values['put_us']:.0f} us, bare commit {values['bare_commit_us']:.0f} us, "
             f"{values['put_bytes']:.0f} bytes")
        figure("vault_put_vs_sqlite", values["put_us"] / values["bare_commit_us"], "ratio")


def listing() -> None:
    if values := measure("list"):
        figure("vault_list_10000_ms", values["list_ms"], "ms")


def rotating() -> None:
    if values := measure("rotate"):
        figure("vault_rotate_10000_connections_s", values["rotate_s"], "s")


FIGURES: dict[str, Callable[[], None]] = {
    "vault_open": opening, "vault_put": putting, "vault_list": listing, "vault_rotate": rotating,
}
