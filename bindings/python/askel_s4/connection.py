# SPDX-License-Identifier: Apache-2.0
"""A customer's connection: what is known of it, never its secret."""

from ctypes import byref
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

from ._call import Call
from ._enums import HttpVersion, MintPolicy
from ._errors import check
from ._ffi import lib
from ._structs import CheckOptions
from ._values import datetime_out, text_in, texts_in, timeout_in
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
class ServiceResult:
    """How one of the services that were checked stands."""

    #: Its path.
    service: str
    #: "readable", "not_in_arrangement" (the API refused it to a good credential), "not_found" or "failing".
    status: str
    #: None where no answer came.
    http_status: Optional[int]
    #: SAP's code, or the HTTP status, or the library's; None where it is readable.
    code: Optional[str]
    message: Optional[str]
    ms: int


@dataclass(frozen=True)
class CheckResult:
    """A credential that passed."""

    connection: str
    state: str
    #: None with HTTP Basic: there is nothing to mint.
    token: Optional[Token]
    #: Path of the service that was probed.
    service: Optional[str]
    #: Of each of the services that were listed how it stands, in their order.
    services: Tuple[ServiceResult, ...]
    ms: int


@dataclass(frozen=True)
class Certificate:
    """A client certificate."""

    subject: str
    not_after: datetime


@dataclass(frozen=True)
class Credential:
    """What is known of a credential, live or beside the live one."""

    host: str
    auth: str
    token_url: Optional[str]
    client_id: Optional[str]
    client_auth: Optional[str]
    scope: Optional[str]
    #: Names and values of what the token endpoint is told besides.
    token_params: Tuple[Tuple[str, str], ...]
    user: Optional[str]
    allow_host: Optional[str]
    has_ca: bool
    certificate: Optional[Certificate]
    generation: int
    #: "new", "active", "expiring" (it works, and its end is near or past), "expired" (the tenant rejected it),
    #: "unauthorised" or "unreachable".
    state: str
    since: Optional[datetime]
    last_proof: Optional[datetime]
    #: Code of the last failure ("invalid_client"); None after a success.
    last_error: Optional[str]
    #: When it ends, as far as is known.
    expires_at: Optional[datetime]


@dataclass(frozen=True)
class Beside(Credential):
    """The credential that stands beside the live one."""

    #: "staged", or "former": the live one until another was promoted.
    role: str


@dataclass(frozen=True)
class Connection(Credential):
    """A connection as it stood when it was asked for; Instance.connection() tells it anew."""

    id: str
    beside: Optional[Beside]
    _instance: "Instance" = field(repr=False, compare=False)

    def check(
        self,
        service: Optional[str] = None,
        *,
        services: Sequence[str] = (),
        beside: bool = False,
        actor: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> CheckResult:
        """Proves the credential, also one that was rejected before: a token is minted and discarded.

        :param service: service to probe after the mint; with HTTP Basic it, or services, must be given
        :param services: instead: up to 200 services; the result says of each whether it is readable, and that one is
            not is no error
        :param beside: proves the credential that stands beside the live one
        :param actor: who asks, for the audit trail
        :param timeout: seconds for the whole check; default 30
        :raises CredentialExpired, Unauthorised, Unreachable, TlsRefused, NotOData: it does not pass
        """
        array = texts_in("services", services)
        options = CheckOptions(
            service=text_in("service", service),
            services=array,
            service_count=len(array),
            timeout_ms=timeout_in(timeout),
            beside=int(beside),
            actor=text_in("actor", actor),
        )
        with Call() as call:
            with self._instance._handle as pointer:
                check(lib.connection_check, pointer, text_in("id", self.id), byref(options), call.out)
            call.wait()
            result = _known(CheckResult, call.take_json())
        if result["token"] is not None:
            result["token"] = Token(**_known(Token, result["token"]))
        result["services"] = tuple(ServiceResult(**_known(ServiceResult, each)) for each in result["services"] or ())
        return CheckResult(**result)

    def promote(self, *, actor: Optional[str] = None) -> "Connection":
        """Makes the credential beside the live one the live one, and the live one the former, which can be promoted
        back until it is retired. Clients that are open use it from their next operation on.

        :raises Conflict: none stands beside it, or it is not proven: check(beside=True) first
        :returns: the connection as it stands then
        """
        self._change(lib.connection_promote, actor)
        return self._instance.connection(self.id)

    def retire(self, *, actor: Optional[str] = None) -> "Connection":
        """Deletes the credential that stands beside the live one, staged or former.

        :raises Conflict: none stands beside it
        :returns: the connection as it stands then
        """
        self._change(lib.connection_retire, actor)
        return self._instance.connection(self.id)

    def _change(self, function: Any, actor: Optional[str]) -> None:
        with self._instance._handle as pointer:
            check(function, pointer, text_in("id", self.id), text_in("actor", actor))

    def client(
        self,
        *,
        http_version: HttpVersion = HttpVersion.HTTP_1_1,
        max_answer_bytes: Optional[int] = None,
        language: Optional[str] = None,
        timeout: Optional[float] = None,
        retries: Optional[int] = None,
        mint_policy: MintPolicy = MintPolicy.PER_REQUEST,
    ) -> Client:
        """Opens the connection for work. Nothing is sent.

        :param max_answer_bytes: largest answer after decompression; default 256 MiB
        :param language: language of SAP's texts; default "en"
        :param timeout: seconds for an operation that names none; default 60
        :param retries: how often a read, or a token request, is sent again after a lost connection or a passing error,
            within its time; default 4, 0 is never. The receipt counts them
        :param mint_policy: a token for each request, or one for all requests of a cursor or other call
        """
        return Client(
            self._instance,
            self.id,
            http_version=http_version,
            max_answer_bytes=max_answer_bytes,
            language=language,
            timeout=timeout,
            retries=retries,
            mint_policy=mint_policy,
        )


def connection_of(instance: "Instance", data: Dict[str, Any]) -> Connection:
    """A connection of the object that the library gives."""
    known = _credential(Connection, data)
    if known["beside"] is not None:
        known["beside"] = Beside(**_credential(Beside, known["beside"]))
    return Connection(_instance=instance, **known)


def _credential(cls: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    known = _known(cls, data)
    for name in ("since", "last_proof", "expires_at"):
        if known[name] is not None:
            known[name] = datetime_out(known[name])
    known["token_params"] = tuple((each["name"], each["value"]) for each in known["token_params"] or ())
    if known["certificate"] is not None:
        certificate = _known(Certificate, known["certificate"])
        known["certificate"] = Certificate(certificate["subject"], datetime_out(certificate["not_after"]))
    return known


def _known(cls: Any, data: Dict[str, Any]) -> Dict[str, Any]:
    """The members that this binding knows: a later library may tell more."""
    return {each.name: data.get(each.name) for each in fields(cls) if each.name != "_instance"}
