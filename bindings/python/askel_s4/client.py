# SPDX-License-Identifier: Apache-2.0
"""A connection, open for work."""

from ctypes import byref
from datetime import date, datetime
from typing import TYPE_CHECKING, Mapping, Optional, Sequence, Union

from ._enums import Delivery, HttpVersion, MintPolicy
from ._errors import check
from ._ffi import lib
from ._handle import ExclusiveHandle, Handle
from ._request import Requesting
from ._structs import ClientOptions, GetOptions, ReadOptions, SalesOrderOptions
from ._trace import trace_in
from ._values import ParamValue, limit_in, list_in, params_in, text_in, timeout_in, unsigned_in
from ._write import Writing, key_in
from .cursor import Cursor
from .row import Document, answered

if TYPE_CHECKING:
    from .instance import Instance


class Client(Writing, Requesting):
    """One connection, open for work; Connection.client() opens it. Threads may share it. A token is minted for each
    request, used once, and wiped, unless `mint_policy` says otherwise."""

    def __init__(
        self,
        instance: "Instance",
        connection: str,
        *,
        http_version: HttpVersion = HttpVersion.HTTP_1_1,
        max_answer_bytes: Optional[int] = None,
        language: Optional[str] = None,
        retries: Optional[int] = None,
        timeout: Optional[float] = None,
        mint_policy: MintPolicy = MintPolicy.PER_REQUEST,
    ) -> None:
        self.connection_id = connection
        # Keeps the instance open while this client is there.
        self._instance = instance
        self._handle = Handle("client", lib.client_free)
        options = ClientOptions(
            connection=text_in("connection", connection),
            http_version=http_version,
            max_answer_bytes=unsigned_in("max_answer_bytes", max_answer_bytes, 64),
            language=text_in("language", language),
            timeout_ms=timeout_in(timeout),
            retries=limit_in("retries", retries),
            mint_policy=mint_policy,
        )
        with instance._handle as pointer:
            check(lib.client_open, pointer, byref(options), self._handle.out)

    def read(
        self,
        service: str,
        entity_set: str,
        filter: Optional[str] = None,
        params: Sequence[ParamValue] = (),
        *,
        select: Union[str, Sequence[str], None] = None,
        expand: Union[str, Sequence[str], None] = None,
        orderby: Union[str, Sequence[str], None] = None,
        top: Optional[int] = None,
        page_size: Optional[int] = None,
        count: bool = False,
        timeout: Optional[float] = None,
    ) -> Cursor:
        """Prepares a read; the first row asked of it sends the first request.

        :param service: name ("API_SALES_ORDER_SRV") or whole path that begins with "/"
        :param filter: with a `?` for each of `params`: "OverallSDProcessStatus ne ? and CreationDate ge ?"
        :param params: str, int, Decimal, bool, date, datetime (with a time zone), time, UUID, None
        :param orderby: by default the key, so that pages neither overlap nor leave gaps
        :param top: most rows to deliver over all pages
        :param page_size: rows a page to ask the server for; it may send others
        :param count: asks for the server's own count, where it can
        :param timeout: seconds for each page
        """
        array = params_in(params)
        options = ReadOptions(
            service=text_in("service", service),
            entity_set=text_in("entity_set", entity_set),
            filter=text_in("filter", filter),
            params=array,
            param_count=len(array),
            select=list_in("select", select),
            expand=list_in("expand", expand),
            orderby=list_in("orderby", orderby),
            top=unsigned_in("top", top, 64),
            page_size=unsigned_in("page_size", page_size, 32),
            count=int(count),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        cursor = ExclusiveHandle("cursor", lib.cursor_free)
        with self._handle as pointer:
            check(lib.client_read, pointer, byref(options), cursor.out)
        return Cursor(self, cursor)

    def get(
        self,
        service: str,
        entity_set: str,
        key: Union[ParamValue, Mapping[str, ParamValue]],
        *,
        select: Union[str, Sequence[str], None] = None,
        expand: Union[str, Sequence[str], None] = None,
        timeout: Optional[float] = None,
    ) -> Document:
        """Gets one document.

        :param key: the value of a key of one property, or {"SalesOrder": "1", "SalesOrderItem": "10"}
        :raises NotFound: there is no such document
        """
        text, array = key_in(key)
        options = GetOptions(
            service=text_in("service", service),
            entity_set=text_in("entity_set", entity_set),
            key=text_in("key", text),
            params=array,
            param_count=len(array),
            select=list_in("select", select),
            expand=list_in("expand", expand),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        return answered(self._handle, lib.client_get, options)

    def sales_orders(
        self,
        created_from: Union[str, date, None] = None,
        *,
        delivery: Delivery = Delivery.ANY,
        include_completed: bool = False,
        with_items: bool = False,
        page_size: Optional[int] = None,
        count: bool = False,
        timeout: Optional[float] = None,
    ) -> Cursor:
        """Prepares a read of sales orders, open ones unless told otherwise, with the fields that an order list shows.

        :param created_from: first creation date
        :param with_items: each order with its items and their schedule lines (to_Item, to_ScheduleLine)
        """
        if isinstance(created_from, datetime):
            raise TypeError("created_from must be a date or text, not a datetime")
        day = created_from.isoformat() if isinstance(created_from, date) else created_from
        options = SalesOrderOptions(
            created_from=text_in("created_from", day),
            delivery=delivery,
            include_completed=int(include_completed),
            with_items=int(with_items),
            page_size=unsigned_in("page_size", page_size, 32),
            count=int(count),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        cursor = ExclusiveHandle("cursor", lib.cursor_free)
        with self._handle as pointer:
            check(lib.sales_order_read, pointer, byref(options), cursor.out)
        return Cursor(self, cursor)

    def close(self) -> None:
        """Frees the client; its cursors go on. Its credential is wiped when the last of them is gone."""
        self._handle.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<askel_s4.Client {self.connection_id!r}{' closed' if self._handle.closed else ''}>"
