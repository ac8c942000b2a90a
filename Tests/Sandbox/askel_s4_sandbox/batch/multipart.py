# SPDX-License-Identifier: Apache-2.0
"""The bodies of `$batch` in the form multipart/mixed, without I/O: taken apart as strictly as the texts allow.

Source: OData 2.0 "Batch Processing"; OData V4.0 part 1, section 11.7; RFC 2046, section 5.1.1 (delimiters);
RFC 9112 (the messages inside). A GET without the blank line behind its headers is refused, as SAP Gateway is reported
to do (comment in pyodata's encode_multipart).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from http import HTTPStatus

from multidict import CIMultiDict

from ..exchange import Answer
from ..odata.errors import ODataError

MOST_OPERATIONS = 1_000
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LINE = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1")


def malformed(message: str) -> ODataError:
    """400 for the batch as a whole: nothing of it was executed."""
    return ODataError(400, f"Malformed batch request: {message}", "SANDBOX/400")


@dataclass
class Operation:
    """One request of a batch. `url` is as it was sent: absolute, an absolute path, relative, or `$ID…`."""

    method: str
    url: str
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    body: bytes = b""
    content_id: str | None = None


@dataclass
class ChangeSet:
    """Requests that are executed whole or not at all."""

    operations: list[Operation]


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart/mixed media type, quoted or not. Throws 400."""
    media, _, rest = content_type.partition(";")
    if media.strip().lower() != "multipart/mixed":
        raise malformed(f"{media.strip() or 'no type'} where multipart/mixed is needed")
    for part in rest.split(";"):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "boundary":
            value = value.strip()
            value = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
            if _BOUNDARY.fullmatch(value):
                return value
    raise malformed("multipart/mixed without a good boundary")


def parse_batch(content_type: str, body: bytes) -> list[Operation | ChangeSet]:
    """The operations in their order. Throws 400 for whatever breaks the format."""
    found: list[Operation | ChangeSet] = []
    for part in _parts(body, boundary_of(content_type)):
        headers, content = _message(part, "a part")
        media = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media == "multipart/mixed":
            inner = [_operation(each) for each in _parts(content, boundary_of(headers["Content-Type"]))]
            found.append(ChangeSet(inner))
        else:
            found.append(_operation(part))
    if not found:
        raise malformed("it has no part")
    if sum(len(each.operations) if isinstance(each, ChangeSet) else 1 for each in found) > MOST_OPERATIONS:
        raise malformed(f"more than {MOST_OPERATIONS} operations")
    return found


def _parts(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the delimiters; preamble and epilogue are left out. The CRLF in front of a delimiter is the
    delimiter's own."""
    delimiter = re.compile(rb"(?:\A|\r\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r\n|\Z)")
    found: list[bytes] = []
    start: int | None = None
    for match in delimiter.finditer(body):
        if start is not None:
            found.append(body[start : match.start()])
        if match[1]:
            return found
        start = match.end() + 2
    raise malformed(f"no closing delimiter --{boundary}--")


def _message(data: bytes, what: str) -> tuple[CIMultiDict[str], bytes]:
    """Headers and the rest behind the blank line."""
    if data.startswith(b"\r\n"):
        return CIMultiDict(), data[2:]
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        raise malformed(f"no blank line behind the headers of {what}")
    return _headers(head.split(b"\r\n"), what), rest


def _headers(lines: list[bytes], what: str) -> CIMultiDict[str]:
    found: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        text = line.decode("latin-1")
        name, colon, value = text.partition(":")
        if not colon or not _NAME.fullmatch(name) or re.search(r"[\r\n\0]", text):
            raise malformed(f"a header line of {what}")
        found.add(name, value.strip())
    return found


def _operation(part: bytes) -> Operation:
    mime, content = _message(part, "a part")
    if mime.get("Content-Type", "").partition(";")[0].strip().lower() != "application/http":
        raise malformed("a part is neither application/http nor a change set")
    if mime.get("Content-Transfer-Encoding", "").strip().lower() != "binary":
        raise malformed("a part without Content-Transfer-Encoding: binary")
    head, blank, body = content.partition(b"\r\n\r\n")
    if not blank:
        raise malformed("no blank line behind the headers of a request")
    first, *lines = head.split(b"\r\n")
    match = _LINE.fullmatch(first.decode("latin-1"))
    if match is None:
        raise malformed("the request line of a part")
    headers = _headers(lines, "a request")
    length = headers.get("Content-Length")
    if length is not None and length != str(len(body)):
        raise malformed(f"Content-Length is {length}, the body of that request has {len(body)} bytes")
    return Operation(match[1], match[2], headers, body, mime.get("Content-ID"))


@dataclass
class Outcome:
    """The answer to one operation."""

    answer: Answer
    content_id: str | None = None


def write_batch(outcomes: list[Outcome | list[Outcome]], status: int) -> Answer:
    """The answer as a whole; a list is a change set that went through."""
    boundary = secrets.token_hex(16).upper()
    body = _multipart(boundary, [_written(each) for each in outcomes])
    return Answer(status, body, f"multipart/mixed; boundary={boundary}")


def _written(outcome: Outcome | list[Outcome]) -> bytes:
    if isinstance(outcome, Outcome):
        return _http(outcome)
    boundary = secrets.token_hex(16).upper()
    body = _multipart(boundary, [_http(each) for each in outcome])
    head = f"Content-Type: multipart/mixed; boundary={boundary}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _multipart(boundary: str, parts: list[bytes]) -> bytes:
    return b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts) + f"--{boundary}--\r\n".encode()


def _http(outcome: Outcome) -> bytes:
    answer = outcome.answer
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    if answer.content_type:
        lines.append(f"Content-Type: {answer.content_type}")
    lines += [f"Content-Length: {len(answer.body)}", *(f"{name}: {value}" for name, value in answer.headers)]
    message = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + answer.body
    head = f"Content-Type: application/http\r\nContent-Length: {len(message)}\r\ncontent-transfer-encoding: binary\r\n"
    head += f"content-id: {outcome.content_id}\r\n" if outcome.content_id is not None else ""
    return head.encode("latin-1", "replace") + b"\r\n" + message
