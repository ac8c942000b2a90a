# SPDX-License-Identifier: Apache-2.0
"""Values on their way in (arguments, typed parameters) and out (fields, JSON text)."""

import ctypes
import json
import math
from ctypes import c_void_p
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Mapping, Optional, Sequence, Tuple, Union
from uuid import UUID

from ._enums import FieldKind, ParamType
from ._errors import InvalidArgument, check
from ._ffi import lib
from ._structs import Field, Param, TokenParam, View

#: What a prepared filter or key takes: each becomes the literal that the property's type in $metadata asks for.
ParamValue = Union[None, str, bool, int, Decimal, date, datetime, time, UUID]


def text_in(name: str, value: Optional[str]) -> Optional[bytes]:
    """UTF-8 for a `const char *` member."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise TypeError(f"{name} must be str, not {type(value).__name__}")
    if "\0" in value:
        raise InvalidArgument(f"{name} contains a NUL character", target=name)
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name} contains a lone surrogate, which UTF-8 cannot hold", target=name) from None


def list_in(name: str, value: Union[str, Sequence[str], None]) -> Optional[bytes]:
    """Names separated by commas, from such text or from a sequence of names."""
    return text_in(name, value if value is None or isinstance(value, str) else ",".join(value))


def pem_in(name: str, value: Union[str, bytes, None]) -> Optional[bytes]:
    """PEM text, which may come as it was read from a file."""
    if isinstance(value, bytes):
        if b"\0" in value:
            raise InvalidArgument(f"{name} contains a NUL byte: it is no PEM text", target=name)
        return value
    return text_in(name, value)


def moment_in(name: str, value: Union[datetime, date, str, None]) -> Optional[bytes]:
    """A moment as RFC 3339, a date being its beginning in UTC."""
    if isinstance(value, datetime):
        return text_in(name, _utc_text(name, value))
    return text_in(name, value.isoformat() if isinstance(value, date) else value)


def _utc_text(name: str, value: datetime) -> str:
    if value.tzinfo is None:
        raise InvalidArgument(f"{name} is {value} without a time zone: give it one (tzinfo)", target=name)
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def unsigned_in(name: str, value: Optional[int], bits: int) -> int:
    """An unsigned member, None being the default: ctypes would cut off what does not fit."""
    number = 0 if value is None else value
    if not 0 <= number < 1 << bits:
        raise InvalidArgument(f"{name} is {number}; it must be between 0 and {(1 << bits) - 1}", target=name)
    return number


def texts_in(name: str, values: Sequence[str]) -> "ctypes.Array[ctypes.c_char_p]":
    """Texts for a `const char *const *` member. The array keeps them alive."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} is a sequence: write [{values!r}]")
    return (ctypes.c_char_p * len(values))(*[text_in(name, value) for value in values])


def pairs_in(
    name: str, values: Union[Mapping[str, str], Sequence[Tuple[str, str]], None]
) -> Optional["ctypes.Array[TokenParam]"]:
    """Names with their values. The array keeps them alive."""
    if values is None:
        return None
    pairs = list(values.items() if isinstance(values, Mapping) else values)
    return (TokenParam * len(pairs))(*[TokenParam(text_in(name, each), text_in(name, value)) for each, value in pairs])


def limit_in(name: str, value: Optional[int]) -> int:
    """A limit that C switches off with a negative number, and Python with 0; None being the default."""
    if value is None:
        return 0
    return -1 if value == 0 else unsigned_in(name, value, 31)


def timeout_in(seconds: Optional[float]) -> int:
    """Milliseconds from seconds, None being the default."""
    if seconds is None:
        return 0
    if not 0 < seconds < 1e9:
        raise InvalidArgument(f"timeout is {seconds}; it must be more than 0 seconds", target="timeout")
    return math.ceil(seconds * 1000)


def params_in(values: Sequence[ParamValue]) -> "ctypes.Array[Param]":
    """Typed parameters. The array keeps their text alive."""
    if isinstance(values, (str, bytes)):
        raise TypeError(f"params is a sequence: write [{values!r}]")
    return (Param * len(values))(*[_param(position, value) for position, value in enumerate(values, 1)])


def _param(position: int, value: ParamValue) -> Param:
    name = f"parameter {position}"
    # bool before int and datetime before date: the former are subclasses of the latter.
    if value is None:
        return Param(ParamType.NULL, 0, None)
    if isinstance(value, bool):
        return Param(ParamType.BOOLEAN, int(value), None)
    if isinstance(value, int):
        if not -(1 << 63) <= value < 1 << 63:
            raise InvalidArgument(f"{name} is {value}, which 64 bits cannot hold: give a Decimal", target=name)
        return Param(ParamType.INTEGER, value, None)
    kind, text = _param_text(name, value)
    return Param(kind, 0, text_in(name, text))


def _param_text(name: str, value: Union[str, Decimal, date, time, UUID]) -> Tuple[ParamType, str]:
    if isinstance(value, str):
        return ParamType.TEXT, value
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidArgument(f"{name} is {value}: it must be a finite number", target=name)
        return ParamType.DECIMAL, format(value, "f")
    if isinstance(value, datetime):
        return ParamType.DATE_TIME, _utc_text(name, value)
    if isinstance(value, date):
        return ParamType.DATE, value.isoformat()
    if isinstance(value, time):
        if value.tzinfo is not None:
            raise InvalidArgument(f"{name} is {value}: a time of day has no time zone", target=name)
        return ParamType.TIME, value.isoformat()
    if isinstance(value, UUID):
        return ParamType.GUID, str(value)
    if isinstance(value, float):
        raise TypeError(f"{name} is the float {value}, which is not exact: use Decimal")
    raise TypeError(f"{name} is of type {type(value).__name__}: no parameter can be made of it")


def view_out(view: View) -> str:
    return ctypes.string_at(view.data, view.size).decode() if view.size else ""


def field_out(function: Any, *arguments: Any) -> Tuple[int, str]:
    """Kind and text of a field, copied."""
    field = Field()
    check(function, *arguments, ctypes.byref(field))
    return field.kind, view_out(field.text)


def value_out(kind: int, text: str) -> Any:
    """The Python value of a field that is there."""
    if kind == FieldKind.NULL:
        return None
    if kind == FieldKind.NUMBER:
        return Decimal(text)
    if kind == FieldKind.BOOLEAN:
        return text == "true"
    if kind == FieldKind.DATE_TIME:
        return datetime_out(text)
    if kind == FieldKind.JSON:
        return json.loads(text, parse_float=Decimal)
    return text


def datetime_out(text: str) -> datetime:
    """An aware datetime of the library's "2026-11-23T00:00:00Z"; what is finer than a microsecond is cut off."""
    seconds, _, fraction = text.rstrip("Z").partition(".")
    value = datetime.fromisoformat(seconds + "+00:00")
    return value + timedelta(microseconds=int(fraction[:6].ljust(6, "0"))) if fraction else value


def take_text(function: Any, *arguments: Any) -> str:
    """Text that a function gives as `char **out_...`, freed; "" where it gives NULL."""
    pointer = c_void_p()
    check(function, *arguments, ctypes.byref(pointer))
    if pointer.value is None:
        return ""
    try:
        return ctypes.string_at(pointer.value).decode()
    finally:
        lib.string_free(pointer)
