# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about the sandbox: everything that is unknown of SAP, or differs between tenants, is a setting."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

_COUNTS = ("page_size", "v4_page_size", "v4_max_top", "gzip_level", "root_redirect", "basic_attempts")
NEXT_LINK_FORMS = ("absolute", "host-relative", "service-relative")


@dataclass
class Settings:
    """Settings that `POST /settings` of the control endpoint changes while the server runs."""

    page_size: int = 1000
    """Rows of a page when no client preference applies; 0 switches server-driven paging off."""
    latency_ms: float = 0.0
    """Added to every answer of the API and of the token endpoint."""
    next_link: str = "absolute"
    """Form of `__next`: absolute, host-relative or service-relative (data of SAP's own client tests)."""
    repeat_skiptoken: bool = False
    """Keep the old skip token in the next link and add the new one after it, as KBA 3072317 shows."""
    honour_maxpagesize: bool = True
    """Whether `Prefer: odata.maxpagesize=N` bounds a page."""
    inlinecount_fails: bool = True
    """KBA 3616518: an unfiltered read of A_SalesOrder with $inlinecount=allpages ends with status 500."""
    gzip: bool = True
    """Compress answers for clients that accept gzip."""
    gzip_level: int = 1
    escaped_slashes: bool = False
    """Write dates as \\/Date(…)\\/, as some recordings have them."""
    cookies_on_reads: bool = False
    """Set session cookies on every read, not only when a CSRF token is fetched."""
    csrf: str = "required"
    """"required": writes need the CSRF token of their session; "off": they do not (unknown for bearer tokens)."""
    csrf_batch: bool = True
    """Whether $batch needs the token, as even read-only batches may (SAP/odata-vocabularies#112)."""
    csrf_reads: bool = False
    """Whether reads need it too."""
    csrf_on_errors: bool = True
    """Give a token on error answers too, as SAP's own client expects of some systems."""
    session_lifetime: float | None = None
    """Seconds after which a session is over, counted from its beginning; null: never."""
    repeatable: bool = False
    """Gateway's idempotent services: a POST with the headers RequestID and RepeatabilityCreation is executed once."""
    decimals_as_numbers: bool = False
    """Whether V2 bodies may give decimals as JSON numbers; otherwise they are strings."""
    deep_insert_answer: bool = True
    """Whether a 201 shows the nested entities that were sent, expanded; otherwise they are deferred."""
    etag_on_update: bool = False
    """Whether a 204 carries the new ETag."""
    if_match_children: bool = False
    """Whether V2 items, partners and schedule lines, whose metadata names no ETag, demand the header's."""
    approval_on_create: str = ""
    """SalesDocApprovalStatus of a new order; orders that have this status wait for a release or a rejection."""
    approval_released: str = "B"
    approval_rejected: str = "C"
    sap_message: dict[str, Any] | None = None
    """What the `sap-message` header of a good write says (code, message, severity); null: there is no header."""
    v4_page_size: int = 100
    """Rows of a V4 page when $top is missing (RAP-based services, blogs.sap.com 2019/10/03); 0: no limit."""
    v4_max_top: int = 5000
    """Rows of a V4 page when $top asks for more."""
    v4_next_link: str = "service-relative"
    """Form of `@odata.nextLink`: as `next_link`."""
    v4_location: str = "relative"
    """Form of the Location header of a V4 201: "relative" to the request's URL (recorded) or "absolute"."""
    v4_patch_status: int = 200
    """Whether a V4 PATCH answers 200 with the entity or 204; `Prefer: return=minimal` gives 204 in any case."""
    v4_delete_orders: bool = False
    """Whether DELETE of a V4 order works; the metadata say that it does not."""
    allow_head: bool = True
    root_redirect: int = 307
    """Status of the redirect from the service root without a slash to the one with it; 0 serves it directly."""
    plus_is_space: bool = True
    """Whether "+" in a query means a blank."""
    token_expires_in: Any = 43199
    """`expires_in` of token answers: a number, a string, or null to leave it out."""
    token_lifetime_s: float | None = None
    """Seconds after which a token really dies; null: as `token_expires_in` says (12 hours when that is absent)."""
    token_type: str | None = "bearer"
    token_scope: str = "uaa.resource"
    token_error: str = "invalid_client"
    """`error` for a bad secret; older XSUAA says "unauthorized"."""
    token_params: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What the token endpoint wants in the form besides: {"resource": "urn:x"}, or a list of values in their order."""
    token_single_use: bool = False
    """Refuse a token that was used before: proves that a client never uses one twice."""
    basic_attempts: int = 3
    """Failed logons after which a communication user locks (KBA 2806979); 0 never locks."""

    def change(self, values: dict[str, Any]) -> None:
        """Sets several settings. Throws ValueError for an unknown name or a value that makes no sense."""
        names = {field.name: field for field in dataclasses.fields(self)}
        for name, value in values.items():
            if name not in names:
                raise ValueError(f"there is no setting {name!r}; known: {', '.join(sorted(names))}")
            current = getattr(self, name)
            if isinstance(current, bool) and not isinstance(value, bool):
                raise ValueError(f"setting {name} is true or false")
            if name in _COUNTS and (not isinstance(value, int) or value < 0):
                raise ValueError(f"setting {name} is a number from 0")
            if name == "latency_ms" and not (isinstance(value, (int, float)) and value >= 0):
                raise ValueError("setting latency_ms is a number of milliseconds from 0")
            if name in ("session_lifetime", "token_lifetime_s") and not (
                value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))
            ):
                raise ValueError(f"setting {name} is a number of seconds, or null")
            if name == "csrf" and value not in ("required", "off"):
                raise ValueError('setting csrf is "required" or "off"')
            if name == "token_params" and not isinstance(value, dict):
                raise ValueError("setting token_params is an object")
            if name == "sap_message" and not (value is None or isinstance(value, dict)):
                raise ValueError("setting sap_message is an object, or null")
            if name.startswith("approval_") and not (isinstance(value, str) and len(value) < 2):
                raise ValueError(f"setting {name} is one character, or empty")
            if name == "v4_patch_status" and value not in (200, 204):
                raise ValueError("setting v4_patch_status is 200 or 204")
            if name == "v4_location" and value not in ("relative", "absolute"):
                raise ValueError('setting v4_location is "relative" or "absolute"')
            if name in ("next_link", "v4_next_link") and value not in NEXT_LINK_FORMS:
                raise ValueError(f"setting {name} is one of {', '.join(NEXT_LINK_FORMS)}")
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        """All settings by name."""
        return dataclasses.asdict(self)
