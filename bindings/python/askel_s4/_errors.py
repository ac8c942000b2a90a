# SPDX-License-Identifier: Apache-2.0
"""The library's errors as exceptions: one class for each thing that a caller does next."""

import json
from ctypes import byref, c_void_p
from typing import Any, Dict, List, Optional, Type

from . import _callbacks
from ._enums import Code, Outcome
from ._ffi import lib


class AskelError(Exception):
    """Why an operation did not come to its end. Never holds a secret or a token."""

    #: The status code; an int that Code does not know comes from a later library.
    code: int = Code.INTERNAL
    #: SAP's code or the token endpoint's ("invalid_client"); "" where there is none. Decide on this, not on the text.
    sap_code: str = ""
    #: HTTP status of the answer, or 0 where no answer came.
    http_status: int = 0
    #: What became of the operation at the tenant.
    outcome: int = Outcome.NOT_SENT
    #: Whether the same call may succeed later without any change.
    retryable: bool = False
    #: Seconds that the tenant asked to wait, or None where it said nothing.
    retry_after: Optional[int] = None
    #: What the error is about: an argument's name, a property, a service path; may be "".
    target: str = ""
    #: Id of the failed request (header X-Request-Id); "" where nothing was sent.
    request_id: str = ""

    def __init__(self, message: str, *, target: str = "") -> None:
        super().__init__(message)
        self.target = target
        #: SAP's further messages: dicts with "code", "message", "severity", "target".
        self.details: List[Dict[str, Any]] = []


class InvalidArgument(AskelError, ValueError):
    """The call is wrong: the message names the argument."""

    code = Code.INVALID_ARGUMENT


class Closed(AskelError):
    """The object or its instance was closed."""

    code = Code.CLOSED


class Forked(AskelError):
    """The object was made before fork(): open a new Instance in this process."""

    code = Code.FORKED


class Cancelled(AskelError):
    """The operation was cancelled."""

    code = Code.CANCELLED


class TimedOut(AskelError):
    """The deadline passed before the answer was complete."""

    code = Code.TIMED_OUT


class NotFound(AskelError):
    """There is no such connection, entity set or document."""

    code = Code.NOT_FOUND


class Conflict(AskelError):
    """The object is not in the state that this needs: the message says what to do first."""

    code = Code.CONFLICT


class VaultError(AskelError):
    """The vault does not open, read or write."""


class VaultUnavailable(VaultError):
    """The vault's file cannot be opened, read or written."""

    code = Code.VAULT_UNAVAILABLE


class VaultKeyRefused(VaultError):
    """The key does not open this vault, or the key file is not fit."""

    code = Code.VAULT_KEY_REFUSED


class VaultCorrupt(VaultError):
    """A record of the vault does not prove genuine."""

    code = Code.VAULT_CORRUPT


class HostRefused(AskelError):
    """The host or token URL is none that this connection may talk to."""

    code = Code.HOST_REFUSED


class OriginRefused(AskelError):
    """An answer pointed to another origin. It was not followed and no credential was sent there."""

    code = Code.ORIGIN_REFUSED


class CredentialExpired(AskelError):
    """The tenant rejected the credential. It is not sent again until a new one is put or a check is asked for."""

    code = Code.CREDENTIAL_EXPIRED


class Unauthorised(AskelError):
    """The credential is good but this service is not open to it: look at the communication arrangement."""

    code = Code.UNAUTHORISED


class Unreachable(AskelError):
    """No usable answer: name resolution, network, or a 5xx."""

    code = Code.UNREACHABLE


class TlsRefused(AskelError):
    """The server's certificate or TLS version was not accepted."""

    code = Code.TLS_REFUSED


class Throttled(AskelError):
    """The tenant asked to slow down: `retry_after` says for how long."""

    code = Code.THROTTLED


class UnknownOutcome(AskelError):
    """A write may have reached the tenant, and no answer proves what became of it. It is never repeated by itself: read
    the document back first."""

    code = Code.UNKNOWN_OUTCOME


class ServiceError(AskelError):
    """SAP answered with an error: `sap_code` and the message are SAP's."""

    code = Code.SERVICE_ERROR


class NotOData(AskelError):
    """The answer is a web page or another type than asked for: wrong host, or a login page in between."""

    code = Code.NOT_ODATA


class MalformedAnswer(AskelError):
    """The answer is cut off, or not what its type says. No row of it was delivered."""

    code = Code.MALFORMED_ANSWER


class ReadInconsistent(AskelError):
    """The pages do not add up. The rows so far are no complete set."""

    code = Code.READ_INCONSISTENT


class TooLarge(AskelError):
    """The answer passes a size limit of the client."""

    code = Code.TOO_LARGE


class PreconditionFailed(AskelError):
    """The document was changed since its ETag was read; nothing was written. Read it again, and decide anew."""

    code = Code.PRECONDITION_FAILED


class PreconditionRequired(AskelError):
    """The tenant writes this document with its ETag alone; nothing was written."""

    code = Code.PRECONDITION_REQUIRED


class HostUnfit(AskelError):
    """This process cannot carry the library."""

    code = Code.HOST_UNFIT


class InternalError(AskelError):
    """A defect of the library: please report it."""

    code = Code.INTERNAL


_CLASSES: Dict[int, Type[AskelError]] = {
    int(each.code): each
    for each in (
        InvalidArgument,
        Closed,
        Forked,
        Cancelled,
        TimedOut,
        NotFound,
        Conflict,
        VaultUnavailable,
        VaultKeyRefused,
        VaultCorrupt,
        HostRefused,
        OriginRefused,
        CredentialExpired,
        Unauthorised,
        Unreachable,
        TlsRefused,
        Throttled,
        UnknownOutcome,
        ServiceError,
        NotOData,
        MalformedAnswer,
        ReadInconsistent,
        TooLarge,
        PreconditionFailed,
        PreconditionRequired,
        HostUnfit,
        InternalError,
    )
}


def check(function: Any, *arguments: Any) -> None:
    """Calls a function whose last parameter is `out_error`, and raises what it reports, or what a callback raised."""
    pointer = c_void_p()
    outer = _callbacks.take() if _callbacks.pending else None
    status = function(*arguments, byref(pointer))
    caught = _callbacks.take() if _callbacks.pending else None
    if outer is not None:
        _callbacks.put_back(outer)
    if status == Code.OK and caught is None:
        return
    error = None
    if status != Code.OK:
        try:
            error = _from_pointer(status, pointer)
        finally:
            lib.error_free(pointer)
    if caught is not None:
        caught.end(error)
    if error is not None:
        raise error


def _from_pointer(status: int, pointer: c_void_p) -> AskelError:
    error = _CLASSES.get(status, AskelError)(lib.error_message(pointer).decode())
    error.code = Code(status) if status in Code.__members__.values() else status
    error.sap_code = lib.error_sap_code(pointer).decode()
    error.http_status = lib.error_http_status(pointer)
    outcome = lib.error_outcome(pointer)
    error.outcome = Outcome(outcome) if outcome in Outcome.__members__.values() else outcome
    error.retryable = bool(lib.error_retryable(pointer))
    seconds = lib.error_retry_after_s(pointer)
    error.retry_after = None if seconds < 0 else seconds
    error.target = lib.error_target(pointer).decode()
    error.request_id = lib.error_request_id(pointer).decode()
    error.details = json.loads(lib.error_details(pointer))
    return error
