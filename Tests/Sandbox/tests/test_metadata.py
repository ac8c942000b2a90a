# SPDX-License-Identifier: Apache-2.0
"""Our declaration against SAP's own `$metadata`, where the reference folder lies beside the checkout."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from askel_s4_sandbox.odata.metadata import edmx
from askel_s4_sandbox.tenant.tables import SALES_ORDER_SERVICE

EDM = "{http://schemas.microsoft.com/ado/2008/09/edm}"
META = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
SAP = "{http://www.sap.com/Protocols/SAPData}"
REFERENCE = Path(__file__).resolve().parents[3].parent / "shared/data/edmx/API_SALES_ORDER_SRV.edmx"
FACETS = ("Type", "Nullable", "MaxLength", "Precision", "Scale", "ConcurrencyMode")
ANNOTATIONS = ("unit", "semantics", "text", "display-format", "creatable", "updatable", "filterable", "sortable")


def types(root: ET.Element) -> dict[str, ET.Element]:
    return {element.attrib["Name"]: element for element in root.iter(EDM + "EntityType")}


def properties(entity: ET.Element) -> dict[str, dict[str, str | None]]:
    return {
        element.attrib["Name"]: {name: element.get(name) for name in FACETS}
        | {name: element.get(SAP + name) for name in ANNOTATIONS}
        for element in entity.iter(EDM + "Property")
    }


def keys(entity: ET.Element) -> list[str]:
    return [element.attrib["Name"] for element in entity.iter(EDM + "PropertyRef")]


def navigations(root: ET.Element, entity: ET.Element, served: set[str]) -> dict[str, tuple[str, str]]:
    """Navigation properties to served types: target type and multiplicity."""
    ends: dict[tuple[str, str], tuple[str, str]] = {}
    for association in root.iter(EDM + "Association"):
        for end in association.iter(EDM + "End"):
            target = end.attrib["Type"].rpartition(".")[2]
            ends[association.attrib["Name"], end.attrib["Role"]] = (target, end.attrib["Multiplicity"])
    found = {}
    for nav in entity.iter(EDM + "NavigationProperty"):
        end_of = ends[nav.attrib["Relationship"].rpartition(".")[2], nav.attrib["ToRole"]]
        if end_of[0] in served:
            found[nav.attrib["Name"]] = end_of
    return found


@pytest.fixture(scope="module")
def ours() -> ET.Element:
    return ET.fromstring(edmx(SALES_ORDER_SERVICE, "https://localhost"))


@pytest.mark.parametrize("name", sorted(SALES_ORDER_SERVICE.sets))
def test_declaration_equals_the_real_metadata(ours: ET.Element, name: str) -> None:
    if not REFERENCE.exists():
        pytest.skip(f"no reference EDMX at ../{REFERENCE.parents[2].name}/data/edmx beside the checkout")
    theirs = ET.parse(REFERENCE).getroot()
    served = {entity.type_name for entity in SALES_ORDER_SERVICE.sets.values()}
    mine, real = types(ours)[name + "Type"], types(theirs)[name + "Type"]
    assert properties(mine) == properties(real)
    assert list(properties(mine)) == list(properties(real)) and keys(mine) == keys(real)
    assert navigations(ours, mine, served) == navigations(theirs, real, served)


def test_the_document_holds_together(ours: ET.Element) -> None:
    sets = {element.attrib["Name"]: element.attrib["EntityType"] for element in ours.iter(EDM + "EntitySet")}
    assert len(sets) == 6 and sets["A_SalesOrder"] == "API_SALES_ORDER_SRV.A_SalesOrderType"
    associations = {element.attrib["Name"] for element in ours.iter(EDM + "Association")}
    for nav in ours.iter(EDM + "NavigationProperty"):
        assert nav.attrib["Relationship"].rpartition(".")[2] in associations
    for end in ours.iter(EDM + "AssociationSet"):
        assert {part.attrib["EntitySet"] for part in end.iter(EDM + "End")} <= set(sets)


def test_the_sandbox_serves_this_document(client: Any) -> None:
    answer = client.get("$metadata", Accept="application/xml")
    assert answer.headers["sap-metadata-last-modified"] and answer.headers["dataserviceversion"] == "2.0"
    root = ET.fromstring(answer.content)
    assert set(types(root)) == {entity.type_name for entity in SALES_ORDER_SERVICE.sets.values()}
    assert root[0].get(META + "DataServiceVersion") == "2.0"
