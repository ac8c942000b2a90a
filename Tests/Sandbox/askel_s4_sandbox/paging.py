"""Next links in the forms that SAP services use, and the faults that spoil a page or its link."""

from __future__ import annotations

from aiohttp import web

from .faults import Chosen
from .odata.options import Options
from .odata.query import Page, encode_token
from .odata.table import Row
from .state import Tenant

_LINKS = ("next_foreign", "next_loop", "next_to_self_first", "next_http", "next_port80")


def _query(options: Options, token: str, repeat: bool) -> str:
    """The request's options as they were sent, with the new token in front and its `$` as %24 (KBA 3072317)."""
    old = [part for name, part in options.raw if name == "$skiptoken"]
    others = [part for name, part in options.raw if name != "$skiptoken"]
    if repeat and old:
        return "&".join([*old, f"$skiptoken={token}", *others])
    return "&".join([f"%24skiptoken={token}", *others])


def next_link(tenant: Tenant, request: web.BaseRequest, options: Options, token: str | None, base: str) -> str | None:
    """The `__next` text in the form of the settings, or None on the last page."""
    if token is None:
        return None
    path = request.raw_path.partition("?")[0]
    query = _query(options, token, tenant.settings.repeat_skiptoken)
    if tenant.settings.next_link == "absolute":
        return f"{base}{path}?{query}"
    if tenant.settings.next_link == "host-relative":
        return f"{path}?{query}"
    # Relative to the service root, as the KBA's link is.
    service = path.split("/API_SALES_ORDER_SRV", 1)[-1]
    return f"{service.partition('/')[2]}?{query}"


def page_with_faults(
    tenant: Tenant, request: web.BaseRequest, options: Options, page: Page, link: str | None, base: str, faults: Chosen
) -> tuple[list[Row], str | None]:
    """Rows and next link of a page after the faults. args: `k` rows, `shift` true for a full page."""
    rows = page.rows
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
            token = encode_token(page.end + count, left) if page.end + count < len(page.result) else None
            link = next_link(tenant, request, options, token, base)
    if "empty_page_with_next" in faults:
        rows = []
        # A counter inside keeps the tokens of several empty pages apart.
        token = encode_token(page.start, page.left, salt=sum(tenant.stats.faults.values()) + 1)
        link = next_link(tenant, request, options, token, base)
    chosen = faults.first(set(_LINKS))
    return rows, link if chosen is None else _spoiled(tenant, request, options, page, chosen, base)


def _spoiled(tenant: Tenant, request: web.BaseRequest, options: Options, page: Page, fault: str, base: str) -> str:
    path = request.raw_path.partition("?")[0]
    token = page.next_token or encode_token(page.end, None)
    query = _query(options, token, False)
    host = base.removeprefix("https://")
    if fault == "next_foreign":
        return f"{tenant.urls.foreign}{path}?{query}"
    if fault == "next_loop":
        return base + request.raw_path
    if fault == "next_to_self_first":
        first = "&".join(part for name, part in options.raw if name != "$skiptoken")
        return f"{base}{path}" + (f"?{first}" if first else "")
    if fault == "next_http":
        return f"http://{host}{path}?{query}"
    return f"https://{host.rpartition(':')[0] or host}:80{path}?{query}"
