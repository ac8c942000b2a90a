# SPDX-License-Identifier: Apache-2.0
"""V4 error bodies as recorded from a Public Edition tenant: `message` is a string, SAP's own parts are annotations."""

from __future__ import annotations

import json
import secrets
import time

from ..odata.errors import ODataError

_SEVERITIES = {"error": 4, "warning": 3, "info": 2, "success": 1}


def error_body4(error: ODataError) -> bytes:
    """The JSON body, UTF-8."""
    now = time.time()
    body: dict[str, object] = {"code": error.code or "SANDBOX/400", "message": error.message}
    if error.details:
        body["target"] = error.details[0].target
        body["@SAP__common.ExceptionCategory"] = "Provider_Application_Error"
    body["details"] = [
        {
            "code": detail.code,
            "message": detail.message,
            "target": detail.target,
            "@SAP__common.Severity": detail.severity,
            "@SAP__common.numericSeverity": _SEVERITIES.get(detail.severity, 4),
        }
        for detail in error.details[1:]
    ]
    application = {"ComponentId": "", "ServiceRepository": "SRVD_A2X", "ServiceId": "API_SALESORDER"}
    body["innererror"] = {
        "ErrorDetails": {
            "@SAP__common.Application": application | {"ServiceVersion": "0001"},
            "@SAP__common.TransactionId": secrets.token_hex(16).upper(),
            "@SAP__common.Timestamp": time.strftime("%Y%m%d%H%M%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}",
            "@SAP__common.ErrorResolution": {"Analysis": "The sandbox tenant keeps no error log", "Note": ""},
        }
    }
    return json.dumps({"error": body}, separators=(",", ":")).encode()
