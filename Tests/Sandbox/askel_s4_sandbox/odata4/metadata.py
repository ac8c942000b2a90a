# SPDX-License-Identifier: Apache-2.0
"""`$metadata` of the V4 service (CSDL 4.01), made from the declaration; annotations as far as a client of it needs."""

from __future__ import annotations

from .schema import NAMESPACE, Set4
from .types import SETS

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.01"'
    ' xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
    '<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Core.V1" Alias="SAP__core"/></edmx:Reference>'
    '<edmx:Reference Uri="https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Capabilities.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="SAP__capabilities"/></edmx:Reference>'
    f'<edmx:DataServices><Schema Namespace="{NAMESPACE}" Alias="SAP__self">'
)
_MESSAGE = (
    '<ComplexType Name="SAP__Message"><Property Name="code" Type="Edm.String" Nullable="false"/>'
    '<Property Name="message" Type="Edm.String" Nullable="false"/><Property Name="target" Type="Edm.String"/>'
    '<Property Name="additionalTargets" Type="Collection(Edm.String)" Nullable="false"/>'
    '<Property Name="transition" Type="Edm.Boolean" Nullable="false"/>'
    '<Property Name="numericSeverity" Type="Edm.Byte" Nullable="false"/>'
    '<Property Name="longtextUrl" Type="Edm.String"/></ComplexType>'
)
# (set, restriction, what it forbids) as the service declares them.
RESTRICTIONS = (
    ("SalesOrder", "DeleteRestrictions", "Deletable"),
    ("SalesOrderItem", "InsertRestrictions", "Insertable"),
    ("SalesOrderPartner", "InsertRestrictions", "Insertable"),
    ("SalesOrderScheduleLine", "InsertRestrictions", "Insertable"),
    ("SalesOrderScheduleLine", "DeleteRestrictions", "Deletable"),
    ("SalesOrderScheduleLine", "UpdateRestrictions", "Updatable"),
)


def forbidden(name: str, what: str) -> bool:
    """Whether the metadata say that entities of the set are not `what` ("Insertable", "Updatable", "Deletable")."""
    return any(row[0] == name and row[2] == what for row in RESTRICTIONS)


def _type(made: Set4) -> str:
    keys = "".join(f'<PropertyRef Name="{p.name}"/>' for p in made.v2.keys)
    text = f'<EntityType Name="{made.name}_Type"><Key>{keys}</Key>'
    for prop in made.properties:
        nullable = "" if prop.nullable else ' Nullable="false"'
        text += f'<Property Name="{prop.name}" Type="{prop.edm_type}"{nullable}{prop.facets}/>'
    if made.messages:
        text += f'<Property Name="SAP__Messages" Type="Collection({NAMESPACE}.SAP__Message)" Nullable="false"/>'
    for nav in made.navigations:
        target = f"{NAMESPACE}.{nav.target}_Type"
        kind = f"Collection({target})" if nav.to_many else target
        text += f'<NavigationProperty Name="{nav.name}" Type="{kind}"{"" if nav.to_many else chr(32) + _REQUIRED}/>'
    return text + "</EntityType>"


_REQUIRED = 'Nullable="false"'


def edmx() -> bytes:
    """The document, UTF-8."""
    sets = annotations = ""
    for made in SETS.values():
        pairs = [(nav.name, nav.target) for nav in made.navigations]
        pairs = [(nav.name, nav.target) for nav in made.navigations]
        bindings = "".join(f'<NavigationPropertyBinding Path="{path}" Target="{target}"/>' for path, target in pairs)
        sets += f'<EntitySet Name="{made.name}" EntityType="{NAMESPACE}.{made.name}_Type">{bindings}</EntitySet>'
        path = "LastChangeDateTime" if made.name == "SalesOrder" else "_SalesOrder/LastChangeDateTime"
        annotations += f'<Annotations Target="SAP__self.Container/{made.name}">'
        for name, term, what in RESTRICTIONS:
            if name == made.name:
                value = f'<Record><PropertyValue Property="{what}" Bool="false"/></Record>'
                annotations += f'<Annotation Term="SAP__capabilities.{term}">{value}</Annotation>'
        annotations += (
            '<Annotation Term="SAP__core.OptimisticConcurrency"><Collection>'
            f"<PropertyPath>{path}</PropertyPath></Collection></Annotation></Annotations>"
        )
    types = "".join(map(_type, SETS.values()))
    container = f'<EntityContainer Name="Container">{sets}</EntityContainer>'
    return f"{_HEAD}{types}{_MESSAGE}{container}{annotations}</Schema></edmx:DataServices></edmx:Edmx>".encode()
