# SPDX-License-Identifier: Apache-2.0
"""Connect a product to its customers' SAP S/4HANA Cloud tenants.

Instance opens the vault, Instance.put_connection stores a customer's credential, Connection.check proves it,
Connection.client opens it for work, Client.read and Client.sales_orders give a Cursor over the rows, and Cursor.receipt
says what was proven about them.
"""

from typing import Optional as _Optional

from ._enums import Auth, ClientAuth, Code, Delivery, HttpVersion, LogLevel, MintPolicy, Outcome, Verdict
from ._errors import (
    AskelError,
    Cancelled,
    Closed,
    Conflict,
    CredentialExpired,
    Forked,
    HostRefused,
    HostUnfit,
    InternalError,
    InvalidArgument,
    MalformedAnswer,
    NotFound,
    NotOData,
    OriginRefused,
    PreconditionFailed,
    PreconditionRequired,
    ReadInconsistent,
    ServiceError,
    Throttled,
    TimedOut,
    TlsRefused,
    TooLarge,
    Unauthorised,
    UnknownOutcome,
    Unreachable,
    VaultCorrupt,
    VaultError,
    VaultKeyRefused,
    VaultUnavailable,
)
from ._ffi import lib as _lib
from ._keys import Key, KeyBytes, KeyFile, KeyOperation, Passphrase, ServiceKey
from ._store import Store, StoreAction, StoreChange
from ._trace import trace
from ._values import ParamValue
from ._values import text_in as _text_in
from ._vault import Progress
from ._write import Settled
from .client import Client
from .connection import Beside, Certificate, CheckResult, Connection, Credential, ServiceResult, Token
from .cursor import Cursor, Pages
from .instance import Instance
from .receipt import Receipt
from .row import Document, Row

#: Version of the loaded library.
__version__: str = _lib.version().decode()


def sales_order_status_text(property: str, code: str) -> _Optional[str]:
    """What a status code of a sales order means, in English; None for a property or code that is not known."""
    text = _lib.sales_order_status_text(_text_in("property", property), _text_in("code", code))
    return None if text is None else text.decode()


__all__ = [
    "AskelError",
    "Auth",
    "Beside",
    "Cancelled",
    "Certificate",
    "CheckResult",
    "Client",
    "ClientAuth",
    "Closed",
    "Code",
    "Conflict",
    "Connection",
    "Credential",
    "CredentialExpired",
    "Cursor",
    "Delivery",
    "Document",
    "Forked",
    "HostRefused",
    "HostUnfit",
    "HttpVersion",
    "Instance",
    "InternalError",
    "InvalidArgument",
    "Key",
    "KeyBytes",
    "KeyFile",
    "KeyOperation",
    "LogLevel",
    "MalformedAnswer",
    "MintPolicy",
    "NotFound",
    "NotOData",
    "OriginRefused",
    "Outcome",
    "Pages",
    "ParamValue",
    "Passphrase",
    "PreconditionFailed",
    "PreconditionRequired",
    "Progress",
    "ReadInconsistent",
    "Receipt",
    "Row",
    "ServiceError",
    "ServiceKey",
    "ServiceResult",
    "Settled",
    "Store",
    "StoreAction",
    "StoreChange",
    "Throttled",
    "TimedOut",
    "TlsRefused",
    "Token",
    "TooLarge",
    "Unauthorised",
    "UnknownOutcome",
    "Unreachable",
    "VaultCorrupt",
    "VaultError",
    "VaultKeyRefused",
    "VaultUnavailable",
    "Verdict",
    "__version__",
    "sales_order_status_text",
    "trace",
]
