# SPDX-License-Identifier: Apache-2.0
"""Searches all that the library tells during the tests for secrets of the sandbox tenants: texts of errors, events and
log records, every JSON text, headers of answers, what tests print, and the vaults' files.

The sandbox marks each secret that it hands out (askel_s4_sandbox.marks). Events that a test left in the queue are taken
when its instance is closed.
"""

import ctypes
from pathlib import Path
from typing import Any, Iterator, List

from askel_s4_sandbox.marks import leaks

from askel_s4._ffi import lib

_ERROR_TEXTS = ("error_message", "error_details", "error_sap_code", "error_target", "error_request_id")
_FILES = ("*.db", "*.db-wal", "*.db-shm", "*.db-journal", "*.log", "*.jsonl")
_told: List[str] = []


def listen() -> None:
    """From now on everything that is told is searched."""
    free_error, free_text, header, close = lib.error_free, lib.string_free, lib.reply_header, lib.instance_close

    def error_free(pointer: Any) -> None:
        if pointer:
            for name in _ERROR_TEXTS:
                _look(name, getattr(lib, name)(pointer))
        free_error(pointer)

    def string_free(pointer: Any) -> None:
        address = getattr(pointer, "value", pointer)
        if address:
            _look("text", ctypes.string_at(address))
        free_text(pointer)

    def reply_header(*arguments: Any) -> bytes:
        value: bytes = header(*arguments)
        _look("header", value)
        return value

    def instance_close(pointer: Any) -> None:
        if pointer:
            _take_events(pointer)
        close(pointer)

    lib.error_free, lib.string_free, lib.reply_header = error_free, string_free, reply_header
    lib.instance_close = instance_close


def _take_events(pointer: Any) -> None:
    while True:
        text, error = ctypes.c_void_p(), ctypes.c_void_p()
        lib.instance_next_event(pointer, ctypes.byref(text), ctypes.byref(error))
        lib.error_free(error)
        if not text.value:
            return
        lib.string_free(text)


def _look(what: str, text: bytes) -> None:
    _told.extend(f"{what}: {place}" for place in leaks(text))


def take() -> List[str]:
    """Where secrets showed since the last time."""
    found = _told[:]
    _told.clear()
    return found


def in_files(folder: Path) -> Iterator[str]:
    """Where secrets show in what a test's vaults left on disk."""
    for pattern in _FILES:
        for file in folder.rglob(pattern):
            if file.is_file():
                yield from (f"{file.name}: {place}" for place in leaks(file.read_bytes()))
