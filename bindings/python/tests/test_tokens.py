# SPDX-License-Identifier: Apache-2.0
"""Tokens that are minted ahead, wrong credentials, and what is left of them."""

import time
from typing import Iterator

from askel_s4_sandbox import Sandbox
from conftest import SERVICE

from askel_s4 import Client, Cursor
from askel_s4._call import Call
from askel_s4._errors import check
from askel_s4._ffi import lib


def pages(client: Client, **options: float) -> Cursor:
    """A read of five pages whose $metadata is known already."""
    list(client.read(SERVICE, "A_SalesOrder", top=1))
    return client.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=50, **options)  # type: ignore


def test_freed_call_does_not_end_the_next_one(sandbox: Sandbox, client: Client) -> None:
    cursor = pages(client)
    sandbox.fault("latency", on="token", skip=1, times=50, ms=600)
    calls = [Call() for _ in range(3)]
    for number, call in enumerate(calls):
        with cursor._handle as pointer:
            check(lib.cursor_next, pointer, call.out)
        if number == 2:
            # It waited for its token as this one does now.
            calls[1].close()
        call.wait()
        assert call.take_page()


def test_slow_mint_made_ahead_does_not_shorten_the_next_page(sandbox: Sandbox, client: Client) -> None:
    cursor = pages(client, timeout=1.5)
    sandbox.fault("latency", on="token", skip=1, times=1, ms=3000)
    each: Iterator[object] = cursor.pages()
    next(each)
    time.sleep(1.2)
    next(each)


def test_failed_mint_made_ahead_is_made_again(sandbox: Sandbox, client: Client) -> None:
    cursor = pages(client)
    sandbox.fault("status", on="token", skip=1, times=1, code=503, body="empty")
    sandbox.fault("latency", match="A_SalesOrder", times=1, ms=0)
    assert len(list(cursor)) == 50


def test_a_mint_that_takes_the_place_of_a_failed_one_is_counted(sandbox, client):
    sandbox.settings(latency_ms=30)
    sandbox.fault("status", on="token", skip=2, times=1, code=503)
    with client.read(SERVICE, "A_SalesOrder", select="SalesOrder", top=300, page_size=100) as cursor:
        assert sum(1 for _ in cursor) == 300
    receipt = cursor.receipt
    assert receipt.mints - receipt.mints_unused == receipt.requests
    assert sandbox.stats()["tokens"]["used_more_than_once"] == 0
