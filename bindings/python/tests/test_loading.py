# SPDX-License-Identifier: Apache-2.0
"""Finding the library, and what the wheel is."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import askel_s4
from askel_s4 import _enums, _ffi

BINDING = Path(askel_s4.__file__).parent
HEADER = Path(__file__).parents[3] / "include" / "askel_s4.h"


def run(program, **environment):
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(BINDING.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_given_library_that_is_not_there_is_never_replaced():
    result = run("import askel_s4", ASKEL_S4_LIBRARY="no-such-library.so")
    assert result.returncode == 1
    assert "ImportError" in result.stderr
    assert "ASKEL_S4_LIBRARY" in result.stderr


def test_another_library_is_told_from_ours():
    result = run("import askel_s4", ASKEL_S4_LIBRARY="libc.so.6")
    assert "ImportError: libc.so.6 has no function askel_s4_version" in result.stderr


def test_nothing_is_printed_by_loading_and_leaving():
    result = run("import askel_s4; print(askel_s4.__version__)", ASKEL_S4_LIBRARY=_ffi.lib.path)
    assert (result.stdout, result.stderr) == (askel_s4.__version__ + "\n", "")


def test_the_package_shows_its_own_names_alone():
    hidden = {path.stem for path in BINDING.glob("*.py")} | {"__version__"}
    shown = {name for name in dir(askel_s4) if not name.startswith("_")}
    assert shown - hidden == set(askel_s4.__all__) - hidden


def test_every_parameter_of_a_connection_is_described():
    text = inspect.getdoc(askel_s4.Instance.put_connection)
    parameters = set(inspect.signature(askel_s4.Instance.put_connection).parameters) - {"self"}
    assert set(re.findall(r"^:param (\w+):", text, re.MULTILINE)) == parameters


def test_every_member_of_status_and_events_is_described(instance, connection):
    text = inspect.getdoc(askel_s4.Instance.status)
    assert [name for name in instance.status() if f'"{name}"' not in text] == []
    connection.check()
    text = inspect.getdoc(askel_s4.Instance.events)
    assert [name for event in instance.events() for name in event if f'"{name}"' not in text] == []


@pytest.mark.skipif(not HEADER.exists(), reason="the header is not beside the binding")
def test_every_function_of_the_header_is_declared():
    text = HEADER.read_text()
    declared = set(re.findall(r"^[a-z][\w *]*?\**askel_s4_(\w+)\(", text, re.MULTILINE))
    inline = {name for name in declared if name.endswith("_wait") and name != "call_wait"}
    assert declared - inline == set(_ffi._FUNCTIONS)


@pytest.mark.skipif(not HEADER.exists(), reason="the header is not beside the binding")
@pytest.mark.parametrize(
    "prefix,enum",
    [
        ("OUTCOME", _enums.Outcome),
        ("AUTH", _enums.Auth),
        ("CLIENT_AUTH", _enums.ClientAuth),
        ("HTTP", _enums.HttpVersion),
        ("DELIVERY", _enums.Delivery),
        ("VERDICT", _enums.Verdict),
        ("PARAM", _enums.ParamType),
        ("FIELD", _enums.FieldKind),
        ("", _enums.Code),
    ],
)
def test_constants_are_the_headers(prefix, enum):
    known = {name: int(value) for name, value in re.findall(r"^  ASKEL_S4_(\w+) = (\d+)", HEADER.read_text(), re.M)}
    for member in enum:
        name = {"HTTP_1_1": "1_1", "HTTP_2": "2"}.get(member.name, member.name)
        assert known.get(f"{prefix}_{name}".lstrip("_")) == member.value
