# SPDX-License-Identifier: Apache-2.0
"""A customer's connection: what is known of it, never its secret."""

from ctypes import byref
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, Optional

from ._call import Call
from ._enums import HttpVersion
from ._errors import check
from ._ffi import lib
from ._structs import CheckOptions
from ._values import datetime_out, text_in, timeout_in
from .client import Client

if TYPE_CHECKING:
    from .instance import Instance


@dataclass(frozen=True)
class Token:
    """What the token endpoint said of a token that was minted and discarded."""

    type: str
    expires_in_s: Optional[int]
    scope: Optional[str]


@dataclass(frozen=True)
class CheckResult:
    """A credential that passed."""

    connection: str
    state: str
    #: None with HTTP Basic: there is nothing to mint.
    token: Optional[Token]
    #: Path of the service that was probed.
    service: Optional[str]
    ms: int


@dataclass(frozen=True)
class Connection:
    """A connection as it stood when it was asked for; Instance.connection() tells it anew."""

    id: str
    host: str
    auth: str
    token_url: Optional[str]
    client_id: Optional[str]
    client_auth: Optional[str]
    scope: Optional[str]
    user: Optional[str]
    allow_host: Optional[str]
    has_ca: bool
    generation: int
    #: "new", "active", "expired", "unauthorised" or "unreachable".
    state: str
    since: Optional[datetime]
    last_proof: Optional[datetime]
    #: Code of the last failure ("invalid_client"); None after a success.
    last_error: Optional[str]
    _instance: "Instance" = field(repr=False, compare=False)

    def check(self, service: Optional[str] = None, *, timeout: Optional[float] = None) -> CheckResult:
        """Proves the credential, also one that was rejected before: a token is minted and discarded.

        :param service: service to probe after the mint; with HTTP Basic it must be given
        :param timeout: seconds for the whole check; default 30
        :raises CredentialExpired, Unauthorised, Unreachable, TlsRefused, NotOData: it does not pass
        """
        options = CheckOptions(service=text_in("service", service), timeout_ms=timeout_in(timeout))
        with Call() as call:
            with self._instance._handle as pointer:
                check(lib.connection_check, pointer, text_in("id", self.id), byref(options), call.out)
            call.wait()
            result = _known(CheckResult, call.take_json())
        if result["token"] is not None:
            result["token"] = Token(**_known(Token, result["token"]))
        return CheckResult(**result)

    def client(
        self,
        *,
        http_version: HttpVersion = HttpVersion.HTTP_1_1,
        max_answer_bytes: Optional[int] = None,
        language: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Client:
        """Opens the connection for work. Nothing is sent.

        :param max_answer_bytes: largest answer after decompression; default 256 MiB
        :param language: language of SAP's texts; default "en"
        :param timeout: seconds for an operation that names none; default 60
        """
        return Client(
            self._instance,
            self.id,
            http_version=http_version,
            max_answer_bytes=max_answer_bytes,
            language=language,
            timeout=timeout,
        )


def connection_of(instance: "Instance", data: Dict[str, Any]) -> Connection:
    """A connection of the object that the library gives."""
    known = _known(Connection, data)
    for name in ("since", "last_proof"):
        if known[name] is not None:
            known[name] = datetime_out(known[name])
    return Connection(_instance=instance, **known)


def _known(cls: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    """The members that this binding knows: a later library may tell more."""
    return {each.name: data.get(each.name) for each in fields(cls) if each.name != "_instance"}
