# SPDX-License-Identifier: Apache-2.0
"""A product's store in the memory of one process."""

import threading
from typing import Dict, List, Optional, Sequence, Tuple

from askel_s4 import Store, StoreAction, StoreChange


class MemoryStore(Store):
    title = "the store in memory"

    def __init__(self) -> None:
        self.records: Dict[str, Tuple[int, bytes]] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Optional[Tuple[int, bytes]]:
        with self._lock:
            return self.records.get(key)

    def list(self, prefix: str, after: Optional[str], limit: int) -> List[Tuple[str, int, bytes]]:
        with self._lock:
            keys = sorted(key for key in self.records if key.startswith(prefix) and key > (after or ""))
            return [(key, *self.records[key]) for key in keys[:limit]]

    def commit(self, changes: Sequence[StoreChange]) -> bool:
        with self._lock:
            for change in changes:
                if self.records.get(change.key, (0, b""))[0] != change.expected_version:
                    return False
            for change in changes:
                if change.action == StoreAction.PUT:
                    self.records[change.key] = (change.version, change.value)
                elif change.action == StoreAction.DELETE:
                    del self.records[change.key]
            return True
