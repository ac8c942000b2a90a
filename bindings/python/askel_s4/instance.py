# SPDX-License-Identifier: Apache-2.0
"""The library as one product process uses it: a vault, an HTTP engine, an event queue."""

import json
import os
from ctypes import byref, c_char, c_void_p, cast, memset
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from ._enums import Auth, ClientAuth
from ._errors import check
from ._ffi import lib
from ._handle import Handle
from ._structs import ConnectionOptions, InstanceOptions
from ._values import list_in, take_text, text_in, unsigned_in
from .connection import Connection, connection_of

PathText = Union[str, "os.PathLike[str]"]


class Instance:
    """Opens the vault under its key. Threads may share it. Nothing is sent anywhere by opening it."""

    def __init__(
        self,
        vault: PathText,
        *,
        key_file: Optional[PathText] = None,
        key: Union[bytes, bytearray, None] = None,
        event_capacity: Optional[int] = None,
    ) -> None:
        """Exactly one of `key_file` and `key` is given.

        :param vault: path of the vault, a file; made where absent
        :param key_file: path of the key-encryption key, a file with mode 0600 (create_key_file makes one)
        :param key: the key-encryption key itself, 32 random bytes
        :param event_capacity: events kept for events(); default 1024
        """
        self.vault = os.fspath(vault)
        self._handle = Handle("instance", lib.instance_close)
        options = InstanceOptions(
            vault_path=text_in("vault", self.vault),
            key_file=text_in("key_file", None if key_file is None else os.fspath(key_file)),
            event_capacity=unsigned_in("event_capacity", event_capacity, 32),
        )
        copy = (c_char * len(key)).from_buffer_copy(key) if key is not None else None
        if copy is not None:
            options.key, options.key_size = cast(copy, c_void_p), len(copy)
        try:
            check(lib.instance_open, byref(options), self._handle.out)
        finally:
            if copy is not None:
                memset(copy, 0, len(copy))

    @staticmethod
    def create_key_file(path: PathText) -> None:
        """Makes a new key file of 32 random bytes with mode 0600; an existing file is left alone. Keep a copy in
        a safe place: without the key nothing in the vault opens."""
        check(lib.key_file_create, text_in("path", os.fspath(path)))

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
        user: Optional[str] = None,
        password: Optional[str] = None,
        allow_host: Union[str, Sequence[str], None] = None,
        ca_file: Optional[PathText] = None,
    ) -> Connection:
        """Stores a connection sealed, or replaces the whole credential of one that is there. Nothing is sent:
        Connection.check() proves it. To rotate a secret give every member again, allow_host and ca_file too: what is
        left out is removed.

        :param id: the product's own name for it, 1 to 128 bytes without control characters
        :param host: API host of the tenant: "my300000-api.s4hana.cloud.sap", also with a port or "https://" before it
        :param auth: how the tenant is logged on to: client credentials of OAuth 2.0, or HTTP Basic
        :param token_url: for client credentials: "https://my300000-api.s4hana.cloud.sap/sap/bc/sec/oauth2/token"
        :param client_id: for client credentials: the OAuth client of the communication arrangement
        :param client_secret: for client credentials: its secret
        :param client_auth: how the secret is shown to the token endpoint: in the Authorization header, or in the form
        :param scope: for client credentials: scope to ask for; None is the client's default
        :param user: for HTTP Basic: the communication user
        :param password: for HTTP Basic: its password
        :param allow_host: hosts that are admitted although they are no host of S/4HANA Cloud Public Edition or are in
            a private network ("localhost"), without port: names in a sequence, or separated by commas
        :param ca_file: PEM file of the authorities to trust instead of the system's; read now
        :raises HostRefused: the host or the token URL is none that this connection may talk to
        """
        options = ConnectionOptions(
            id=text_in("id", id),
            host=text_in("host", host),
            auth=auth,
            token_url=text_in("token_url", token_url),
            client_id=text_in("client_id", client_id),
            client_secret=text_in("client_secret", client_secret),
            client_auth=client_auth,
            scope=text_in("scope", scope),
            user=text_in("user", user),
            password=text_in("password", password),
            allow_host=list_in("allow_host", allow_host),
            ca_file=text_in("ca_file", None if ca_file is None else os.fspath(ca_file)),
        )
        with self._handle as pointer:
            check(lib.connection_put, pointer, byref(options))
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
            check(lib.connection_delete, pointer, text_in("id", id), text_in("actor", actor))

    def status(self) -> Dict[str, Any]:
        """How the instance stands, a dict:

        - "version": the library's; "vault_id": the vault's; "connections": how many it holds
        - "wiping": "full", or "partial" where the process had initialised libcurl before this library, so that
          libcurl's own copies of headers are freed without being wiped
        - "curl", "tls": versions of libcurl and of its TLS library
        - "mints", "requests": tokens minted and requests sent by this instance
        - "events_dropped": events that nobody took in time
        """
        result: Dict[str, Any] = self._json(lib.instance_status)
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
          "active", "expired", "unauthorised", "unreachable"); "recovered": whether it works again after a failure;
          "at": when ("2026-11-23T09:30:00.123Z"); "code" and "message": why ("invalid_client"), None for a success
        - "state_not_saved": the vault could not be written, so other processes do not know of the state; "connection",
          "to", "at", "message"
        - "events_dropped": "count" events were dropped because more waited than event_capacity
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

    def _json(self, function: Any, *arguments: Any) -> Any:
        with self._handle as pointer:
            return json.loads(take_text(function, pointer, *arguments))

    def __enter__(self) -> "Instance":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<askel_s4.Instance {self.vault!r}{' closed' if self._handle.closed else ''}>"
