# SPDX-License-Identifier: Apache-2.0
"""The mirrors of the header's structs have its sizes and its members' places."""

import re
import shutil
import subprocess
from ctypes import alignment, sizeof
from pathlib import Path

import pytest

from askel_s4 import _store, _structs

HEADER = Path(__file__).parents[3] / "include" / "askel_s4.h"

MIRRORS = {
    "view": _structs.View,
    "key": _structs.KeyOptions,
    "store_change": _store._Change,
    "store": _store.StoreOptions,
    "instance_options": _structs.InstanceOptions,
    "rotate_options": _structs.RotateOptions,
    "audit_options": _structs.AuditOptions,
    "token_param": _structs.TokenParam,
    "connection_options": _structs.ConnectionOptions,
    "check_options": _structs.CheckOptions,
    "client_options": _structs.ClientOptions,
    "param": _structs.Param,
    "read_options": _structs.ReadOptions,
    "field": _structs.Field,
    "receipt": _structs.Receipt,
    "get_options": _structs.GetOptions,
    "write_options": _structs.WriteOptions,
    "header": _structs.Header,
    "request_options": _structs.RequestOptions,
    "invoke_options": _structs.InvokeOptions,
    "settle_options": _structs.SettleOptions,
    "sales_order_options": _structs.SalesOrderOptions,
}

pytestmark = pytest.mark.skipif(
    not HEADER.exists() or shutil.which("cc") is None, reason="there is no header beside the binding, or no C compiler"
)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """What a C compiler makes of the header: {"key": 96, "key.kind": 8, ...}."""
    folder = tmp_path_factory.mktemp("structs")
    lines = []
    for name, mirror in MIRRORS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof(askel_s4_{name}));')
        for field in mirror._fields_:
            member = field[0].rstrip("_")
            lines.append(f'printf("{name}.{field[0]} %zu\\n", offsetof(askel_s4_{name}, {member}));')
    program = "#include <stdio.h>\n#include <stddef.h>\n#include <askel_s4.h>\nint main(void) {\n%s\nreturn 0;\n}\n"
    (folder / "structs.c").write_text(program % "\n".join(lines))
    command = ["cc", "-std=c99", f"-I{HEADER.parent}", "-o", folder / "structs", folder / "structs.c"]
    subprocess.run(command, check=True, timeout=60)
    said = subprocess.run([folder / "structs"], check=True, timeout=60, capture_output=True, text=True).stdout
    return {name: int(number) for name, number in (line.split() for line in said.splitlines())}


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_is_the_headers_struct(real, name):
    mirror = MIRRORS[name]
    assert sizeof(mirror) == real[name]
    assert {each[0]: getattr(mirror, each[0]).offset for each in mirror._fields_} == {
        each[0]: real[f"{name}.{each[0]}"] for each in mirror._fields_
    }
    # A member that is not there would be padding at the end.
    last = getattr(mirror, mirror._fields_[-1][0])
    assert sizeof(mirror) - (last.offset + last.size) < alignment(mirror)


def test_every_struct_of_the_header_has_a_mirror():
    named = set(re.findall(r"^typedef struct askel_s4_(\w+) \{", HEADER.read_text(), re.MULTILINE))
    assert named == set(MIRRORS)


@pytest.mark.parametrize("name", MIRRORS)
def test_members_of_a_mirror_are_the_headers(name):
    text = HEADER.read_text()
    body = re.search(rf"^typedef struct askel_s4_{name} \{{(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    code = re.sub(r"/\*.*?\*/", "", body.group(1), flags=re.DOTALL)
    members = [re.search(r"\(\*(\w+)\)\(|(\w+)\s*$", each).group(1, 2) for each in code.split(";") if each.strip()]
    assert [one or two for one, two in members] == [each[0].rstrip("_") for each in MIRRORS[name]._fields_]
