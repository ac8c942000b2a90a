# SPDX-License-Identifier: Apache-2.0
"""Next links in the forms that SAP services use, and the faults that spoil a page or its link."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from .faults import Chosen
from .odata.options import Options
from .odata.query import Page, encode_token
from .odata.table import Row
from .state import Mounted, Tenant

_LINKS = {"next_foreign", "next_loop", "next_to_self_first", "next_http", "next_port80"}


@dataclass
class Read:
    """One read in progress. `base` is scheme and host as the client calls them."""

    tenant: Tenant
    mounted: Mounted
    request: web.BaseRequest
    options: Options
    base: str
    faults: Chosen

    @property
    def path(self) -> str:
        """The raw path of the request, without its query."""
        return self.request.raw_path.partition("?")[0]

    def query_with(self, token: str) -> str:
        """The request's options as they were sent, with the new token in front, its `$` as %24 (KBA 3072317)."""
        raw = self.options.raw
        old = [part for name, part in raw if name == "$skiptoken"]
        others = [part for name, part in raw if name != "$skiptoken"]
        if self.tenant.settings.repeat_skiptoken and old:
            return "&".join([*old, f"$skiptoken={token}", *others])
        return "&".join([f"%24skiptoken={token}", *others])

    def link_to(self, token: str | None) -> str | None:
        """The `__next` text in the form of the settings; None stays None."""
        if token is None:
            return None
        form, query = self.tenant.settings.next_link, self.query_with(token)
        if form == "absolute":
            return f"{self.base}{self.path}?{query}"
        if form == "host-relative":
            return f"{self.path}?{query}"
        # Relative to the service root, as the KBA's link is.
        below = self.path.split(f"/{self.mounted.service.name}", 1)[-1]
        return f"{below.partition('/')[2]}?{query}"


def rows_and_link(read: Read, page: Page) -> tuple[list[Row], str | None]:
    """What a page sends: its rows and its next link, spoiled by the request's faults.

    Fault args: `k` rows (1), `shift` true for a page that stays full.
    """
    rows, link, faults = page.rows, read.link_to(page.next_token), read.faults
    if "repeat_rows" in faults:
        count = int(faults["repeat_rows"].get("k", 1))
        rows = page.result[max(0, page.start - count) : page.start] + rows
    if "skip_rows" in faults:
        count = int(faults["skip_rows"].get("k", 1))
        rows = rows[count:]
        if faults["skip_rows"].get("shift") and page.next_token:
            # The page stays full, and the next one goes on behind it: only a count can tell.
            rows = page.result[page.start + count : page.end + count]
            left = None if page.left is None else page.left - (page.end - page.start)
            going_on = page.end + count < len(page.result)
            link = read.link_to(encode_token(page.end + count, left) if going_on else None)
    if "empty_page_with_next" in faults:
        rows = []
        # A counter inside keeps the tokens of several empty pages apart.
        link = read.link_to(encode_token(page.start, page.left, salt=sum(read.tenant.stats.faults.values()) + 1))
    chosen = faults.first(_LINKS)
    return rows, link if chosen is None else _spoiled_link(read, page, chosen)


def _spoiled_link(read: Read, page: Page, fault: str) -> str:
    # On the last page too: there a link is made up.
    target = f"{read.path}?{read.query_with(page.next_token or encode_token(page.end, None))}"
    if fault == "next_foreign":
        return read.tenant.urls.foreign + target
    if fault == "next_loop":
        return read.base + read.request.raw_path
    if fault == "next_to_self_first":
        first = "&".join(part for name, part in read.options.raw if name != "$skiptoken")
        return read.base + read.path + (f"?{first}" if first else "")
    host = read.base.removeprefix("https://")
    if fault == "next_http":
        return f"http://{host}{target}"
    return f"https://{host.rpartition(':')[0] or host}:80{target}"
