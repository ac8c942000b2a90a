# SPDX-License-Identifier: Apache-2.0
"""A key management service in this process, for tests: it counts what it is asked, and can be taken away."""

import secrets
import threading
from typing import Any, Dict, List, Optional, Tuple

from askel_s4 import ServiceKey


class KeyService:
    """A key of a service. What it wraps it keeps, and gives out a name for it."""

    def __init__(self, name: str = "keys/vault") -> None:
        self.name = name
        #: Raised in place of an answer.
        self.failure: Optional[BaseException] = None
        self.threads: List[int] = []
        self._kept: Dict[bytes, Tuple[bytes, bytes]] = {}
        self._asked: List[str] = []
        self._lock = threading.Lock()

    def key(self, **options: Any) -> ServiceKey:
        return ServiceKey(self.name, self.wrap, self.unwrap, **options)

    def asked(self, verb: str) -> int:
        """How often it was asked since the last time that this was."""
        with self._lock:
            count = self._asked.count(verb)
            self._asked = [each for each in self._asked if each != verb]
        return count

    def wrap(self, data: bytes, associated_data: bytes) -> bytes:
        self._note("wrap")
        wrapped = secrets.token_bytes(48)
        with self._lock:
            self._kept[wrapped] = data, associated_data
        return wrapped

    def unwrap(self, data: bytes, associated_data: bytes) -> bytes:
        self._note("unwrap")
        with self._lock:
            kept, bound_to = self._kept[data]
        if bound_to != associated_data:
            raise PermissionError("it belongs to something else")
        return kept

    def _note(self, verb: str) -> None:
        with self._lock:
            self._asked.append(verb)
            self.threads.append(threading.get_ident())
        if self.failure is not None:
            raise self.failure
