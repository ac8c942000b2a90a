# SPDX-License-Identifier: Apache-2.0
"""System query options of a URL, and what `$select` and `$expand` make of an entity type.

Source: OData V2 URI conventions, section 4; the refusal's text as in SAP's recorded error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

from .errors import parser_error
from .schema import EntitySet, Property, Service

_KNOWN = (
    "$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$inlinecount", "$format", "$skiptoken", "$search",
)  # fmt: skip
_COLLECTION_ONLY = ("$filter", "$orderby", "$skip", "$top", "$skiptoken", "$inlinecount")
MAX_EXPAND_DEPTH = 10


@dataclass
class Options:
    """Parsed system query options; what was not given is None or empty. `raw` keeps (name, text as sent) pairs."""

    filter: str | None = None
    select: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    orderby: str | None = None
    top: int | None = None
    skip: int = 0
    inlinecount: bool = False
    skiptoken: str | None = None
    raw: list[tuple[str, str]] = field(default_factory=list)
    names: tuple[str, ...] = ()


def _number(name: str, text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise parser_error(f"Invalid value '{text}' for system query option '{name}'")
    return int(text)


def parse_options(query: str, plus_is_space: bool = True) -> Options:
    """Reads a raw query string. Custom options (sap-client, sap-language, foo) are passed over.

    - Throws: `ODataError` 400 for unknown `$` options and malformed values.
    """
    decode = unquote_plus if plus_is_space else unquote
    options = Options(raw=[])
    seen: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, text = part.partition("=")
        name = decode(name)
        options.raw.append((name, part))
        if not name.startswith("$"):
            continue
        if name not in _KNOWN:
            raise parser_error(f"The query option '{name}' is not supported")
        # A next link may carry $skiptoken twice (KBA 3072317): the last one counts.
        if name in seen and name != "$skiptoken":
            raise parser_error(f"The query option '{name}' must occur once only")
        seen[name] = decode(text)
    options.names = tuple(seen)
    if "$search" in seen:
        raise parser_error("The query option '$search' is not supported for this entity set")
    options.filter = seen.get("$filter")
    options.orderby = seen.get("$orderby")
    options.skiptoken = seen.get("$skiptoken")
    options.select = _names(seen.get("$select"))
    options.expand = _names(seen.get("$expand"))
    if "$top" in seen:
        options.top = _number("$top", seen["$top"])
    if "$skip" in seen:
        options.skip = _number("$skip", seen["$skip"])
    count = seen.get("$inlinecount", "none")
    if count not in ("allpages", "none"):
        raise parser_error(f"Invalid value '{count}' for system query option '$inlinecount'")
    options.inlinecount = count == "allpages"
    if seen.get("$format", "json") != "json":
        raise parser_error(f"Invalid value '{seen['$format']}' for system query option '$format' (JSON alone here)")
    return options


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def refuse_collection_options(options: Options) -> None:
    """Throws 400 when a single entity or a value is asked for with options that only fit collections."""
    found = [name for name in _COLLECTION_ONLY if name in options.names]
    if found:
        raise parser_error(f"System query options '{','.join(found)}' are not allowed in the requested URI")


@dataclass(frozen=True)
class Shape:
    """What of an entity is shown: properties, and navigation properties expanded (a Shape) or deferred (None)."""

    entity: EntitySet = field(hash=False, compare=False)
    set_name: str
    properties: tuple[str, ...]
    navigations: tuple[tuple[str, Shape | None], ...]


def shape(
    service: Service, entity: EntitySet, select: tuple[str, ...], expand: tuple[str, ...], depth: int = 0
) -> Shape:
    """Applies `$select` and `$expand` (paths allowed, `*` too).

    - Throws: `ODataError` 400 for names that the type does not have.
    """
    if depth > MAX_EXPAND_DEPTH:
        raise parser_error("The $expand option is nested too deeply")
    chosen, chosen_navs, everything = _split(entity, select)
    expanded: dict[str, list[str]] = {}
    for path in expand:
        first, _, rest = path.partition("/")
        if first not in entity.nav_by_name:
            raise parser_error(f"Navigation property {first} not found in type {entity.type_name}")
        expanded.setdefault(first, [])
        if rest:
            expanded[first].append(rest)
    shown: list[tuple[str, Shape | None]] = []
    for nav in entity.navigations:
        if select and not everything and nav.name not in chosen_navs:
            continue
        if nav.name in expanded:
            inner = tuple(chosen_navs.get(nav.name, ()))
            target = service.sets[nav.target]
            shown.append((nav.name, shape(service, target, inner, tuple(expanded[nav.name]), depth + 1)))
        elif chosen_navs.get(nav.name):
            raise parser_error(f"Navigation property {nav.name} is selected from but not expanded")
        else:
            shown.append((nav.name, None))
    names = tuple(p.name for p in entity.properties if not select or everything or p.name in chosen)
    return Shape(entity, entity.name, names, tuple(shown))


def _split(entity: EntitySet, select: tuple[str, ...]) -> tuple[set[str], dict[str, list[str]], bool]:
    properties: set[str] = set()
    navigations: dict[str, list[str]] = {}
    everything = False
    for path in select:
        first, _, rest = path.partition("/")
        if first == "*" and not rest:
            everything = True
        elif first in entity.by_name and not rest:
            properties.add(first)
        elif first in entity.nav_by_name:
            navigations.setdefault(first, [])
            if rest:
                navigations[first].append(rest)
        else:
            raise parser_error(f"Property {path} not found in type {entity.type_name}")
    return properties, navigations, everything


def parse_orderby(text: str, entity: EntitySet) -> list[tuple[Property, bool]]:
    """`$orderby` as (property, descending?) pairs. Throws 400 for unknown properties."""
    found = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1] not in ("asc", "desc")):
            raise parser_error(f"Invalid value '{text}' for system query option '$orderby'")
        prop = entity.by_name.get(words[0])
        if prop is None:
            raise parser_error(f"Property {words[0]} not found in type {entity.type_name}")
        found.append((prop, words[-1] == "desc"))
    return found
