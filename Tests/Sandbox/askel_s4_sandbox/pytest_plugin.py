# SPDX-License-Identifier: Apache-2.0
"""pytest fixtures: `s4_sandbox` (one tenant for the session, clean for each test) and `s4_sandbox_factory`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .sandbox import Sandbox


@pytest.fixture(scope="session")
def _s4_sandbox_process() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def s4_sandbox(_s4_sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """A running sandbox tenant. Faults, settings, counters, data, user and certificate are as at the start in
    each test."""
    sandbox = _s4_sandbox_process
    before = sandbox.control("GET", "/settings")
    sandbox.clear_faults()
    sandbox.reset_stats()
    yield sandbox
    sandbox.clear_faults()
    sandbox.settings(**before)
    sandbox.set_user(locked=False)
    sandbox.know_certificate()
    sandbox.reset_data()


@pytest.fixture
def s4_sandbox_factory() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes with flags of your own: `s4_sandbox_factory(page_size=50)`; they end with the test."""
    running: list[Sandbox] = []

    def make(**flags: Any) -> Sandbox:
        sandbox = Sandbox(**flags)
        running.append(sandbox)
        sandbox.start()
        return sandbox

    yield make
    for sandbox in running:
        sandbox.stop()
