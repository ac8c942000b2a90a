# SPDX-License-Identifier: Apache-2.0
"""The header's constants. Their numbers never change."""

from enum import IntEnum, IntFlag


class LogLevel(IntEnum):
    """Which log records come through events(); each level brings those before it too."""

    OFF = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    DEBUG = 4


class Code(IntEnum):
    """What a function came to (askel_s4_status). The names say what the caller does next."""

    OK = 0
    INVALID_ARGUMENT = 1
    CLOSED = 2
    FORKED = 3
    CANCELLED = 4
    TIMED_OUT = 5
    PENDING = 6
    NOT_FOUND = 7
    CONFLICT = 8
    VAULT_UNAVAILABLE = 10
    VAULT_KEY_REFUSED = 11
    VAULT_CORRUPT = 12
    HOST_REFUSED = 20
    ORIGIN_REFUSED = 21
    CREDENTIAL_EXPIRED = 30
    UNAUTHORISED = 31
    UNREACHABLE = 40
    TLS_REFUSED = 41
    THROTTLED = 42
    UNKNOWN_OUTCOME = 43
    SERVICE_ERROR = 50
    NOT_ODATA = 51
    MALFORMED_ANSWER = 52
    READ_INCONSISTENT = 53
    TOO_LARGE = 54
    PRECONDITION_FAILED = 55
    PRECONDITION_REQUIRED = 56
    HOST_UNFIT = 60
    INTERNAL = 99


class Outcome(IntEnum):
    """What became of the operation at the tenant when it failed."""

    NOT_SENT = 0
    NOT_PROCESSED = 1
    PROCESSED = 2
    UNKNOWN = 3


class Auth(IntEnum):
    """How the tenant is logged on to."""

    CLIENT_CREDENTIALS = 0
    BASIC = 1
    #: A client certificate at the API itself (mutual TLS).
    CERTIFICATE = 2


class ClientAuth(IntEnum):
    """How the OAuth client shows to the token endpoint who it is."""

    #: Its secret, in the Authorization header.
    SECRET_BASIC = 0
    #: Its secret, in the form.
    SECRET_POST = 1
    #: A client certificate (mutual TLS), and no secret.
    CERTIFICATE = 2


class HttpVersion(IntEnum):
    """Versions of HTTP. With HTTP_2, copies of headers stay in that library's tables until its connection closes, and
    are freed without being wiped."""

    HTTP_1_1 = 0
    HTTP_2 = 2


class MintPolicy(IntEnum):
    """How long an access token lives in this process."""

    #: Minted for one request, sent once, wiped.
    PER_REQUEST = 0
    #: One token for all requests of one cursor or other call, in wiped memory: minted anew before its end (after 30
    #: seconds where the endpoint names none) and after a 401, wiped when the cursor ends or is closed.
    PER_CALL = 1


class Delivery(IntEnum):
    """Which sales orders, by how far their delivery has come."""

    ANY = 0
    NOT_STARTED = 1
    PARTIAL = 2


class Verdict(IntEnum):
    """What was proven about the rows of a read."""

    READING = 0
    COMPLETE_COUNTED = 1
    CHAIN_UNBROKEN = 2
    FAILED = 3


class ParamType(IntEnum):
    """What a parameter is."""

    NULL = 0
    TEXT = 1
    INTEGER = 2
    DECIMAL = 3
    BOOLEAN = 4
    DATE = 5
    DATE_TIME = 6
    TIME = 7
    GUID = 8


class KeyKind(IntEnum):
    """What a key-encryption key is."""

    FILE = 0
    BYTES = 1
    PASSPHRASE = 2
    SERVICE = 3


class VaultFlag(IntFlag):
    """How the vault is opened."""

    READ_ONLY = 1
    CHECK = 2


class WriteKind(IntEnum):
    """What a write does."""

    CREATE = 1
    UPDATE = 2
    MERGE = 3
    REPLACE = 4
    DELETE = 5


class FieldKind(IntEnum):
    """What a field holds."""

    ABSENT = 0
    NULL = 1
    TEXT = 2
    NUMBER = 3
    BOOLEAN = 4
    DATE_TIME = 5
    JSON = 6
