# SPDX-License-Identifier: Apache-2.0
"""Key-encryption keys: what the vault is sealed under."""

import ctypes
import math
import os
from abc import ABC, abstractmethod
from ctypes import c_char, c_void_p, cast, memset, string_at
from typing import Any, Callable, List, Optional, Union

from . import _callbacks
from ._enums import Code, KeyKind
from ._errors import InvalidArgument, VaultUnavailable
from ._ffi import lib
from ._structs import FreeFunction, KeyFunction, KeyOptions
from ._values import text_in

#: Wraps or unwraps a key: of its bytes and of the bytes that it is bound to.
KeyOperation = Callable[[bytes, bytes], bytes]


class Key(ABC):
    """A key-encryption key: KeyFile, KeyBytes, Passphrase or ServiceKey. Instances may share it."""

    @abstractmethod
    def _fill(self, given: "GivenKeys", options: KeyOptions) -> None:
        """Fills in the members of its kind."""


class KeyFile(Key):
    """A file with mode 0600 or 0400 of 32 raw bytes or 64 hexadecimal digits; Instance.create_key_file makes one.

    :param allow_shared: admits a file that others may read, as read-only secret volumes of containers have them
    """

    def __init__(self, path: "Union[str, os.PathLike[str]]", *, allow_shared: bool = False) -> None:
        self.path = os.fspath(path)
        self.allow_shared = allow_shared

    def _fill(self, given: "GivenKeys", options: KeyOptions) -> None:
        options.kind = KeyKind.FILE
        options.file = text_in("path", self.path)
        options.allow_shared_file = int(self.allow_shared)

    def __repr__(self) -> str:
        return f"KeyFile({self.path!r}{', allow_shared=True' if self.allow_shared else ''})"


class KeyBytes(Key):
    """The key itself: 32 random bytes."""

    def __init__(self, data: Union[bytes, bytearray]) -> None:
        self._data = data

    def _fill(self, given: "GivenKeys", options: KeyOptions) -> None:
        options.kind = KeyKind.BYTES
        options.bytes, options.size = given.copy("data", self._data)

    def __repr__(self) -> str:
        return "KeyBytes(...)"


class Passphrase(Key):
    """A passphrase of 8 to 1024 bytes, stretched by scrypt: opening the vault takes half a second and 128 MiB."""

    def __init__(self, text: Union[str, bytes, bytearray]) -> None:
        self._text = text

    def _fill(self, given: "GivenKeys", options: KeyOptions) -> None:
        text = self._text.encode() if isinstance(self._text, str) else self._text
        options.kind = KeyKind.PASSPHRASE
        options.bytes, options.size = given.copy("text", text)

    def __repr__(self) -> str:
        return "Passphrase(...)"


class ServiceKey(Key):
    """A key that never leaves its key management service (KMS).

    `wrap(data, associated_data)` encrypts a key of at most 1 KiB there, `unwrap(data, associated_data)` decrypts what
    `wrap` gave, at most 16 KiB. The service must bind `associated_data`, at most 512 bytes and not secret, to the
    wrapped key and demand it again ("encryption context", "additional authenticated data"). Both run inside calls of
    the product, on their threads, several at once, and may take their time: one `unwrap` for each connection that is
    opened, not for each request. What they raise ends the call and is raised by it again, with the library's error as
    its context: VaultUnavailable where it is a VaultUnavailable, ConnectionError or TimeoutError (the service is down,
    and may come back), else VaultKeyRefused.

    Python does not wipe the bytes that go through here: they stay in its memory until it is used again.

    :param name: what the key is called there, 1 to 512 bytes; stands in the vault, in clear, to tell keys apart
    :param data_key_ttl: seconds for which an unwrapped key is kept in locked memory, so that opening a connection again
        asks nothing; None is the default of 300; 0 or less: not at all
    """

    def __init__(
        self, name: str, wrap: KeyOperation, unwrap: KeyOperation, *, data_key_ttl: Optional[float] = 300.0
    ) -> None:
        for title, operation in (("wrap", wrap), ("unwrap", unwrap)):
            if not callable(operation):
                raise TypeError(f"{title} must be callable, not {type(operation).__name__}")
        self.name = name
        self.wrap = wrap
        self.unwrap = unwrap
        self.data_key_ttl = data_key_ttl

    def _fill(self, given: "GivenKeys", options: KeyOptions) -> None:
        options.kind = KeyKind.SERVICE
        options.name = text_in("name", self.name)
        options.data_key_ttl_ms = _ttl_in(self.data_key_ttl)
        options.wrap, options.unwrap, options.free_fn = _WRAP, _UNWRAP, _FREE
        options.userdata = given.hold(self)

    def __repr__(self) -> str:
        return f"ServiceKey({self.name!r})"


