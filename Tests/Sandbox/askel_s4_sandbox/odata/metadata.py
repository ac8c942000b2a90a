# SPDX-License-Identifier: Apache-2.0
"""`$metadata` of a service as EDMX (OData V2, CSDL of 2008/09), made from the declaration."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .schema import EntitySet, Navigation, Property, Service

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"'
    ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
    ' xmlns:sap="http://www.sap.com/Protocols/SAPData">'
    '<edmx:DataServices m:DataServiceVersion="2.0">'
)


def _attributes(pairs: list[tuple[str, object | None]]) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in pairs if value is not None)


def _property(prop: Property) -> str:
    locked = "false" if prop.read_only else None
    pairs: list[tuple[str, object | None]] = [
        ("Name", prop.name),
        ("Type", prop.edm_type),
        ("Nullable", "false" if prop.is_key else None),
        ("MaxLength", prop.length),
        ("Precision", prop.precision),
        ("Scale", prop.scale),
        ("ConcurrencyMode", "Fixed" if prop.is_etag else None),
        ("sap:unit", prop.unit),
        ("sap:display-format", prop.display_format),
        ("sap:text", prop.text),
        ("sap:label", prop.label),
        ("sap:creatable", locked),
        ("sap:updatable", locked),
        ("sap:semantics", prop.semantics),
    ]
    return f"<Property{_attributes(pairs)}/>"


def association_name(source: EntitySet, navigation: Navigation) -> str:
    """Name of the association behind a navigation property; SAP's own is a hash."""
    return f"assoc_{source.name}_{navigation.name}"


def _entity_type(service: Service, entity: EntitySet) -> str:
    keys = "".join(f'<PropertyRef Name="{p.name}"/>' for p in entity.keys)
    properties = "".join(_property(p) for p in entity.properties)
    navigations = ""
    for nav in entity.navigations:
        name = association_name(entity, nav)
        navigations += (
            f'<NavigationProperty Name="{nav.name}" Relationship="{service.name}.{name}"'
            f' FromRole="FromRole_{name}" ToRole="ToRole_{name}"/>'
        )
    return (
        f'<EntityType Name="{entity.type_name}" sap:content-version="1"><Key>{keys}</Key>'
        f"{properties}{navigations}</EntityType>"
    )


def _associations(service: Service) -> tuple[str, str]:
    """The Association elements and the AssociationSet elements."""
    types = sets = ""
    locked = ' sap:creatable="false" sap:updatable="false" sap:deletable="false" sap:content-version="1"'
    for entity in service.sets.values():
        for nav in entity.navigations:
            name, target = association_name(entity, nav), service.sets[nav.target]
            many = "*" if nav.to_many else "1"
            types += (
                f'<Association Name="{name}" sap:content-version="1">'
                f'<End Type="{service.name}.{entity.type_name}" Multiplicity="1" Role="FromRole_{name}"/>'
                f'<End Type="{service.name}.{target.type_name}" Multiplicity="{many}" Role="ToRole_{name}"/>'
                "</Association>"
            )
            sets += (
                f'<AssociationSet Name="{name}" Association="{service.name}.{name}"{locked}>'
                f'<End EntitySet="{entity.name}" Role="FromRole_{name}"/>'
                f'<End EntitySet="{target.name}" Role="ToRole_{name}"/></AssociationSet>'
            )
    return types, sets


def _functions(service: Service) -> tuple[str, str]:
    """The complex type of their results and the FunctionImport elements."""
    imports = "".join(
        f'<FunctionImport Name="{f.name}" ReturnType="{service.name}.FunctionResult" m:HttpMethod="POST">'
        f'<Parameter Name="{f.parameter}" Type="Edm.String" Mode="In" MaxLength="{f.length}"/></FunctionImport>'
        for f in service.functions.values()
    )
    result = '<ComplexType Name="FunctionResult"><Property Name="Boolean" Type="Edm.Boolean" Nullable="false"/>'
    return (f"{result}</ComplexType>" if imports else ""), imports


def edmx(service: Service, base_url: str) -> bytes:
    """The metadata document, UTF-8. `base_url` is scheme and host, for the self link."""
    types = "".join(_entity_type(service, entity) for entity in service.sets.values())
    associations, association_sets = _associations(service)
    results, imports = _functions(service)
    sets = "".join(
        f'<EntitySet Name="{e.name}" EntityType="{service.name}.{e.type_name}" sap:content-version="1"/>'
        for e in service.sets.values()
    )
    return (
        _HEAD
        + f'<Schema Namespace="{service.name}" xml:lang="en" sap:schema-version="1"'
        + ' xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
        + types
        + results
        + associations
        + f'<EntityContainer Name="{service.name}_Entities" m:IsDefaultEntityContainer="true"'
        + ' sap:message-scope-supported="true" sap:supported-formats="atom json xlsx">'
        + sets
        + association_sets
        + imports
        + "</EntityContainer>"
        + f'<atom:link rel="self" href={quoteattr(f"{base_url}{service.root}/$metadata")}'
        + ' xmlns:atom="http://www.w3.org/2005/Atom"/>'
        + "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()
