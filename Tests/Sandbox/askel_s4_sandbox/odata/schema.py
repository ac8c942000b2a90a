# SPDX-License-Identifier: Apache-2.0
"""Entity sets in a compact notation, one property a line: `Name Type flags`.

Types: `S10` String of length 10, `D16.3` Decimal of precision 16 and scale 3, `date` DateTime shown as a date,
`dto7` DateTimeOffset of precision 7, `bool`, `double`.
Flags: `key`, `ro` (neither creatable nor updatable), `upper` / `numc` (sap:display-format UpperCase / NonNegative),
`currency` / `uom` (sap:semantics), `unit:X`, `text:X`, `etag` (ConcurrencyMode Fixed).

`alpha` names string properties with ALPHA conversion: kept zero-padded to their length, shown without zeros.
NUMC properties behave the same, except that an initial value is shown as "0".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

_TYPE = re.compile(r"(S|D|dto|date|bool|double)(\d*)(?:\.(\d+))?$")
_EDM = {
    "S": "Edm.String",
    "D": "Edm.Decimal",
    "dto": "Edm.DateTimeOffset",
    "date": "Edm.DateTime",
    "bool": "Edm.Boolean",
    "double": "Edm.Double",
}


@dataclass(frozen=True)
class Property:
    """One property. `length` counts characters; `precision`/`scale` are digits (DateTimeOffset: fractional digits)."""

    name: str
    edm_type: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    is_key: bool = False
    read_only: bool = False
    display_format: str | None = None
    semantics: str | None = None
    unit: str | None = None
    text: str | None = None
    is_etag: bool = False
    alpha: bool = False

    @property
    def padded(self) -> bool:
        """Whether the value is kept with leading zeros and shown without them (ALPHA and NUMC)."""
        return self.alpha or self.display_format == "NonNegative"

    @property
    def label(self) -> str:
        """A label made from the name: `TotalNetAmount` is "Total Net Amount"."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)

    def internal(self, text: str) -> str:
        """The stored form of a key or literal: all-digit ids get their zeros back ("10" and "000010" are one id)."""
        if self.padded and self.length and text.isascii() and text.isdigit():
            return text.lstrip("0").rjust(self.length, "0") if len(text) > self.length else text.zfill(self.length)
        if self.display_format == "NonNegative" and self.length and not text:
            return "0" * self.length
        return text

    def initial(self) -> object:
        """The value of a field that nobody filled: "" and zeros for texts, null for dates, 0 for numbers."""
        if self.edm_type == "Edm.String":
            return "0" * (self.length or 0) if self.display_format == "NonNegative" else ""
        if self.edm_type == "Edm.Boolean":
            return False
        if self.edm_type == "Edm.Double":
            return 0.0
        return None


@dataclass(frozen=True)
class Navigation:
    """A navigation property to another served entity set."""

    name: str
    target: str
    to_many: bool = True


@dataclass(frozen=True)
class EntitySet:
    """An entity set and its type; `properties` keep the order of the declaration."""

    name: str
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...] = ()
    by_name: dict[str, Property] = field(default_factory=dict, compare=False)
    nav_by_name: dict[str, Navigation] = field(default_factory=dict, compare=False)

    @property
    def type_name(self) -> str:
        """Name of the entity type, without namespace."""
        return self.name + "Type"

    @cached_property
    def keys(self) -> tuple[Property, ...]:
        """Key properties in key order."""
        return tuple(p for p in self.properties if p.is_key)

    @cached_property
    def etag(self) -> Property | None:
        """The property that the ETag is made of, if the set has one."""
        return next((p for p in self.properties if p.is_etag), None)


def _property(line: str, alpha: tuple[str, ...]) -> Property:
    name, type_text, *flags = line.split()
    match = _TYPE.match(type_text)
    if match is None:
        raise ValueError(f"unknown type in declaration: {line!r}")
    kind, first, second = match.groups()
    options = dict(flag.split(":", 1) for flag in flags if ":" in flag)
    shown = "UpperCase" if "upper" in flags else "NonNegative" if "numc" in flags else None
    return Property(
        name=name,
        edm_type=_EDM[kind],
        length=int(first) if kind == "S" else None,
        precision=0 if kind == "date" else int(first) if kind in ("D", "dto") else None,
        scale=int(second) if kind == "D" else None,
        is_key="key" in flags,
        read_only="ro" in flags,
        display_format="Date" if kind == "date" else shown,
        semantics="currency-code" if "currency" in flags else "unit-of-measure" if "uom" in flags else None,
        unit=options.get("unit"),
        text=options.get("text"),
        is_etag="etag" in flags,
        alpha=name in alpha,
    )


def entity_set(
    name: str, properties: str, navigations: tuple[Navigation, ...] = (), alpha: tuple[str, ...] = ()
) -> EntitySet:
    """Makes an entity set from the compact notation (see the module's text)."""
    parsed = tuple(_property(line, alpha) for line in properties.splitlines() if line.strip())
    return EntitySet(name, parsed, navigations, {p.name: p for p in parsed}, {n.name: n for n in navigations})


@dataclass(frozen=True)
class Function:
    """A function import called by POST with one string parameter; it answers with a Boolean (FunctionResult)."""

    name: str
    parameter: str
    length: int


@dataclass(frozen=True)
class Service:
    """One OData V2 service: its name (also the namespace) and its entity sets."""

    name: str
    sets: dict[str, EntitySet]
    functions: dict[str, Function] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Path of the service root, without a trailing slash."""
        return f"/sap/opu/odata/sap/{self.name}"
