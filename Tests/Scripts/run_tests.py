# SPDX-License-Identifier: Apache-2.0
"""Runs every suite of the project and ends with one line: N passed, N failed.

What they say is searched for secrets of the sandbox tenants: each of those carries a mark (askel_s4_sandbox.marks).

Usage: run_tests.py [--soak] [SUITE ...]      (without SUITE: all; `make test` and `make soak` call it)
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from askel_s4_sandbox.marks import leaks

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIST = ROOT / ".build" / "dist"
PYTHON = sys.executable
PYTHON_FOLDERS = ["bindings/python", "Tests/Sandbox", "Tests/Scripts", "Tests/Bench"]

# Where a secret shows in what a suite said.
LEAKS: list[str] = []

# A line that says which test failed, in the words of the suites' tools.
TELLING = r"not so|wanted \d|^FAILED|✘|--- FAIL|rror:|no end within|ERROR:"


class Outcome:
    """Counts of one suite, and why it failed."""

    def __init__(self, passed: int, failed: int, why: str = "") -> None:
        self.passed, self.failed, self.why = passed, failed, why


def run(*command: str, seconds: int = 900, **environment: str) -> tuple[int, str]:
    """Runs a command in the project's root and gives its exit status and all that it said."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, text=True, errors="replace", stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        return 124, searched(command, f"{said}\nno end within {seconds} s")
    return done.returncode, searched(command, done.stdout)


def searched(command: tuple[str, ...], said: str) -> str:
    """The same text; where a secret of a sandbox tenant shows in it, that is remembered."""
    LEAKS.extend(f"{' '.join(command)[:80]}: {place}" for place in leaks(said))
    return said


def counted(status: int, said: str, passed: int, failed: int) -> Outcome:
    """A suite whose tool failed without a failed test has failed all the same."""
    if status != 0 and failed == 0:
        failed = 1
    return Outcome(passed, failed, said if failed else "")


def first(pattern: str, said: str) -> int:
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0


def swift(soak: bool) -> Outcome:
    """Swift Testing over every floor; in the soak also under the sanitizers."""
    # Tests that fork have a process to themselves: see VaultForkTests.
    outcome = together(swift_once("--skip", "ForkTests"), swift_once("--filter", "ForkTests", "--no-parallel"))
    if soak:
        for sanitizer in ("address", "thread"):
            # The sanitizers' runtimes do not outlive a fork, and take mlock away.
            skipped = ["--skip", "ForkTests", "--skip", "CoreDumps"]
            more = swift_once(f"--sanitize={sanitizer}", "--scratch-path", f".build/{sanitizer}", *skipped)
            outcome = Outcome(outcome.passed + more.passed, outcome.failed + more.failed, outcome.why + more.why)
    return outcome


def swift_once(*options: str) -> Outcome:
    status, said = run("swift", "test", *options, ASAN_OPTIONS="detect_leaks=0", seconds=1800)
    total = first(r"Test run with (\d+) tests?", said)
    issues = len(set(re.findall(r"✘ Test (\S+?)\(.*\) failed", said)))
    return counted(status, said, max(0, total - issues), issues)


def pytest(*options: str) -> Outcome:
    status, said = run(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, seconds=900)
    return counted(status, said, first(r"(\d+) passed", said), first(r"(\d+) (?:failed|error)", said))


def sandbox(_: bool) -> Outcome:
    return pytest("-p", "askel_s4_sandbox.pytest_plugin", "Tests/Sandbox/tests")


def python(_: bool) -> Outcome:
    return pytest("bindings/python/tests")