class GivenKeys:
    """Keys on their way into one call: `with GivenKeys() as given`, whose end wipes the copies."""

    def __init__(self) -> None:
        self._copies: List[ctypes.Array[c_char]] = []
        self._numbers: List[int] = []
        self._taken = False

    def add(self, name: str, key: Optional[Key]) -> Any:
        """The struct of a key, for a pointer member; None where there is none."""
        if key is None:
            return None
        if not isinstance(key, Key):
            kinds = "KeyFile, KeyBytes, Passphrase or ServiceKey"
            raise TypeError(f"{name} must be a {kinds}, not {type(key).__name__}")
        options = KeyOptions()
        key._fill(self, options)
        return ctypes.pointer(options)

    def copy(self, name: str, data: Union[bytes, bytearray]) -> Any:
        """Address and size of a copy."""
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError(f"{name} must be bytes, not {type(data).__name__}")
        copy = (c_char * len(data)).from_buffer_copy(data)
        self._copies.append(copy)
        return cast(copy, c_void_p), len(data)

    def hold(self, key: ServiceKey) -> int:
        """The userdata of a key with callbacks."""
        number = _held.add(key)
        self._numbers.append(number)
        return number

    def take(self) -> None:
        """From here on the library lets go of the keys when it needs them no more: said right before the call."""
        self._taken = True

    def __enter__(self) -> "GivenKeys":
        return self

    def __exit__(self, *_: object) -> None:
        for copy in self._copies:
            memset(copy, 0, len(copy))
        if not self._taken:
            for number in self._numbers:
                _held.free(number)


_held: "_callbacks.Held[ServiceKey]" = _callbacks.Held()


def _wrap(userdata: int, data: int, size: int, associated: int, associated_size: int, sink: int) -> int:
    try:
        return _run(_held[userdata].wrap, string_at(data, size), string_at(associated, associated_size), sink)
    except BaseException as exception:
        return _failed(sink, exception)


def _unwrap(userdata: int, data: int, size: int, associated: int, associated_size: int, sink: int) -> int:
    try:
        return _run(_held[userdata].unwrap, string_at(data, size), string_at(associated, associated_size), sink)
    except BaseException as exception:
        return _failed(sink, exception)


def _failed(sink: int, exception: BaseException) -> int:
    """Tells a service that is down from one that refuses."""
    if isinstance(exception, (VaultUnavailable, ConnectionError, TimeoutError)):
        _callbacks.failed(sink, exception, raised_for=Code.VAULT_UNAVAILABLE)
        return Code.VAULT_UNAVAILABLE
    return _callbacks.failed(sink, exception, raised_for=Code.VAULT_KEY_REFUSED)


def _run(operation: KeyOperation, data: bytes, associated_data: bytes, sink: int) -> int:
    # An exception before the first line of a callback cannot be caught there, and ctypes then returns what is left of
    # an earlier one. The library takes that for no success: bytes were not given.
    result = operation(data, associated_data)
    if isinstance(result, (bytearray, memoryview)):
        result = bytes(result)
    if not isinstance(result, bytes):
        raise TypeError(f"a key service's callback must give bytes, not {type(result).__name__}")
    lib.sink_bytes(c_void_p(sink), result, len(result))
    return 0


_WRAP = _callbacks.immortal(KeyFunction, _wrap)
_UNWRAP = _callbacks.immortal(KeyFunction, _unwrap)
_FREE = _held.free_fn(FreeFunction)


def _ttl_in(seconds: Optional[float]) -> int:
    if seconds is None:
        return 0
    if not -math.inf <= seconds < 1e9:
        raise InvalidArgument(f"data_key_ttl is {seconds}; it must be a number of seconds", target="data_key_ttl")
    return math.ceil(seconds * 1000) if seconds > 0 else -1
