# SPDX-License-Identifier: Apache-2.0
"""Loads libaskel_s4 and declares every function of its header.

The library is looked for in this order: the path in the environment variable ASKEL_S4_LIBRARY, the file that the
wheel carries, the system's libaskel_s4.so.0.
"""

import os
from ctypes import CDLL, POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Tuple

from . import _structs as s

# The version of the header that this file was written for.
HEADER_VERSION = (0, 1, 0)

_status = c_int32
_out = POINTER(c_void_p)
_error = (_out,)

_FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    "version": (c_char_p, ()),
    "version_number": (c_uint32, ()),
    "error_code": (_status, (c_void_p,)),
    "error_message": (c_char_p, (c_void_p,)),
    "error_outcome": (c_int32, (c_void_p,)),
    "error_retryable": (c_int32, (c_void_p,)),
    "error_http_status": (c_int32, (c_void_p,)),
    "error_sap_code": (c_char_p, (c_void_p,)),
    "error_target": (c_char_p, (c_void_p,)),
    "error_details": (c_char_p, (c_void_p,)),
    "error_retry_after_s": (c_int64, (c_void_p,)),
    "error_request_id": (c_char_p, (c_void_p,)),
    "error_free": (None, (c_void_p,)),
    "string_free": (None, (c_void_p,)),
    "sink_bytes": (None, (c_void_p, c_void_p, c_size_t)),
    "sink_record": (None, (c_void_p, c_char_p, c_int64, c_void_p, c_size_t)),
    "sink_failure": (None, (c_void_p, c_char_p)),
    "sink_done": (None, (c_void_p,)),
    "key_file_create": (_status, (c_char_p, *_error)),
    "instance_open": (_status, (POINTER(s.InstanceOptions), _out, *_error)),
    "instance_close": (None, (c_void_p,)),
    "instance_status": (_status, (c_void_p, _out, *_error)),
    "instance_stats": (_status, (c_void_p, c_char_p, _out, *_error)),
    "instance_event_fd": (c_int, (c_void_p,)),
    "instance_next_event": (_status, (c_void_p, _out, *_error)),
    "vault_status": (_status, (c_void_p, _out, *_error)),
    "vault_add_key": (_status, (c_void_p, POINTER(s.KeyOptions), *_error)),
    "vault_rotate_key": (_status, (c_void_p, POINTER(s.RotateOptions), *_error)),
    "vault_rekey": (_status, (c_void_p, POINTER(s.RotateOptions), *_error)),
    "vault_check": (_status, (c_void_p, *_error)),
    "vault_discard": (_status, (c_void_p, c_char_p, c_char_p, *_error)),
    "vault_backup": (_status, (c_void_p, c_char_p, *_error)),
    "vault_audit_head": (_status, (c_void_p, _out, *_error)),
    "vault_audit_verify": (_status, (c_void_p, c_char_p, _out, *_error)),
    "vault_audit_export": (_status, (c_void_p, POINTER(s.AuditOptions), _out, *_error)),
    "call_fd": (c_int, (c_void_p,)),
    "call_wait": (_status, (c_void_p, c_int64, *_error)),
    "call_cancel": (None, (c_void_p,)),
    "call_free": (None, (c_void_p,)),
    "call_take_text": (_status, (c_void_p, _out, *_error)),
    "call_take_page": (_status, (c_void_p, POINTER(c_int32), *_error)),
    "call_take_reply": (_status, (c_void_p, _out, *_error)),
    "connection_put": (_status, (c_void_p, POINTER(s.ConnectionOptions), *_error)),
    "connection_get": (_status, (c_void_p, c_char_p, _out, *_error)),
    "connection_list": (_status, (c_void_p, _out, *_error)),
    "connection_delete": (_status, (c_void_p, c_char_p, c_char_p, *_error)),
    "connection_stage": (_status, (c_void_p, POINTER(s.ConnectionOptions), *_error)),
    "connection_promote": (_status, (c_void_p, c_char_p, c_char_p, *_error)),
    "connection_retire": (_status, (c_void_p, c_char_p, c_char_p, *_error)),
    "connection_check": (_status, (c_void_p, c_char_p, POINTER(s.CheckOptions), _out, *_error)),
    "client_open": (_status, (c_void_p, POINTER(s.ClientOptions), _out, *_error)),
    "client_free": (None, (c_void_p,)),
    "client_read": (_status, (c_void_p, POINTER(s.ReadOptions), _out, *_error)),
    "client_settle": (_status, (c_void_p, POINTER(s.SettleOptions), _out, *_error)),
    "client_invoke": (_status, (c_void_p, POINTER(s.InvokeOptions), _out, *_error)),
    "client_request": (_status, (c_void_p, POINTER(s.RequestOptions), _out, *_error)),
    "client_write": (_status, (c_void_p, POINTER(s.WriteOptions), _out, *_error)),
    "client_get": (_status, (c_void_p, POINTER(s.GetOptions), _out, *_error)),
    "cursor_next": (_status, (c_void_p, _out, *_error)),
    "cursor_row_count": (c_size_t, (c_void_p,)),
    "cursor_row": (_status, (c_void_p, c_size_t, POINTER(s.View), *_error)),
    "cursor_field": (_status, (c_void_p, c_size_t, c_char_p, POINTER(s.Field), *_error)),
    "cursor_receipt": (_status, (c_void_p, POINTER(s.Receipt), *_error)),
    "cursor_free": (None, (c_void_p,)),
    "reply_http_status": (c_int32, (c_void_p,)),
    "reply_etag": (c_char_p, (c_void_p,)),
    "reply_header": (c_char_p, (c_void_p, c_char_p)),
    "reply_document": (s.View, (c_void_p,)),
    "reply_field": (_status, (c_void_p, c_char_p, POINTER(s.Field), *_error)),
    "reply_free": (None, (c_void_p,)),
    "sales_order_read": (_status, (c_void_p, POINTER(s.SalesOrderOptions), _out, *_error)),
    "sales_order_status_text": (c_char_p, (c_char_p, c_char_p)),
}


class Library:
    """The loaded library: each function of the header as an attribute, without its askel_s4_ prefix."""

    def __init__(self) -> None:
        self.path, self._cdll = _open()
        for name, (restype, argtypes) in _FUNCTIONS.items():
            try:
                function = getattr(self._cdll, "askel_s4_" + name)
            except AttributeError:
                raise ImportError(f"{self.path} has no function askel_s4_{name}: give another library") from None
            function.restype = restype
            function.argtypes = argtypes
            setattr(self, name, function)
        self._check_version()

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def _check_version(self) -> None:
        major, rest = divmod(self.version_number(), 10000)
        found = (major, *divmod(rest, 100))
        # Before 1.0 a minor version may change the header; structs only ever grow, so a later patch is fine.
        same = 2 if HEADER_VERSION[0] == 0 else 1
        if found[:same] != HEADER_VERSION[:same] or found < HEADER_VERSION:
            wanted = ".".join(map(str, HEADER_VERSION))
            raise ImportError(f"{self.path} is version {self.version().decode()}; this binding needs {wanted}")


def _open() -> Tuple[str, CDLL]:
    given = os.environ.get("ASKEL_S4_LIBRARY")
    packaged = Path(__file__).parent / "_lib" / "libaskel_s4.so"
    # A given or packaged file that does not load is an error: another library never takes its place.
    path = given or (str(packaged) if packaged.exists() else "libaskel_s4.so.0")
    try:
        return path, CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{error}; install the wheel that carries libaskel_s4, or name its file in ASKEL_S4_LIBRARY"
        ) from None


lib = Library()
