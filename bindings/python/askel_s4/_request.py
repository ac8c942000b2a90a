# SPDX-License-Identifier: Apache-2.0
"""A request of the product's own making."""

from typing import TYPE_CHECKING, Iterable, Mapping, Optional, Tuple, Union

from ._ffi import lib
from ._handle import Handle
from ._structs import Header, RequestOptions
from ._trace import trace_in
from ._values import text_in, timeout_in
from ._write import Body, body_in
from .row import Document, answered

Headers = Union[Mapping[str, str], Iterable[Tuple[str, str]]]


class Requesting:
    """Requests for what the other methods have no form for: a REST service, an OData V4 action, a $batch."""

    if TYPE_CHECKING:
        _handle: Handle

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Optional[Body] = None,
        content_type: Optional[str] = None,
        headers: Optional[Headers] = None,
        service: Optional[str] = None,
        repeatable: bool = False,
        timeout: Optional[float] = None,
    ) -> Document:
        """Sends a request to the connection's host, with its credential.

        :param method: GET, HEAD, POST, PUT, PATCH, MERGE or DELETE
        :param path: path and query, percent-encoded, beginning with "/"
        :param body: bytes, text, or a mapping that goes out as JSON
        :param content_type: of the body; default application/json
        :param headers: further ones; Accept is application/json where none is given
        :param service: whose CSRF session it carries, where it writes
        :param repeatable: sent twice it does what it does once, as a $batch of reads: it is sent again after a lost
            connection
        :returns: what was answered with 200..299 or 304: `content` is its body, and a JSON object has its fields
        :raises UnknownOutcome: no answer proves what became of it, and it is not repeatable
        """
        given = list(headers.items() if isinstance(headers, Mapping) else headers or ())
        if content_type is not None:
            given.append(("Content-Type", content_type))
        data = None if body is None else body_in(body, path)
        options = RequestOptions(
            method=text_in("method", method),
            path=text_in("path", path),
            headers=(Header * len(given))(*[Header(text_in("headers", n), text_in("headers", v)) for n, v in given]),
            header_count=len(given),
            body=data,
            body_size=len(data or b""),
            service=text_in("service", service),
            repeatable=int(repeatable),
            timeout_ms=timeout_in(timeout),
            traceparent=trace_in(),
        )
        return answered(self._handle, lib.client_request, options)
