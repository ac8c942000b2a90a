# SPDX-License-Identifier: Apache-2.0
"""What the four servers share: settings, credentials, counters, faults, data."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from .ca import CLIENT_NAME
from .credentials import CertifiedClient, CommunicationUser, OAuthClient
from .exchange import Answer
from .faults import Faults
from .marks import marked
from .odata.query import Reader
from .odata.render import Renderer
from .odata.schema import Service
from .odata.table import Database
from .repeatable import Repeated
from .sessions import Sessions
from .settings import Settings
from .stats import Stats
from .tenant.order_book import OrderBook
from .tenant.tables import SALES_ORDER_SERVICE, sales_order_database

_CACHE_BYTES = 48_000_000


@dataclass
class Urls:
    """Base URLs of the servers, known once they listen."""

    api: str = ""
    token: str = ""
    control: str = ""
    foreign: str = ""
    silent: str = ""
    closing: str = ""


class AnswerCache:
    """Finished answers of reads, bounded in bytes: a benchmark then measures the client and not this server."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[Any, ...], Answer] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[Any, ...]) -> Answer | None:
        """The answer kept under the key."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def put(self, key: tuple[Any, ...], answer: Answer) -> None:
        """Keeps an answer; the oldest go when there are too many bytes."""
        size = len(answer.body) + len(answer.gzipped or b"")
        if key in self._answers or size > _CACHE_BYTES // 4:
            return
        self._answers[key] = answer
        self._bytes += size
        while self._bytes > _CACHE_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= len(oldest.body) + len(oldest.gzipped or b"")


@dataclass
class Mounted:
    """A service with its data, as the API serves it."""

    service: Service
    database: Database
    reader: Reader
    renderer: Renderer

    @classmethod
    def of(cls, service: Service, database: Database) -> Mounted:
        """Mounts a service over its tables."""
        return cls(service, database, Reader(database), Renderer(service, database))


@dataclass
class Tenant:
    """One running sandbox tenant."""

    seed: int
    today: dt.date
    settings: Settings
    client: OAuthClient
    user: CommunicationUser
    services: dict[str, Mounted]
    orders: OrderBook
    certified: CertifiedClient = field(default_factory=lambda: CertifiedClient(CLIENT_NAME))
    urls: Urls = field(default_factory=Urls)
    stats: Stats = field(default_factory=Stats)
    faults: Faults = field(default_factory=Faults)
    cache: AnswerCache = field(default_factory=AnswerCache)
    sessions: Sessions = field(default_factory=Sessions)
    repeated: Repeated = field(default_factory=Repeated)
    foreign_log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def open_orders(self) -> int:
        """How many orders are open, whenever they were created."""
        orders = self.services[SALES_ORDER_SERVICE.name].database.tables["A_SalesOrder"]
        return sum(orders.value(row, "OverallSDProcessStatus") != "C" for row in orders.rows)


def make_tenant(seed: int, today: dt.date, settings: Settings) -> Tenant:
    """A tenant with fresh credentials and the data of that seed and date."""
    database = sales_order_database(seed, today)
    for name in ("A_SalesOrder", "A_SalesOrderItem", "A_SalesOrderScheduleLine"):
        _ = database.tables[name].rows  # Made now, so that the first read is not slower than the rest.
    return Tenant(
        seed=seed,
        today=today,
        settings=settings,
        client=OAuthClient(f"sb-nordvik-{secrets.token_hex(4)}!b1710|s4-sandbox", [marked(32)]),
        user=CommunicationUser("NORDVIK_COMM_USER", marked(24)),
        services={SALES_ORDER_SERVICE.name: Mounted.of(SALES_ORDER_SERVICE, database)},
        orders=OrderBook(database, SALES_ORDER_SERVICE.sets, seed, today),
    )
