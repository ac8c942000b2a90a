# SPDX-License-Identifier: Apache-2.0
"""Tests/CHarness/vault_work.c, run on vaults that tests then kill, crowd or damage."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import pytest
from c_programs import UNABLE, program


class Shown(NamedTuple):
    """What a new process finds in a vault."""

    status: Dict[str, Any]
    connections: Dict[str, Dict[str, Any]]


class Work:
    """The program, and a folder with keys and a vault."""

    def __init__(self, built: Path, folder: Path) -> None:
        self.built, self.folder = built, folder
        self.key, self.other_key = self.make_key("key"), self.make_key("other")

    def make_key(self, name: str) -> Path:
        path = self.folder / name
        path.touch(0o600)
        path.write_bytes(os.urandom(32))
        return path

    def command(
        self, mode: str, *arguments: object, vault: Optional[Path] = None, key: Optional[Path] = None,
        other: Optional[Path] = None,
    ) -> List[str]:  # fmt: skip
        places = (vault or self.folder / "vault.db", key or self.key, other or "-")
        return [str(each) for each in (self.built, mode, *places, *arguments)]

    def start(
        self, mode: str, *arguments: object, preload: Optional[Path] = None, **places: Optional[Path]
    ) -> "subprocess.Popen[str]":
        environment = {**os.environ, "LD_PRELOAD": str(preload)} if preload else None
        return subprocess.Popen(
            self.command(mode, *arguments, **places), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment,
        )  # fmt: skip

    def attempt(
        self, mode: str, *arguments: object, preexec: Optional[Callable[[], None]] = None, seconds: float = 60,
        under: List[str] = [], **places: Optional[Path],  # noqa: B006
    ) -> "subprocess.CompletedProcess[str]":  # fmt: skip
        done = subprocess.run(
            [*under, *self.command(mode, *arguments, **places)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=seconds, preexec_fn=preexec,
        )  # fmt: skip
        if done.returncode == UNABLE:
            pytest.skip(f"this library has nothing for {mode} {' '.join(map(str, arguments))} yet")
        # A signal is a crash, or the alarm that ends a hang.
        assert done.returncode in (0, 1), f"ended with {done.returncode}: {done.stdout[-2000:]}"
        return done

    def run(self, mode: str, *arguments: object, **options: Any) -> str:
        done = self.attempt(mode, *arguments, **options)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def show(self, mode: str = "show", **options: Any) -> Shown:
        return self.shown(self.run(mode, **options))

    @staticmethod
    def shown(said: str) -> Shown:
        status, connections, opened = said.splitlines()
        found = {each["id"]: each for each in json.loads(connections)}
        assert len(found) == int(opened) == json.loads(status)["connections"]
        return Shown(json.loads(status), found)


    def needs(self, mode: str, *arguments: object, **places: Optional[Path]) -> None:
        """Skips the test where this library cannot do that. What it begins is killed."""
        process = self.start(mode, *arguments, **places)
        said = process.stdout.readline() if process.stdout else ""
        process.kill()
        process.communicate()
        if process.returncode == UNABLE:
            pytest.skip(f"this library has nothing for {mode} yet")
        assert said == "ready - 0\n", said


@pytest.fixture(name="work")
def work_fixture(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Work:
    return Work(program("vault_work", tmp_path_factory.getbasetemp()), tmp_path)