class Tenant:
    """A sandbox tenant beside the suites that take its JSON line from a file."""

    def __enter__(self) -> str:
        self.process = subprocess.Popen(
            [PYTHON, "-m", "askel_s4_sandbox", "--exit-with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=ROOT)
        assert self.process.stdout
        line = self.process.stdout.readline()
        json.loads(line)
        with tempfile.NamedTemporaryFile("wb", suffix=".json", delete=False) as file:
            file.write(line)
            self.path = file.name
        return self.path

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        os.unlink(self.path)


def c_harness(_: bool) -> Outcome:
    """The job, bad input and lifetimes in C99, plain and under valgrind."""
    passed = failed = 0
    why = ""
    with Tenant() as line:
        for options in ([], ["--valgrind"]):
            status, said = run("sh", "Tests/CHarness/run.sh", "include", str(DIST / "lib"), line, *options)
            pairs = [(int(a), int(b)) for a, b in re.findall(r"(\d+) checks, (\d+) failed", said)]
            outcome = counted(status, said, sum(a - b for a, b in pairs), sum(b for _, b in pairs))
            passed, failed, why = passed + outcome.passed, failed + outcome.failed, why + outcome.why
    return Outcome(passed, failed, why)


def go(_: bool) -> Outcome:
    with Tenant() as line:
        status, said = run(
            "sh", "-c", "cd bindings/go && go vet ./... && go test -count=1 -v ./... && go build -o /dev/null ./...",
            ASKEL_S4_SANDBOX=line, GOFLAGS="-mod=mod", GOPROXY="off")
    return counted(
        status, said, len(re.findall(r"^\s*--- PASS", said, re.M)), len(re.findall(r"^\s*--- FAIL", said, re.M)))


def one(*command: str, **environment: str) -> Outcome:
    status, said = run(*command, **environment)
    return Outcome(1, 0) if status == 0 else Outcome(0, 1, said)


def together(*outcomes: Outcome) -> Outcome:
    return Outcome(
        sum(o.passed for o in outcomes), sum(o.failed for o in outcomes), "\n".join(o.why for o in outcomes if o.why))


def exports(_: bool) -> Outcome:
    return one(PYTHON, "Tests/Scripts/check_exports.py", "include/askel_s4.h", os.environ["ASKEL_S4_LIBRARY"])


def install(_: bool) -> Outcome:
    """What `make install` puts down is found by pkg-config, compiles and runs; the wheel carries the library."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "version.c"
        source.write_text(
            "#include <askel_s4.h>\nint main(void) { return askel_s4_version_number() != ASKEL_S4_VERSION_NUMBER; }\n")
        script = (
            f'make -s install PREFIX={folder}/usr && export PKG_CONFIG_PATH={folder}/usr/lib/pkgconfig && '
            f'cc -std=c99 -o {folder}/version {source} $(pkg-config --cflags --libs askel_s4) && '
            f'LD_LIBRARY_PATH={folder}/usr/lib {folder}/version')
        wheel = (
            f'sh Tests/Scripts/wheel.sh {folder}/wheel && {PYTHON} -m venv {folder}/venv && '
            f'{folder}/venv/bin/pip -q install --no-index {folder}/wheel/*.whl && cd {folder} && '
            f"env -u ASKEL_S4_LIBRARY -u LD_LIBRARY_PATH -u PYTHONPATH {folder}/venv/bin/python -c "
            f"'import askel_s4; print(askel_s4.Instance)'")
        return together(one("sh", "-c", script), one("sh", "-c", wheel))


def demo(_: bool) -> Outcome:
    return one(PYTHON, "bindings/python/examples/demo.py")


def readme(_: bool) -> Outcome:
    with Tenant() as line:
        places = [line, str(DIST / "include"), str(DIST / "lib")]
        return one(PYTHON, "Tests/Scripts/readme_samples.py", "README.md", *places)


def lint(_: bool) -> Outcome:
    return together(
        one("swift", "format", "lint", "--strict", "-r", "Sources", "Tests", "Package.swift"),
        one("sh", "-c", 'out=$(gofmt -l bindings/go); [ -z "$out" ] || { echo "gofmt: $out"; exit 1; }'),
        *(one("sh", "-c", f"cd {folder} && {PYTHON} -m ruff check --quiet .") for folder in PYTHON_FOLDERS),
        one("sh", "-c", f"cd bindings/python && {PYTHON} -m mypy --no-error-summary"),
        one("sh", "-c", f"cd Tests/Sandbox && {PYTHON} -m mypy --strict --no-error-summary askel_s4_sandbox"),
        one(PYTHON, "Tests/Scripts/check_sources.py"))


def fuzz(soak: bool) -> Outcome:
    """Every parser under libFuzzer: short in `make test`, long in `make soak`."""
    seconds = 600 if soak else 8
    status, said = run(
        "sh", "-c", f"sh Tests/Fuzz/build.sh .build/fuzz && sh Tests/Fuzz/run.sh .build/fuzz {seconds}", seconds=7200)
    return counted(status, said, len(re.findall(r"^DONE", said, re.M) or re.findall(r"\bDONE\b", said)), 0)


SUITES: dict[str, Callable[[bool], Outcome]] = {
    "lint": lint, "swift": swift, "exports": exports, "c": c_harness, "python": python, "go": go, "sandbox": sandbox,
    "install": install, "readme": readme, "demo": demo, "fuzz": fuzz,
}


def main() -> int:
    soak = "--soak" in sys.argv[1:]
    if soak:  # What the suites themselves have a short form of.
        os.environ.update(ASKEL_S4_SOAK="1", ASKEL_S4_LONG_TESTS="1")
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or list(SUITES)
    passed = failed = 0
    reasons: dict[str, str] = {}
    for name in wanted:
        began = time.monotonic()
        outcome = SUITES[name](soak)
        passed, failed = passed + outcome.passed, failed + outcome.failed
        if outcome.failed:
            reasons[name] = outcome.why
            print(f"---- {name} ----\n{outcome.why[-12000:]}\n----", flush=True)
        took = time.monotonic() - began
        print(f"{name:10} {outcome.passed:6} passed {outcome.failed:4} failed {took:7.1f} s", flush=True)
    if LEAKS:
        failed += 1
        reasons["secrecy"] = "\n".join(f"ERROR: a secret shows: {place}" for place in LEAKS)
    for suite, why in reasons.items():  # Once more, in short, where somebody who sees only the end finds it.
        told = [line for line in why.splitlines() if re.search(TELLING, line)]
        print(f"{suite}: " + f"\n{suite}: ".join(told[-20:] or ["see above"]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
