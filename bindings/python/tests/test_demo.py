# SPDX-License-Identifier: Apache-2.0
"""The demo says what was proven, and leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[1] / "examples" / "demo.py"


def test_the_receipts_are_counted_and_in_words(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    demo = subprocess.run([sys.executable, str(DEMO)], env=environment, capture_output=True, text=True, timeout=60)
    assert (demo.returncode, demo.stderr) == (0, "")
    assert demo.stdout.count("complete, the server's count was met") == 2
    assert "\n  4,200 rows in 5 pages, 6 requests, " in demo.stdout
    assert "\n  504 rows in 1 page, 1 request, " in demo.stdout
    assert "\n  7 tokens minted, 1 of them made ahead beside the last page and never sent\n" in demo.stdout
    assert "4200" not in demo.stdout
    assert max(map(len, demo.stdout.splitlines())) <= 80


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.skipif(not Path(f"/proc/self/task/{os.getpid()}/children").exists(), reason="needs /proc/…/children")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_sandbox_ends_with_the_demo(tmp_path, how):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-u", str(DEMO)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as demo:
        assert demo.stdout.readline()
        (sandbox,) = children(demo.pid)
        demo.send_signal(how)
        demo.communicate(timeout=20)
    assert demo.returncode == {signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}[how]
    deadline = time.monotonic() + 10
    while Path(f"/proc/{sandbox}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{sandbox}").exists()
    if how == signal.SIGINT:
        assert list(tmp_path.iterdir()) == []
