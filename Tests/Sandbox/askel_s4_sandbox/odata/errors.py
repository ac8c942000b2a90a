# SPDX-License-Identifier: Apache-2.0
"""SAP's V2 error bodies, shaped as recorded ones (error.code, message.{lang,value}, innererror…)."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

# Code of URI parser errors: 32 hex digits without a meaning to clients; made from the text so that it is stable.
_HASH_SALT = "askel_s4_sandbox"

NOT_FOUND = "/IWBEP/CM_MGW_RT/020"
NO_SERVICE = "/IWFND/MED/170"
NO_SERVICE_4 = "/IWBEP/CM_V4_COS/136"


# What Gateway adds below the application's own messages (recorded); clients drop it as noise.
_NOISE = "/IWBEP/CX_MGW_BUSI_EXCEPTION"


@dataclass(frozen=True)
class Detail:
    """One entry of `errordetails`. `target` is the property or path that it is about."""

    code: str
    message: str
    target: str = ""
    severity: str = "error"


class ODataError(Exception):
    """An answer with an SAP error body. `code` None means a URI parser error (hash code, no application block)."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: dict[str, str] | None = None,
        details: Sequence[Detail] = (),
    ):  # fmt: skip
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.details = details


def refusal(*details: Detail) -> ODataError:
    """400 of the application itself: the first message is the error's own, all of them are its details."""
    return ODataError(400, details[0].message, details[0].code, details=details)


def parser_error(message: str) -> ODataError:
    """400 as the URI parser of SAP Gateway gives it: a hash for a code."""
    return ODataError(400, message)


def error_body(error: ODataError, service: str = "API_SALES_ORDER_SRV", language: str = "en") -> bytes:
    """The JSON body, UTF-8. Transaction id and timestamp differ from call to call, as SAP's do."""
    now = time.time()
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(now)) + f".{int(now % 1 * 1e7):07d}"
    inner: dict[str, object] = {}
    if error.code is None:
        digest = hashlib.sha256((_HASH_SALT + error.message).encode("utf-8", "replace")).hexdigest()[:16].upper()
        code = "005056A509B11EE1" + digest
        details: list[dict[str, str]] = []
    else:
        code = error.code
        inner["application"] = {
            "component_id": "",
            "service_namespace": "/SAP/",
            "service_id": service,
            "service_version": "0001",
        }
        found = [*error.details, Detail(_NOISE, error.message)] if error.details else [Detail(code, error.message)]
        details = [
            {"code": d.code, "message": d.message, "propertyref": "", "severity": d.severity, "target": d.target}
            for d in found
        ]
    inner["transactionid"] = secrets.token_hex(16).upper()
    inner["timestamp"] = stamp
    inner["Error_Resolution"] = {
        "SAP_Transaction": "The sandbox tenant keeps no error log; its control endpoint has GET /stats",
        "SAP_Note": "",
    }
    inner["errordetails"] = details
    body = {"error": {"code": code, "message": {"lang": language, "value": error.message}, "innererror": inner}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
