# SPDX-License-Identifier: Apache-2.0
"""Runs the README's samples against a sandbox, as they stand.

    readme_samples.py README SANDBOX_LINE_FILE INCLUDE_DIR LIBRARY_DIR

A sample is a fenced block that follows `<!-- sample: python -->` (or go, or c). Each takes the connection from the
environment (S4_HOST, S4_TOKEN_URL, S4_CLIENT_ID, S4_CLIENT_SECRET, S4_CA_FILE, S4_ALLOW_HOST), runs in a directory
that is empty at first, and must print "N open orders" with all of the sandbox's. Samples of one language run one after
the other in the same directory: a later one goes on with the vault of the first.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

SAMPLE = re.compile(r"<!-- sample: (\w+) -->\s*```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
GO_MODULE = "github.com/askel-s4/askel-s4/bindings/go"
RUN_TIMEOUT_S = 300


def python_sample(text: str, place: Path, _: argparse.Namespace) -> list[str]:
    (place / "sample.py").write_text(text)
    return [sys.executable, "sample.py"]


def go_sample(text: str, place: Path, options: argparse.Namespace) -> list[str]:
    (place / "main.go").write_text(text)
    binding = options.readme.parent / "bindings" / "go"
    (place / "go.mod").write_text(
        f"module sample\n\ngo 1.19\n\nrequire {GO_MODULE} v0.0.0\n\nreplace {GO_MODULE} => {binding}\n"
    )
    return ["go", "run", "."]


def c_sample(text: str, place: Path, options: argparse.Namespace) -> list[str]:
    (place / "sample.c").write_text(text)
    command = [*shlex.split(os.environ.get("CC", "cc")), "-std=c99", "-Wall", "-Wextra", "-Werror", "sample.c"]
    command += ["-I", str(options.include), "-L", str(options.library), "-laskel_s4", "-o", "sample"]
    subprocess.run(command, cwd=place, check=True, timeout=RUN_TIMEOUT_S)
    return ["./sample"]


LANGUAGES: dict[str, Callable[[str, Path, argparse.Namespace], list[str]]] = {
    "python": python_sample,
    "go": go_sample,
    "c": c_sample,
}


def environment(tenant: dict[str, str], library: Path) -> dict[str, str]:
    return {
        **os.environ,
        "S4_HOST": tenant["api_url"],
        "S4_TOKEN_URL": tenant["token_url"],
        "S4_CLIENT_ID": tenant["client_id"],
        "S4_CLIENT_SECRET": tenant["client_secret"],
        "S4_CA_FILE": tenant["ca_file"],
        "S4_ALLOW_HOST": "localhost",
        "ASKEL_S4_LIBRARY": str(library / "libaskel_s4.so"),
        "LD_LIBRARY_PATH": str(library),
        "PKG_CONFIG_PATH": str(library / "pkgconfig"),
    }


def problem_of(language: str, text: str, place: Path, tenant: dict[str, str], options: argparse.Namespace) -> str:
    """What is wrong with a sample, or ""."""
    try:
        command = LANGUAGES[language](text, place, options)
        result = subprocess.run(
            command,
            cwd=place,
            env=environment(tenant, options.library),
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
    except (subprocess.SubprocessError, OSError) as error:
        return str(error)
    if result.returncode != 0:
        return f"exit status {result.returncode}: {result.stderr.strip()}"
    found = re.search(r"(\d+) open orders", result.stdout)
    if not found or int(found[1]) < int(tenant["open_orders"]):
        return f"it did not print the {tenant['open_orders']} open orders and more, but: {result.stdout!r}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readme", type=lambda text: Path(text).resolve())
    parser.add_argument("sandbox", type=Path, help="file with the sandbox's JSON line")
    parser.add_argument("include", type=lambda text: Path(text).resolve())
    parser.add_argument("library", type=lambda text: Path(text).resolve())
    options = parser.parse_args()
    tenant = json.loads(options.sandbox.read_text())
    samples = SAMPLE.findall(options.readme.read_text())
    failed = 0
    for language in LANGUAGES:
        texts = [text for name, fence, text in samples if name == fence == language]
        problems = [] if texts else ["the README has no such sample"]
        with tempfile.TemporaryDirectory(prefix="askel-s4-sample-") as name:
            problems += [problem_of(language, text, Path(name), tenant, options) for text in texts]
        for number, problem in enumerate(problems, 1):
            print(f"README sample {language} {number}: {problem or 'ran'}")
            failed += bool(problem)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
