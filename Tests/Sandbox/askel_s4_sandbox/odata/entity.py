# SPDX-License-Identifier: Apache-2.0
"""An entity as a request's body gives it: values in stored form and the entities nested in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .table import Values


@dataclass
class Entity:
    """`values` by property name (of the V2 service); `children` by navigation property, as they were nested."""

    values: Values = field(default_factory=dict)
    children: dict[str, list[Entity]] = field(default_factory=dict)
