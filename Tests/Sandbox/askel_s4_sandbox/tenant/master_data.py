# SPDX-License-Identifier: Apache-2.0
"""Nordvik Manufacturing AG's customers, materials and texts: small, fixed tables that the orders draw from."""

from __future__ import annotations

import random
from dataclasses import dataclass

COMPANY = "Nordvik Manufacturing AG"
SALES_ORGANIZATION = "1010"
PLANT = "1010"
CUSTOMER_COUNT = 60

_CITIES = ("Hamburg", "München", "Zürich", "Łódź", "Malmö", "Genève", "Rotterdam", "Århus", "Wien", "Torino")

# Customer references that an encoder can get wrong. At most 35 UTF-16 units each (MaxLength of the property).
TRICKY_REFERENCES = (
    'O\'Neil & Söhne "Eil" \\ 7',
    "Bestellung „Größe L“",
    "🚚 Eil-PO 42 🚀",
    "C:\\temp\\po\\17",
    "l'été à Genève",
    "<b>PO</b> &amp; Co",
    "Übermaß ß ẞ",
    "a/b?c#d&e=f",
    "100 % + 5 = ?",
    "''''",
    '"quoted"',
    "注文 2231",
    "טלפון 12",
    "tab\there",
    "line\u2028break",
    "e\u0301 combining",
    " spaces around ",
    "back\\\\slash \\u0041",
    '{"json":[1,2]}',
    "null",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A sold-to party. `weight` is its share of orders (relative), `size` multiplies its quantities."""

    number: str
    city: str
    currency: str
    weight: float
    size: float
    terms: str
    incoterms: str


@dataclass(frozen=True, slots=True)
class Material:
    """A product. `price` is in cents of any currency, weights in grams a unit; `unit` is (unit, SAP unit, ISO unit)."""

    number: str
    text: str
    group: str
    price: int
    gross: int
    net: int
    unit: tuple[str, str, str]
    service: bool


_PIECE = ("PC", "ST", "PCE")
_KILOGRAM = ("KG", "KG", "KGM")
_HOUR = ("H", "STD", "HUR")
_GOODS = (
    "Gear housing",
    "Drive shaft",
    "Ball bearing",
    "Control unit",
    "Hydraulic pump",
    "Sensor",
    "Seal kit",
    "Valve",
)


def customers(rng: random.Random) -> list[Customer]:
    """Sixty customers: the first ones order often and much, so that a top ten means something."""
    found = []
    for rank in range(1, CUSTOMER_COUNT + 1):
        currency = "CHF" if rank % 17 == 5 else "USD" if rank % 23 == 11 else "EUR"
        found.append(
            Customer(
                number=f"{10100000 + rank:010d}",
                city=_CITIES[rank % len(_CITIES)],
                currency=currency,
                weight=1.0 / rank**0.7,
                size=0.4 + 6.0 / rank**0.5 * rng.uniform(0.6, 1.4),
                terms=rng.choice(("0001", "0002", "0004")),
                incoterms=rng.choice(("EXW", "FCA", "CPT", "DAP")),
            )
        )
    return found


def materials(rng: random.Random) -> list[Material]:
    """Eighty goods (some by the kilogram) and eight services; services need no delivery."""
    found = []
    for number in range(80):
        kind = _GOODS[number % len(_GOODS)]
        unit = _KILOGRAM if number % 11 == 4 else _PIECE
        net = rng.randrange(200, 40_000)
        found.append(
            Material(
                f"NM-{1000 + number}",
                f"{kind} {chr(65 + number // 8)}{number % 8 + 1}",
                f"L{number % 8 + 1:03d}",
                int(10 ** rng.uniform(2.6, 5.3)),
                net + net // 12,
                net,
                unit,
                False,
            )
        )
    for number in range(8):
        found.append(
            Material(
                f"NS-{100 + number}",
                f"Commissioning service {number + 1}",
                "P001",
                rng.randrange(6_000, 24_000),
                0,
                0,
                _HOUR,
                True,
            )
        )
    return found
