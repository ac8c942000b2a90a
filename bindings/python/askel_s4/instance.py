# SPDX-License-Identifier: Apache-2.0
"""The library as one product process uses it: a vault, an HTTP engine, an event queue."""

import json
import os
from ctypes import addressof, byref
from datetime import date, datetime
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from ._enums import Auth, ClientAuth, LogLevel, VaultFlag
from ._errors import check as checked
from ._ffi import lib
from ._handle import Handle
from ._keys import GivenKeys, Key
from ._store import Store, store_in
from ._structs import ConnectionOptions, InstanceOptions
from ._values import limit_in, list_in, moment_in, pairs_in, pem_in, take_text, text_in, unsigned_in
from ._vault import Vault
from .connection import Connection, connection_of

PathText = Union[str, "os.PathLike[str]"]


class Instance(Vault):
    """Opens the vault under its key. Threads may share it. Nothing is sent anywhere by opening it."""

    def __init__(
        self,
        vault: Optional[PathText] = None,
        *,
        key_file: Optional[PathText] = None,
        key: Union[bytes, bytearray, None] = None,
        vault_key: Optional[Key] = None,
        other_key: Optional[Key] = None,
        store: Optional[Store] = None,
        read_only: bool = False,
        check: bool = False,
        event_capacity: Optional[int] = None,
        mints_per_second: Optional[int] = None,
        log_level: LogLevel = LogLevel.OFF,
    ) -> None:
        """Exactly one of `vault` and `store`, and of `key_file`, `key` and `vault_key`, is given.

        :param vault: path of the vault, a file; made where absent
        :param key_file: path of the key-encryption key, a file with mode 0600 (create_key_file makes one)
        :param key: the key-encryption key itself, 32 random bytes
        :param vault_key: the key-encryption key, of any kind; a new vault is sealed under it
        :param other_key: a second key that may open the vault: the new one before it is rotated to, or the old one
            until that has ended
        :param store: the product's own database in place of `vault`; close it after the instance
        :param read_only: nothing is written, as for a vault on a read-only mount: states and audit entries are not
            kept, and what would change the vault is refused
        :param check: the whole file is looked through first
        :param event_capacity: events kept for events(); default 1024
        :param mints_per_second: token requests to one endpoint in any second, over all clients; default 50, 0 is as
            many as are asked for
        :param log_level: which log records come through events()
        """
        self.vault = None if vault is None else os.fspath(vault)
        self.store = store
        self._handle = Handle("instance", lib.instance_close)
        options = InstanceOptions(
            vault_path=text_in("vault", self.vault),
            key_file=text_in("key_file", None if key_file is None else os.fspath(key_file)),
            event_capacity=unsigned_in("event_capacity", event_capacity, 32),
            mints_per_second=limit_in("mints_per_second", mints_per_second),
            log_level=log_level,
            vault_flags=(VaultFlag.READ_ONLY if read_only else 0) | (VaultFlag.CHECK if check else 0),
        )
        with GivenKeys() as given:
            if key is not None:
                options.key, options.key_size = given.copy("key", key)
            options.vault_key = given.add("vault_key", vault_key)
            options.other_key = given.add("other_key", other_key)
            # Last: the library lets go of it, once it was called.
            held = None if store is None else store_in(store)
            options.store = None if held is None else addressof(held)
            given.take()
            checked(lib.instance_open, byref(options), self._handle.out)

    @staticmethod
    def create_key_file(path: PathText) -> None:
        """Makes a new key file of 32 random bytes with mode 0600; an existing file is left alone. Keep a copy in
        a safe place: without the key nothing in the vault opens."""
        checked(lib.key_file_create, text_in("path", os.fspath(path)))

    def put_connection(
        self,
        id: str,
        host: str,
        *,
        auth: Auth = Auth.CLIENT_CREDENTIALS,
        token_url: Optional[str] = None,
        client_id: Optional[str] = None,
        client_secret: Optional[str] = None,
        client_auth: ClientAuth = ClientAuth.SECRET_BASIC,
        scope: Optional[str] = None,
        token_params: Union[Mapping[str, str], Sequence[Tuple[str, str]], None] = None,
        user: Optional[str] = None,
        password: Optional[str] = None,
        allow_host: Union[str, Sequence[str], None] = None,
        ca_file: Optional[PathText] = None,
        client_certificate: Union[str, bytes, None] = None,
        client_key: Union[str, bytes, None] = None,
        expires_at: Union[datetime, date, str, None] = None,
        expiring_days: Optional[int] = None,
        actor: Optional[str] = None,
    ) -> Connection:
        """Stores a connection sealed, or replaces the whole credential of one that is there, and removes one that
        stands beside it. Nothing is sent: Connection.check() proves it. What is left out is removed. To change a secret
        without a gap, stage the new one: stage_connection().

        :param id: the product's own name for it, 1 to 128 bytes without control characters
        :param host: API host of the tenant: "my300000-api.s4hana.cloud.sap", also with a port or "https://" before it
        :param auth: how the tenant is logged on to: client credentials of OAuth 2.0, HTTP Basic, or a certificate
        :param token_url: for client credentials: "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token"
        :param client_id: for client credentials: the OAuth client of the communication arrangement
        :param client_secret: for client credentials: its secret
        :param client_auth: how the client shows to the token endpoint who it is: its secret in the Authorization header
            or in the form, or a certificate
        :param scope: for client credentials: scope to ask for; None is the client's default
        :param token_params: for client credentials: what this tenant's token endpoint wants besides, such as
            {"resource": "..."}; pairs, where a name comes more than once. No secrets: they are shown
        :param user: for HTTP Basic: the communication user
        :param password: for HTTP Basic: its password
        :param allow_host: hosts that are admitted although they are no host of S/4HANA Cloud Public Edition or are in
            a private network ("localhost"), without port: names in a sequence, or separated by commas
        :param ca_file: PEM file of the authorities to trust instead of the system's; read now
        :param client_certificate: for certificates: the client certificate and its chain, PEM text
        :param client_key: for certificates: its private key, PEM text, not encrypted
        :param expires_at: when the secret or password ends, a date being its beginning in UTC; of a client certificate
            its own end counts where that is earlier
        :param expiring_days: days before the end from which on the state is "expiring"; default 14
        :param actor: who does it, for the audit trail
        :raises HostRefused: the host or the token URL is none that this connection may talk to
        """
        return self._put(
            lib.connection_put,
            id,
            host=host,
            auth=auth,
            token_url=token_url,
            client_id=client_id,
            client_secret=client_secret,
            client_auth=client_auth,
            scope=scope,
            token_params=token_params,
            user=user,
            password=password,
            allow_host=allow_host,
            ca_file=ca_file,
            client_certificate=client_certificate,
            client_key=client_key,
            expires_at=expires_at,
            expiring_days=expiring_days,
            actor=actor,
        )

    def stage_connection(
        self,
        id: str,
        *,
        host: Optional[str] = None,
        auth: Auth = Auth.CLIENT_CREDENTIALS,
        token_url: Optional[str] = None,
        client_id: Optional[str] = None,
        client_secret: Optional[str] = None,
        client_auth: ClientAuth = ClientAuth.SECRET_BASIC,
        scope: Optional[str] = None,
        token_params: Union[Mapping[str, str], Sequence[Tuple[str, str]], None] = None,
        user: Optional[str] = None,
        password: Optional[str] = None,
        allow_host: Union[str, Sequence[str], None] = None,
        ca_file: Optional[PathText] = None,
        client_certificate: Union[str, bytes, None] = None,
        client_key: Union[str, bytes, None] = None,
        expires_at: Union[datetime, date, str, None] = None,
        expiring_days: Optional[int] = None,
        actor: Optional[str] = None,
    ) -> Connection:
        """Stores a second credential beside the live one, sealed, to be proven (Connection.check(beside=True)) before
        it takes over (Connection.promote()). When the tenant rejects the live one and this one is proven, the library
        goes over to it by itself, once, with the event "credential_switched". One that is staged already is replaced.

        The parameters are those of put_connection(). What is left out is taken over from the live credential where
        `auth` is the same (`client_auth` too where `client_id` is left out), so that `client_secret` is enough for
        a new secret; `expires_at` is not taken over. `token_params` that are empty take the live ones away.

        :raises NotFound: there is no such connection
        """
        return self._put(
            lib.connection_stage,
            id,
            host=host,
            auth=auth,
            token_url=token_url,
            client_id=client_id,
            client_secret=client_secret,
            client_auth=client_auth,
            scope=scope,
            token_params=token_params,
            user=user,
            password=password,
            allow_host=allow_host,
            ca_file=ca_file,
            client_certificate=client_certificate,
            client_key=client_key,
            expires_at=expires_at,
            expiring_days=expiring_days,
            actor=actor,
        )

    def _put(self, function: Any, id: str, **given: Any) -> Connection:
        options = ConnectionOptions(id=text_in("id", id))
        parameters = pairs_in("token_params", given.pop("token_params"))
        if parameters is not None:
            options.token_params, options.token_param_count = parameters, len(parameters)
        for name, value in given.items():
            setattr(options, name, _MEMBERS.get(name, text_in)(name, value))
        with self._handle as pointer:
            checked(function, pointer, byref(options))
        return self.connection(id)

    def connection(self, id: str) -> Connection:
        """What is known of a connection. Raises NotFound where there is none."""
        return connection_of(self, self._json(lib.connection_get, text_in("id", id)))

    def connections(self) -> List[Connection]:
        """All connections, ordered by id."""
        return [connection_of(self, each) for each in self._json(lib.connection_list)]

    def delete_connection(self, id: str, *, actor: Optional[str] = None) -> None:
        """Deletes a connection and its data key. Its clients raise NotFound from their next operation on.

        :param actor: who does it, for the audit trail
        """
        with self._handle as pointer:
            checked(lib.connection_delete, pointer, text_in("id", id), text_in("actor", actor))

    def status(self) -> Dict[str, Any]:
        """How the instance stands, a dict:

        - "version": the library's; "vault_id": the vault's; "connections": how many it holds
        - "wiping": "full", or "partial" where the process had initialised libcurl before this library, so that
          libcurl's own copies of headers are freed without being wiped
        - "curl", "tls": versions of libcurl and of its TLS library
        - "mints", "requests": tokens minted and requests sent by this instance
        - "events_dropped": events that nobody took in time
        - "memory_locked": False where the limit on locked memory (RLIMIT_MEMLOCK) has no room: secrets are then wiped
          all the same, but may reach the swap
        """
        result: Dict[str, Any] = self._json(lib.instance_status)
        return result

    def stats(self, connection: Optional[str] = None) -> Dict[str, Any]:
        """Counts of the requests since the instance was opened, of one connection or of all together, a dict:

        - "connection", "since": whose counts, and since when
        - "api", "token": each a dict of "requests" (every attempt is one), "retries" (those of them that repeat one),
          "answers" ({"2xx": 38, ...}), "unanswered", "bytes_sent", "bytes_wire" (bodies as they came), "bytes"
          (decompressed), and "latency_ms": {"count", "sum", "max", "le": [[1, 0], [2, 3], ...]}, where "le" counts the
          requests that took so many milliseconds or less
        """
        result: Dict[str, Any] = self._json(lib.instance_stats, text_in("connection", connection))
        return result

    @property
    def event_fd(self) -> int:
        """A descriptor that is readable while events wait: poll it, do not read or close it."""
        with self._handle as pointer:
            descriptor: int = lib.instance_event_fd(pointer)
            return descriptor

    def events(self) -> Iterator[Dict[str, Any]]:
        """Takes the events that wait, oldest first, and ends when there are no more; event_fd tells of new ones. Each
        event goes to one taker. It is a dict whose "event" is one of

        - "connection_state": the connection with the id "connection" went "from" one state "to" another ("new",
          "active", "expiring", "expired", "unauthorised", "unreachable"); "recovered": whether it works again after
          a failure; "at": when ("2026-11-23T09:30:00.123Z"); "code" and "message": why ("invalid_client"), None for
          a success
        - "state_not_saved": the vault could not be written, so other processes do not know of the state; "connection",
          "to", "at", "message"
        - "credential_switched": the live credential of "connection" was rejected with "code", and the proven one that
          stood beside it took over; "from_generation", "to_generation", "at"
        - "events_dropped": "count" events were dropped because more waited than event_capacity
        - "log", where the instance has a log_level: a request ended; "level", "at", "what" ("request",
          "token_request"), "connection", "request_id", "traceparent", "attempt", "method", "host", "path" (without
          query and keys), "ms", "http_status" (0: no answer), "bytes", "status" (a Code), "message"
        - "log_dropped": "count" log records were dropped; they have room of their own
        """
        while True:
            with self._handle as pointer:
                text = take_text(lib.instance_next_event, pointer)
            if not text:
                return
            yield json.loads(text)

    def close(self) -> None:
        """Cancels what still runs and wipes the keys. Clients and cursors that are still there raise Closed."""
        self._handle.close()

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<askel_s4.Instance {self.vault or self.store!r}{' closed' if self._handle.closed else ''}>"


# How members of a connection come in that are no text.
_MEMBERS: Dict[str, Callable[[str, Any], Any]] = {
    "auth": lambda _, value: value,
    "client_auth": lambda _, value: value,
    "allow_host": list_in,
    "ca_file": lambda name, value: text_in(name, None if value is None else os.fspath(value)),
    "client_certificate": pem_in,
    "client_key": pem_in,
    "expires_at": moment_in,
    "expiring_days": lambda name, value: unsigned_in(name, value, 32),
}
