# SPDX-License-Identifier: Apache-2.0
"""Repeatable requests: who sends RequestID and RepeatabilityCreation gets a POST executed once, however often it comes.

Source: SAP Gateway, "Defining Settings for Idempotent Services": both request headers, and RepeatabilityResult
"accepted" on the answer; SAP's texts do not say what an equal id with another creation time gives (here: 400).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from aiohttp import web

from .exchange import Answer
from .odata.errors import ODataError
from .stats import Stats

_KEPT = 50_000


class Repeated:
    """The answers of repeatable requests, by caller and RequestID."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], tuple[str, Answer]] = OrderedDict()

    def once(self, request: web.BaseRequest, stats: Stats, execute: Callable[[], Answer]) -> Answer:
        """Executes the request, or gives the answer of the first time. Only good answers are kept."""
        name, created = request.headers.get("RequestID", ""), request.headers.get("RepeatabilityCreation", "")
        if not (name and created):
            return execute()
        key = (str(request.get("caller")), name)
        found = self._answers.get(key)
        if found is None:
            answer = execute()
            if answer.status < 300:
                self._answers[key] = created, _copy(answer)
                if len(self._answers) > _KEPT:
                    self._answers.popitem(last=False)
        elif found[0] != created:
            raise ODataError(400, f"RequestID {name} was used with another RepeatabilityCreation", "SANDBOX/400")
        else:
            stats.replays[name] += 1
            answer = _copy(found[1])
        answer.header("RepeatabilityResult", "accepted")
        return answer


def _copy(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, answer.content_type, list(answer.headers), answer.gzipped)
