# SPDX-License-Identifier: Apache-2.0
"""Writing one document."""

import json
from ctypes import byref
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Optional, Tuple, Union

from ._call import Call
from ._enums import WriteKind
from ._errors import check
from ._ffi import lib
from ._handle import Handle
from ._structs import InvokeOptions, SettleOptions, WriteOptions
from ._trace import trace_in
from ._values import ParamValue, params_in, text_in, timeout_in
from .row import Document, answered

KeyValue = Union[ParamValue, Mapping[str, ParamValue]]
Body = Union[Mapping[str, Any], str, bytes]


class Settled(NamedTuple):
    """What became of a write."""

    #: "created", "not_created" (none came for the whole quiet period) or "unknown" (the deadline came before that).
    outcome: str
    #: Keys of all documents that have the reference, at most 100: "SalesOrder='4711'".
    documents: Tuple[str, ...]
    #: How often was looked.
    looks: int


class Writing:
    """What a client writes. A write goes out once; it is sent again only where the tenant's answer proves that it was
    not processed. A body is a mapping in SAP's spelling, or JSON. Decimal, date and datetime in a mapping take the form
    of OData V2, or of V4 where the service is a path with "/odata4/" in it."""

    if TYPE_CHECKING:
        _handle: Handle

    def create(
        self,
        service: str,
        entity_set: str,
        body: Body,
        *,
        below: Optional[Tuple[KeyValue, str]] = None,
        repeatable: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        """Creates a document, with the documents below it that the body holds.

        :param below: key and navigation property of the document of `entity_set` to create it below:
            ("4711", "to_Item")
        :param repeatable: the service knows repeatable requests (RequestID, RepeatabilityCreation): the tenant carries
            the write out once however often it comes, and it is sent again after a lost answer
        :returns: the new document as the tenant answered it
        :raises UnknownOutcome: no answer proves what became of it: read it back before you create it again
        """
        key, navigation = below if below is not None else (None, None)
        return self._write(
            WriteKind.CREATE,
            service,
            entity_set,
            key,
            body,
            navigation=navigation,
            repeatable=repeatable,
            timeout=timeout,
        )

    def update(
        self,
        service: str,
        entity_set: str,
        key: KeyValue,
        body: Body,
        *,
        etag: Optional[str] = None,
        any_etag: bool = False,
        merge: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        """Changes the properties that the body holds.

        :param etag: as it was read with the document: one that was changed since then is left alone
        :param any_etag: in place of etag: what others changed is overwritten
        :param merge: by the verb MERGE instead of PATCH, for services that know that alone
        :raises PreconditionFailed: it was changed since its ETag was read
        """
        kind = WriteKind.MERGE if merge else WriteKind.UPDATE
        return self._write(kind, service, entity_set, key, body, etag=etag, any_etag=any_etag, timeout=timeout)

    def replace(
        self,
        service: str,
        entity_set: str,
        key: KeyValue,
        body: Body,
        *,
        etag: Optional[str] = None,
        any_etag: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        """Makes a document what the body says; properties left out go back to their defaults. See update()."""
        return self._write(
            WriteKind.REPLACE, service, entity_set, key, body, etag=etag, any_etag=any_etag, timeout=timeout
        )

    def delete(
        self,
        service: str,
        entity_set: str,
        key: KeyValue,
        *,
        etag: Optional[str] = None,
        any_etag: bool = False,
        timeout: Optional[float] = None,
    ) -> None:
        """Deletes a document. See update()."""
        self._write(WriteKind.DELETE, service, entity_set, key, b"", etag=etag, any_etag=any_etag, timeout=timeout)

    def invoke(
        self,
        service: str,
        operation: str,
        arguments: Optional[Mapping[str, ParamValue]] = None,
        *,
        entity_set: Optional[str] = None,
        key: Optional[KeyValue] = None,
        body: Optional[Body] = None,
        etag: Optional[str] = None,
        any_etag: bool = False,
        repeatable: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        """Calls an operation of a service: a function import of OData V2, a function or an action of V4. One that
        $metadata declares with POST may change something and goes out once, as a write does.

        :param operation: "releaseApprovalRequest"; of a bound one with or without its namespace
        :param arguments: by name; those of an action of V4 stand in the body
        :param entity_set: V4: what it is bound to, with the key of a document or without
        :param body: action of V4: its parameters
        :param repeatable: as in create()
        :returns: the document or value that it gave back
        :raises NotFound: the service has no such operation
        """
        text, params = key_in(key)
        given = dict(arguments or {})
        values = params_in(list(given.values()))
        data = None if body is None else body_in(body, service)
        options = InvokeOptions(
            service=text_in("service", service),
            operation=text_in("operation", operation),
            entity_set=text_in("entity_set", entity_set),
            key=text_in("key", text),
            params=params,
            param_count=len(params),
            arguments=text_in("arguments", ",".join(f"{name}=?" for name in given) or None),
            argument_params=values,
            argument_param_count=len(values),
            body=data,
            body_size=len(data or b""),
            etag=text_in("etag", etag),
            any_etag=int(any_etag),
            repeatable=int(repeatable),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        return answered(self._handle, lib.client_invoke, options)

    def settle(
        self,
        service: str,
        entity_set: str,
        field: str,
        reference: str,
        *,
        quiet: Optional[float] = None,
        timeout: Optional[float] = None,
    ) -> Settled:
        """Finds out what became of a create() that ended with UnknownOutcome: reads back by the reference until the
        document is there or the quiet period is over.

        :param field: property whose value the product made unique for each write: "PurchaseOrderByCustomer"
        :param reference: its value in this write
        :param quiet: seconds without such a document after which none is to be expected; default 60
        :param timeout: seconds; default is the quiet period and a minute more
        """
        options = SettleOptions(
            service=text_in("service", service),
            entity_set=text_in("entity_set", entity_set),
            field=text_in("field", field),
            reference=text_in("reference", reference),
            quiet_ms=timeout_in(quiet),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        with Call() as call:
            with self._handle as pointer:
                check(lib.client_settle, pointer, byref(options), call.out)
            call.wait()
            result = call.take_json()
        return Settled(result["outcome"], tuple(result["documents"]), result["looks"])

    def _write(
        self,
        kind: WriteKind,
        service: str,
        entity_set: str,
        key: Optional[KeyValue],
        body: Body,
        *,
        navigation: Optional[str] = None,
        etag: Optional[str] = None,
        any_etag: bool = False,
        repeatable: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        text, params = key_in(key)
        data = body_in(body, service)
        options = WriteOptions(
            kind=kind,
            service=text_in("service", service),
            entity_set=text_in("entity_set", entity_set),
            key=text_in("key", text),
            params=params,
            param_count=len(params),
            navigation=text_in("navigation", navigation),
            body=data or None,
            body_size=len(data),
            etag=text_in("etag", etag),
            any_etag=int(any_etag),
            repeatable=int(repeatable),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        return answered(self._handle, lib.client_write, options)


def key_in(key: Optional[KeyValue]) -> Tuple[Optional[str], Any]:
    """A key as text with a ? for each parameter, and these; (None, none) for None."""
    if key is None:
        return None, params_in([])
    if isinstance(key, Mapping):
        return ",".join(f"{name}=?" for name in key), params_in(list(key.values()))
    return "?", params_in([key])


def body_in(body: Body, service: str) -> bytes:
    if isinstance(body, bytes):
        return body
    form = _value4 if "/odata4/" in service else _value
    return (body if isinstance(body, str) else json.dumps(body, default=form, ensure_ascii=False)).encode()


def _value(value: object) -> str:
    """Values that JSON has no form for, as OData V2 writes them."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        at_midnight = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
        aware = _aware(value) if isinstance(value, datetime) else at_midnight
        return f"/Date({round(aware.timestamp() * 1000)})/"
    raise TypeError(f"a body cannot hold a {type(value).__name__}")


def _value4(value: object) -> Union[str, float]:
    """The same, as OData V4 writes them."""
    if isinstance(value, Decimal):
        number = float(value)
        if not value.is_finite() or Decimal(repr(number)) != value:
            raise TypeError(f"a body cannot hold the Decimal {value} exactly: give the body as JSON text")
        return number
    if isinstance(value, datetime):
        return _aware(value).astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return _value(value)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise TypeError("a datetime of a body must have a time zone")
    return value
