# SPDX-License-Identifier: Apache-2.0
"""The tenant's own time: it begins on the data's `today`, whatever the date of the machine is."""

from __future__ import annotations

import datetime as dt
import time

from .plan import DAY_MS, EPOCH


class Clock:
    """Gives moments that never repeat, so that every change gives another ETag."""

    def __init__(self, today: dt.date):
        self._offset_ms = ((today - EPOCH).days - int(time.time() * 1000) // DAY_MS) * DAY_MS
        self._last = 0

    def ticks(self) -> int:
        """100 ns since 1970, with microseconds as ABAP's time stamps have them."""
        self._last = max(self._last + 10, int(time.time() * 1e6) * 10 + self._offset_ms * 10_000)
        return self._last


def day_ms(ticks: int) -> int:
    """Midnight of that moment's day, in milliseconds since 1970."""
    return ticks // 10_000 // DAY_MS * DAY_MS
