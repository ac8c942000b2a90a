# SPDX-License-Identifier: Apache-2.0
"""Programs in C against the header, compiled for the tests that need a process without an interpreter in it."""

import shutil
import subprocess
from pathlib import Path
from typing import Dict

import pytest

from askel_s4._ffi import lib

ROOT = Path(__file__).resolve().parents[3]
LIBRARY = Path(lib.path).resolve()
# Exit status of a program that was asked for what this library cannot do yet.
UNABLE = 77

_programs: Dict[str, Path] = {}


def program(name: str, folder: Path, *options: str) -> Path:
    """Compiles Tests/CHarness/NAME.c and its parts, NAME_*.c, once in a run of the tests."""
    if name not in _programs:
        folder_of_sources = ROOT / "Tests" / "CHarness"
        sources = [folder_of_sources / f"{name}.c", *sorted(folder_of_sources.glob(f"{name}_*.c"))]
        compiler = shutil.which("cc")
        if compiler is None or not sources[0].exists() or not LIBRARY.exists():
            pytest.skip("a C compiler, the sources and the path of the library are needed")
        # The header that the library was built with lies beside it.
        include = LIBRARY.parents[1] / "include"
        if not (include / "askel_s4.h").exists():
            include = ROOT / "include"
        built = folder / name
        subprocess.run(
            [compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-O1", f"-I{include}",
             *map(str, sources), "-o", str(built), str(LIBRARY), f"-Wl,-rpath,{LIBRARY.parent}", "-lpthread", *options],
            check=True,
        )  # fmt: skip
        _programs[name] = built
    return _programs[name]


def preload(name: str, folder: Path, *libraries: str) -> Path:
    """Compiles Tests/CHarness/NAME.c as a library to preload into a program."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("a C compiler is needed")
    built = folder / f"{name}.so"
    source = ROOT / "Tests" / "CHarness" / f"{name}.c"
    options = ["-std=c99", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, str(source), "-o", str(built), *libraries], check=True)
    return built
