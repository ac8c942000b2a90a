# SPDX-License-Identifier: Apache-2.0
"""How the server starts, announces itself and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from askel_s4_sandbox import Sandbox
from askel_s4_sandbox.sandbox import SandboxError

FIELDS = [
    "api_url", "token_url", "abap_token_url", "control_url", "foreign_url", "silent_url", "closing_url", "ca_file",
    "client_id", "client_secret", "user", "password", "client_certificate", "client_key", "today", "seed", "page_size",
    "open_orders", "open_orders_in_all", "partially_delivered", "pid",
]  # fmt: skip


def start(*flags: str) -> tuple[subprocess.Popen[bytes], dict[str, object]]:
    command = [sys.executable, "-m", "askel_s4_sandbox", *flags]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "stdin"])
def test_one_line_on_stdout_and_a_clean_end(how: signal.Signals | str) -> None:
    begun = time.monotonic()
    process, line = start("--exit-with-parent")
    assert time.monotonic() - begun < 10
    assert list(line) == FIELDS and line["pid"] == process.pid and Path(str(line["ca_file"])).exists()
    if how == "stdin":
        assert process.stdin is not None
        process.stdin.close()
    else:
        os.kill(process.pid, how)
    assert process.stdout is not None
    assert process.wait(5) == 0 and process.stdout.read() == b""
    assert not Path(str(line["ca_file"])).exists()
    process.stdout.close()


def test_the_env_file_is_for_a_shell_and_goes_at_exit(tmp_path: Path) -> None:
    file, ca_dir = tmp_path / "s4.env", tmp_path / "it's a $HOME of its own"
    file.write_text("older")
    file.chmod(0o644)
    process, line = start("--exit-with-parent", "--env-file", str(file), "--ca-dir", str(ca_dir))
    assert file.stat().st_mode & 0o777 == 0o600
    script = ["sh", "-euc", '. "$0"; exec env', str(file)]
    shown = subprocess.run(script, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    values = dict(entry.split("=", 1) for entry in shown.stdout.splitlines() if entry.startswith("S4_"))
    members = ["host", "token_url", "client_id", "client_secret", "ca_file"]
    expected = {f"S4_{name.upper()}": line["api_url" if name == "host" else name] for name in members}
    assert values == {**expected, "S4_ALLOW_HOST": "localhost"}
    process.terminate()
    assert process.wait(5) == 0
    assert list(tmp_path.iterdir()) == [ca_dir]
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def test_flags_decide_ports_date_and_place(tmp_path: Path, s4_sandbox_factory: Callable[..., Sandbox]) -> None:
    sandbox = s4_sandbox_factory(
        ca_dir=tmp_path / "ca", today="2025-12-31", page_size=7, next_link="host-relative", gzip=False
    )
    assert sandbox.today == "2025-12-31" and sandbox.ca_file == str(tmp_path / "ca" / "ca.pem")
    settings = sandbox.control("GET", "/settings")
    assert (settings["page_size"], settings["next_link"], settings["gzip"]) == (7, "host-relative", False)
    assert (tmp_path / "ca" / "server.pem").stat().st_mode & 0o077 == 0


def test_a_failed_start_says_so() -> None:
    with pytest.raises(SandboxError, match="exit status"):
        Sandbox(page_size="many").start()


@pytest.mark.parametrize(
    "change", [{"nonsense": 1}, {"page_size": -1}, {"next_link": "sideways"}, {"gzip": 1}, {"latency_ms": "x"}]
)
def test_settings_that_make_no_sense_are_refused(s4_sandbox: Sandbox, change: dict[str, object]) -> None:
    before = s4_sandbox.control("GET", "/settings")
    with pytest.raises(SandboxError):
        s4_sandbox.settings(**({"latency_ms": 1} | change))
    assert s4_sandbox.control("GET", "/settings") == before


def test_control_names_its_commands(s4_sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="GET /stats"):
        s4_sandbox.control("GET", "/nonsense")
    with pytest.raises(SandboxError, match="unknown: often"):
        s4_sandbox.control("POST", "/secrets", {"often": 1})
