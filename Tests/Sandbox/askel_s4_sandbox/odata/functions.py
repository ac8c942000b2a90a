# SPDX-License-Identifier: Apache-2.0
"""Functions and comparisons of `$filter`. Whatever gets null gives null, as OData V2 has it; null is never true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

STRING, NUMBER, BOOLEAN, MOMENT = "Edm.String", "number", "Edm.Boolean", "moment"

_EPOCH = dt.datetime(1970, 1, 1)


def _safe(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return None if None in arguments else function(*arguments)

    return call


def _moment(part: str) -> Callable[[Any], int]:
    # Moments reach functions as milliseconds.
    return lambda ms: getattr(_EPOCH + dt.timedelta(milliseconds=int(ms)), part)


def _to(exponent: str, rounding: str) -> Callable[[Any], Decimal]:
    return lambda number: Decimal(number).quantize(Decimal(exponent), rounding=rounding)


# name -> (argument types, result type, implementation)
FUNCTIONS: dict[str, tuple[tuple[str, ...], str, Callable[..., Any]]] = {
    "substringof": ((STRING, STRING), BOOLEAN, _safe(lambda part, text: part in text)),
    "startswith": ((STRING, STRING), BOOLEAN, _safe(str.startswith)),
    "endswith": ((STRING, STRING), BOOLEAN, _safe(str.endswith)),
    "length": ((STRING,), NUMBER, _safe(lambda text: len(text.encode("utf-16-le")) // 2)),
    "indexof": ((STRING, STRING), NUMBER, _safe(str.find)),
    "replace": ((STRING, STRING, STRING), STRING, _safe(str.replace)),
    "substring": ((STRING, NUMBER), STRING, _safe(lambda text, start: text[int(start) :])),
    "substring/3": (
        (STRING, NUMBER, NUMBER), STRING, _safe(lambda text, start, count: text[int(start) : int(start) + int(count)])
    ),
    "tolower": ((STRING,), STRING, _safe(str.lower)),
    "toupper": ((STRING,), STRING, _safe(str.upper)),
    "trim": ((STRING,), STRING, _safe(str.strip)),
    "concat": ((STRING, STRING), STRING, _safe(lambda first, second: first + second)),
    "year": ((MOMENT,), NUMBER, _safe(_moment("year"))),
    "month": ((MOMENT,), NUMBER, _safe(_moment("month"))),
    "day": ((MOMENT,), NUMBER, _safe(_moment("day"))),
    "hour": ((MOMENT,), NUMBER, _safe(_moment("hour"))),
    "minute": ((MOMENT,), NUMBER, _safe(_moment("minute"))),
    "second": ((MOMENT,), NUMBER, _safe(_moment("second"))),
    "round": ((NUMBER,), NUMBER, _safe(_to("1", ROUND_HALF_UP))),
    "floor": ((NUMBER,), NUMBER, _safe(_to("1", ROUND_FLOOR))),
    "ceiling": ((NUMBER,), NUMBER, _safe(_to("1", ROUND_CEILING))),
}  # fmt: skip

# Comparisons: null equals null alone, and is neither less nor greater than anything.
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and b is not None and a < b,
    "<=": lambda a, b: a is not None and b is not None and a <= b,
    ">": lambda a, b: a is not None and b is not None and a > b,
    ">=": lambda a, b: a is not None and b is not None and a >= b,
}


def _divide(a: Decimal, b: Decimal) -> Decimal | None:
    return a / b if b else None


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "Add": _safe(lambda a, b: Decimal(a) + Decimal(b)),
    "Sub": _safe(lambda a, b: Decimal(a) - Decimal(b)),
    "Mult": _safe(lambda a, b: Decimal(a) * Decimal(b)),
    "Div": _safe(lambda a, b: _divide(Decimal(a), Decimal(b))),
    "Mod": _safe(lambda a, b: Decimal(a) % Decimal(b) if b else None),
}
