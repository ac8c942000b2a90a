# SPDX-License-Identifier: Apache-2.0
"""V4 query options: nested `$expand`, and `$filter` and `$orderby` put into the words of the V2 reader below.

Functions and operators are those that the service's metadata allows (FilterFunctions): eq, ne, gt, ge, lt, le, and, or,
contains, startswith, endswith; any and all are missing here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from ..odata.errors import ODataError
from .schema import Set4
from .types import SETS

_KNOWN = ("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$format", "$skiptoken")
_TOKEN = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?P<date>\d{4}-\d\d-\d\d)(?![\dT])"
    r"|(?P<word>[A-Za-z_][\w/]*)|(?P<other>[\d.,()\s+-])"
)
_WORDS = {"eq", "ne", "gt", "ge", "lt", "le", "and", "or", "not", "contains", "startswith", "endswith", "true", "false",
          "null"}  # fmt: skip
_CONTAINS = re.compile(r"contains\(\s*(\w+)\s*,\s*('(?:[^']|'')*')\s*\)")


@dataclass
class Options4:
    """Parsed options; `raw` keeps (name, text as sent) pairs. `filter` and `orderby` are in V2's words."""

    filter: str | None = None
    orderby: str | None = None
    select: tuple[str, ...] = ()
    expand: dict[str, Options4] = field(default_factory=dict)
    top: int | None = None
    skip: int = 0
    count: bool = False
    skiptoken: str | None = None
    raw: list[tuple[str, str]] = field(default_factory=list)


def bad(message: str) -> ODataError:
    """400 of the URI parser; SAP's code for it is not known to us."""
    return ODataError(400, message, "SANDBOX/400")


def parse(query: str, made: Set4, plus_is_space: bool = True) -> Options4:
    """Reads a raw query string. Throws 400 for unknown options, names and values."""
    decode = unquote_plus if plus_is_space else unquote
    raw = [(decode(part.partition("=")[0]), part) for part in query.split("&") if part]
    found = _options([(name, decode(part.partition("=")[2])) for name, part in raw if name.startswith("$")], made)
    found.raw = raw
    return found


def _options(pairs: list[tuple[str, str]], made: Set4) -> Options4:
    found, seen = Options4(), dict(pairs)
    if len(seen) != len(pairs) or not set(seen) <= set(_KNOWN):
        raise bad(f"The query options {', '.join(name for name, _ in pairs)} are not supported together")
    for name in ("$top", "$skip"):
        if not re.fullmatch(r"\d{1,9}", seen.get(name, "0")):
            raise bad(f"Invalid value '{seen[name]}' for system query option '{name}'")
    if seen.get("$count", "false") not in ("true", "false") or seen.get("$format", "json") != "json":
        raise bad("Invalid value for system query option '$count' or '$format'")
    found.top = int(seen["$top"]) if "$top" in seen else None
    found.skip, found.count = int(seen.get("$skip", "0")), seen.get("$count") == "true"
    found.skiptoken = seen.get("$skiptoken")
    found.filter = _filter(seen["$filter"], made) if "$filter" in seen else None
    found.orderby = _orderby(seen["$orderby"], made) if "$orderby" in seen else None
    found.select = tuple(part.strip() for part in seen.get("$select", "").split(",") if part.strip())
    unknown = set(found.select) - set(made.by_name) - {"*", "SAP__Messages"} - {n.name for n in made.navigations}
    if unknown:
        raise bad(f"Property {sorted(unknown)[0]} not found in type {made.name}_Type")
    if "*" in found.select:
        found.select = ()
    for part in _split(seen.get("$expand", ""), ","):
        name, _, inner = part.partition("(")
        nav = made.navigation(name.strip())
        if nav is None:
            raise bad(f"Navigation property {name} not found in type {made.name}_Type")
        nested = [p.partition("=")[::2] for p in _split(inner.removesuffix(")"), ";")]
        found.expand[nav.name] = _options([(name.strip(), text) for name, text in nested], SETS[nav.target])
    return found


def _split(text: str, separator: str) -> list[str]:
    """Splits at separators outside of parentheses and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
            if char == separator and depth == 0:
                parts.append(text[start:position])
                start = position + 1
    return [part for part in (*parts, text[start:]) if part.strip()]


def _v2_name(name: str, made: Set4) -> str:
    prop = made.by_name.get(name)
    if prop is None:
        raise bad(f"Property {name} not found in type {made.name}_Type")
    if prop.source is None:
        raise bad(f"Property {name} is empty in the sandbox and cannot be compared")
    return prop.source.name


def _orderby(text: str, made: Set4) -> str:
    parts = [part.split() or [""] for part in text.split(",")]
    return ",".join(" ".join([_v2_name(words[0], made), *words[1:]]) for words in parts)


def _filter(text: str, made: Set4) -> str:
    out, position = "", 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise bad(f"Invalid token detected at position {position + 1}")
        position = match.end()
        if match["moment"]:
            out += f"datetimeoffset'{match['moment']}'"
        elif match["date"]:
            out += f"datetime'{match['date']}T00:00:00'"
        elif match["word"]:
            out += match["word"] if match["word"] in _WORDS else _v2_name(match["word"], made)
        else:
            out += match[0]
    return _CONTAINS.sub(r"substringof(\2,\1)", out)
