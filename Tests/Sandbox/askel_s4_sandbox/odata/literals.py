# SPDX-License-Identifier: Apache-2.0
"""Literals of OData V2 URLs: 'text', 12.5M, datetime'…', datetimeoffset'…', time'…', guid'…', true, null.

Source: OData V2 "Overview", section 6 (primitive data types); value forms as in SAP's recordings.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from odata_query import ast

from .errors import parser_error

EPOCH = dt.datetime(1970, 1, 1)
TICKS_PER_SECOND = 10_000_000


@dataclass(frozen=True)
class Literal(ast._Node):
    """A literal: `value` is in the stored form of its type (see `odata.table`); null has the type "null"."""

    edm_type: str
    value: Any


_DATETIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?(Z|[+-]\d\d:\d\d)?$")
_TIME = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?(?:(\d{1,2})(?:\.\d+)?S)?$")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def iso_ticks(text: str, with_offset: bool) -> int:
    """100 ns since 1970. DateTime knows no zone; DateTimeOffset must have one."""
    match = _DATETIME.match(text)
    if match is None or with_offset != (match[8] is not None):
        raise ValueError(text)
    year, month, day, hour, minute = (int(match[n]) for n in range(1, 6))
    moment = dt.datetime(year, month, day, hour, minute, int(match[6] or 0))
    ticks = (moment - EPOCH) // dt.timedelta(seconds=1) * TICKS_PER_SECOND
    ticks += int((match[7] or "").ljust(7, "0"))
    if match[8] and match[8] != "Z":
        sign = -1 if match[8][0] == "-" else 1
        ticks -= sign * (int(match[8][1:3]) * 60 + int(match[8][4:6])) * 60 * TICKS_PER_SECOND
    return ticks


def _prefixed(kind: str, text: str) -> Literal:
    if kind == "datetime":
        ticks = iso_ticks(text, with_offset=False)
        return Literal("Edm.DateTime", ticks // 10_000 if ticks % 10_000 == 0 else Decimal(ticks) / 10_000)
    if kind == "datetimeoffset":
        return Literal("Edm.DateTimeOffset", iso_ticks(text, with_offset=True))
    if kind == "time" and (match := _TIME.match(text)):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return Literal("Edm.Time", (hours * 60 + minutes) * 60 + seconds)
    if kind == "guid" and _GUID.match(text):
        return Literal("Edm.Guid", text.lower())
    if kind in ("X", "binary"):
        return Literal("Edm.Binary", bytes.fromhex(text))
    raise ValueError(text)


_TOKEN = re.compile(
    r"\s*(?:(?P<prefix>datetimeoffset|datetime|time|guid|binary|X)'(?P<body>[^']*)'"
    r"|'(?P<string>(?:[^']|'')*)'"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?P<suffix>[MmLlFfDd]?)(?!\w)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>[(),/])"
    r"|(?P<minus>-))\s*"
)
_OPERATORS = {
    "and": ("AND", ast.And), "or": ("OR", ast.Or), "not": ("NOT", ast.Not),
    "eq": ("EQ", ast.Eq), "ne": ("NE", ast.NotEq), "lt": ("LT", ast.Lt), "le": ("LE", ast.LtE),
    "gt": ("GT", ast.Gt), "ge": ("GE", ast.GtE),
    "add": ("ADD", ast.Add), "sub": ("SUB", ast.Sub), "mul": ("MUL", ast.Mult), "div": ("DIV", ast.Div),
    "mod": ("MOD", ast.Mod),
}  # fmt: skip
_WORDS = {"true": Literal("Edm.Boolean", True), "false": Literal("Edm.Boolean", False), "null": Literal("null", None)}
# Functions get a namespace, because odata_query checks names without one against its own V4 list.
FUNCTION_NAMESPACE = ("v2",)


def tokens(text: str) -> Iterator[SimpleNamespace]:
    """V2 tokens under the names that odata_query's parser knows; blanks are dropped, its grammar makes them optional.

    Throws a 400 for what is no token.
    """
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise parser_error(f"Invalid token detected at position {position + 1}")
        start, position = position, match.end()
        kind, value = _classify(match, text, start)
        yield SimpleNamespace(type=kind, value=value, lineno=1, index=start, end=position)


def _classify(match: re.Match[str], text: str, start: int) -> tuple[str, Any]:
    if match["prefix"]:
        try:
            return "STRING", _prefixed(match["prefix"], match["body"])
        except (ValueError, OverflowError):
            raise parser_error(f"Invalid token {match[0].strip()!r} at position {start + 1}") from None
    if match["string"] is not None:
        return "STRING", Literal("Edm.String", match["string"].replace("''", "'"))
    if match["number"]:
        floating = match["suffix"] in ("D", "d", "F", "f") and match["suffix"]
        return "STRING", Literal("Edm.Double" if floating else "Edm.Decimal", Decimal(match["number"]))
    if match["mark"]:
        return match["mark"], match["mark"]
    if match["minus"]:
        return "UMINUS", ast.USub()
    word = match["word"]
    if word in _OPERATORS:
        kind, node = _OPERATORS[word]
        return kind, node()
    if word in _WORDS:
        return "STRING", _WORDS[word]
    calls = text.startswith("(", match.end())
    return "ODATA_IDENTIFIER", ast.Identifier(word, FUNCTION_NAMESPACE if calls else ())


def parse_literal(text: str) -> Literal:
    """One literal alone, as in an entity key. Throws ValueError for anything else."""
    found = list(tokens(text))
    if len(found) != 1 or not isinstance(found[0].value, Literal):
        raise ValueError(text)
    return found[0].value
