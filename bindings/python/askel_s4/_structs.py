# SPDX-License-Identifier: Apache-2.0
"""Mirrors of the header's structs, member by member."""

from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)
from typing import Any


class Options(Structure):
    """A struct that begins with struct_size; as the header's ..._INIT macros leave it, every other member is zero."""

    def __init__(self, **members: Any) -> None:
        super().__init__(struct_size=sizeof(type(self)), **members)


class View(Structure):
    # A void pointer and not a char pointer: views have no NUL byte at their end.
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


# Pointers are c_void_p where the library's memory is looked at with its size.
KeyFunction = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p)
FreeFunction = CFUNCTYPE(None, c_void_p)
ProgressFunction = CFUNCTYPE(c_int, c_void_p, c_uint64, c_uint64)


class KeyOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int32),
        ("file", c_char_p),
        ("allow_shared_file", c_int32),
        ("bytes", c_void_p),
        ("size", c_size_t),
        ("name", c_char_p),
        ("wrap", KeyFunction),
        ("unwrap", KeyFunction),
        ("userdata", c_void_p),
        ("free_fn", FreeFunction),
        ("data_key_ttl_ms", c_int64),
    ]


class InstanceOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("vault_path", c_char_p),
        ("key_file", c_char_p),
        ("key", c_void_p),
        ("key_size", c_size_t),
        ("event_capacity", c_uint32),
        ("vault_flags", c_uint32),
        ("vault_key", POINTER(KeyOptions)),
        ("other_key", POINTER(KeyOptions)),
        # A void pointer: the store's struct stands beside its callbacks.
        ("store", c_void_p),
        ("mints_per_second", c_int32),
        ("log_level", c_int32),
    ]


class RotateOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("new_key", POINTER(KeyOptions)),
        ("actor", c_char_p),
        ("progress", ProgressFunction),
        ("userdata", c_void_p),
    ]


class AuditOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("connection", c_char_p),
        # "from" in the header, which is a word of Python's.
        ("from_", c_char_p),
        ("to", c_char_p),
        ("after", c_uint64),
        ("limit", c_uint32),
    ]


class TokenParam(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class ConnectionOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("id", c_char_p),
        ("host", c_char_p),
        ("auth", c_int32),
        ("token_url", c_char_p),
        ("client_id", c_char_p),
        ("client_secret", c_char_p),
        ("client_auth", c_int32),
        ("scope", c_char_p),
        ("user", c_char_p),
        ("password", c_char_p),
        ("allow_host", c_char_p),
        ("ca_file", c_char_p),
        ("client_certificate", c_char_p),
        ("client_key", c_char_p),
        ("expires_at", c_char_p),
        ("expiring_days", c_uint32),
        ("actor", c_char_p),
        ("token_params", POINTER(TokenParam)),
        ("token_param_count", c_size_t),
    ]


class CheckOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("service", c_char_p),
        ("timeout_ms", c_int64),
        ("beside", c_int32),
        ("actor", c_char_p),
        ("services", POINTER(c_char_p)),
        ("service_count", c_size_t),
    ]


class ClientOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("connection", c_char_p),
        ("http_version", c_int32),
        ("max_answer_bytes", c_uint64),
        ("language", c_char_p),
        ("timeout_ms", c_int64),
        ("retries", c_int32),
        ("mint_policy", c_int32),
    ]


class Param(Structure):
    _fields_ = [("type", c_int32), ("integer", c_int64), ("text", c_char_p)]


class ReadOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("service", c_char_p),
        ("entity_set", c_char_p),
        ("filter", c_char_p),
        ("params", POINTER(Param)),
        ("param_count", c_size_t),
        ("select", c_char_p),
        ("expand", c_char_p),
        ("orderby", c_char_p),
        ("top", c_uint64),
        ("page_size", c_uint32),
        ("count", c_int32),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]


class Field(Structure):
    _fields_ = [("kind", c_int32), ("text", View)]


class Receipt(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("verdict", c_int32),
        ("pages", c_uint32),
        ("rows", c_uint64),
        ("requests", c_uint64),
        ("mints", c_uint64),
        ("mints_unused", c_uint64),
        ("retries", c_uint64),
        ("bytes_wire", c_uint64),
        ("bytes", c_uint64),
        ("server_count", c_int64),
        ("duplicates", c_uint64),
        ("duplicate_window", c_uint64),
        ("elapsed_ms", c_int64),
        ("first_key", View),
        ("last_key", View),
        ("text", View),
    ]


class GetOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("service", c_char_p),
        ("entity_set", c_char_p),
        ("key", c_char_p),
        ("params", POINTER(Param)),
        ("param_count", c_size_t),
        ("select", c_char_p),
        ("expand", c_char_p),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]


class WriteOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_int32),
        ("service", c_char_p),
        ("entity_set", c_char_p),
        ("key", c_char_p),
        ("params", POINTER(Param)),
        ("param_count", c_size_t),
        ("navigation", c_char_p),
        ("body", c_char_p),
        ("body_size", c_size_t),
        ("etag", c_char_p),
        ("any_etag", c_int32),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
        ("repeatable", c_int32),
    ]


class Header(Structure):
    _fields_ = [("name", c_char_p), ("value", c_char_p)]


class RequestOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("method", c_char_p),
        ("path", c_char_p),
        ("headers", POINTER(Header)),
        ("header_count", c_size_t),
        ("body", c_char_p),
        ("body_size", c_size_t),
        ("service", c_char_p),
        ("repeatable", c_int32),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]


class InvokeOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("service", c_char_p),
        ("operation", c_char_p),
        ("entity_set", c_char_p),
        ("key", c_char_p),
        ("params", POINTER(Param)),
        ("param_count", c_size_t),
        ("arguments", c_char_p),
        ("argument_params", POINTER(Param)),
        ("argument_param_count", c_size_t),
        ("body", c_char_p),
        ("body_size", c_size_t),
        ("etag", c_char_p),
        ("any_etag", c_int32),
        ("repeatable", c_int32),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]


class SettleOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("service", c_char_p),
        ("entity_set", c_char_p),
        ("field", c_char_p),
        ("reference", c_char_p),
        ("quiet_ms", c_int64),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]


class SalesOrderOptions(Options):
    _fields_ = [
        ("struct_size", c_size_t),
        ("created_from", c_char_p),
        ("delivery", c_int32),
        ("include_completed", c_int32),
        ("with_items", c_int32),
        ("page_size", c_uint32),
        ("count", c_int32),
        ("timeout_ms", c_int64),
        ("traceparent", c_char_p),
    ]
