# SPDX-License-Identifier: Apache-2.0
"""Entity sets of a V4 service, each a view of a V2 set's table. One property a line: `Name Type flags`.

Types: `S10` String, `D15.3` Decimal (scale `v`: variable), `date` Date, `time` TimeOfDay, `dto7` DateTimeOffset,
`bool`. Flags: `null` (nullable), `=Name` (the V2 property that it shows, where that has another name).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..odata.schema import EntitySet, Property

NAME = "CE_SALESORDER_0001"
NAMESPACE = "com.sap.gateway.srvd_a2x.api_salesorder.v0001"
ROOT = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"
_EDM = {"S": "Edm.String", "D": "Edm.Decimal", "date": "Edm.Date", "time": "Edm.TimeOfDay", "dto": "Edm.DateTimeOffset",
        "bool": "Edm.Boolean"}  # fmt: skip
_INITIAL = {"Edm.String": '""', "Edm.Decimal": "0", "Edm.TimeOfDay": '"00:00:00"', "Edm.Boolean": "false"}


@dataclass(frozen=True)
class Prop4:
    """A property; `source` is the V2 property behind it, None where there is none."""

    name: str
    edm_type: str
    facets: str
    nullable: bool
    source: Property | None

    @property
    def initial(self) -> str:
        """JSON text of the value that nobody gave."""
        return "null" if self.nullable else _INITIAL.get(self.edm_type, "null")


@dataclass(frozen=True)
class Nav4:
    """A navigation property to another set of the service."""

    name: str
    target: str
    to_many: bool


@dataclass(frozen=True)
class Set4:
    """An entity set with its type, `<name>_Type`."""

    name: str
    v2: EntitySet
    properties: tuple[Prop4, ...]
    navigations: tuple[Nav4, ...]
    messages: bool

    @property
    def by_name(self) -> dict[str, Prop4]:
        """Properties by name."""
        return {p.name: p for p in self.properties}

    def navigation(self, name: str) -> Nav4 | None:
        """The navigation property of that name."""
        return next((n for n in self.navigations if n.name == name), None)


def set4(name: str, v2: EntitySet, messages: bool, navigations: tuple[Nav4, ...], properties: str) -> Set4:
    """Makes a set from the compact notation (see the module's text)."""
    return Set4(name, v2, tuple(_property(line, v2) for line in properties.split("\n") if line), navigations, messages)


def _property(line: str, v2: EntitySet) -> Prop4:
    name, kind, *flags = line.split()
    base = kind.rstrip("0123456789.v") if kind[0] in "SD" or kind.startswith("dto") else kind
    digits = kind[len(base) :]
    facets = ""
    if base == "S" and digits:
        facets = f' MaxLength="{digits}"'
    elif base == "D":
        precision, _, scale = digits.partition(".")
        facets = f' Precision="{precision}"'
        if scale:
            facets += f' Scale="{"variable" if scale == "v" else scale}"'
    elif base == "dto":
        facets = f' Precision="{digits}"'
    source = next((flag[1:] for flag in flags if flag.startswith("=")), name)
    return Prop4(name, _EDM[base], facets, "null" in flags, v2.by_name.get(source))
