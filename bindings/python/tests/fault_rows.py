# SPDX-License-Identifier: Apache-2.0
"""What is expected of each fault and operation, by the rules: see test_fault_matrix.py."""

from fault_matrix import LOCKED, Bench
from fault_operations import LONGER_MS, Row, Rule

from askel_s4 import Auth

OK = "ok"
AGAIN = "ok, 1 retry"
UNKNOWN_0 = "UNKNOWN_OUTCOME, unknown, 0 made"
UNKNOWN_1 = "UNKNOWN_OUTCOME, unknown, 1 made"
# The status says that it was carried out; the rest did not arrive.
CUT_OFF = "MALFORMED_ANSWER, processed, 1 made"
LATE = "TIMED_OUT, unknown, retryable"
GONE = "UNREACHABLE, unknown, retryable"
BAD = "MALFORMED_ANSWER, unknown"
SLOWER = "THROTTLED, not_processed, retryable"
LARGE = "TOO_LARGE, unknown"
REFUSED = "UNAUTHORISED, not_processed"
EXPIRED = "CREDENTIAL_EXPIRED, not_processed"
FOREIGN = "ORIGIN_REFUSED, unknown"
# The next page was never asked for; the rows that came were read.
NOT_FOLLOWED = "ORIGIN_REFUSED, not_sent"
INCONSISTENT = "READ_INCONSISTENT, processed"


def unsent(text: str) -> str:
    """What is told of a request whose token did not come: nothing of it was sent."""
    return text.replace("unknown", "not_sent")


def refused(text: str) -> str:
    """What is told of a request whose token was denied."""
    return text.replace("unknown", "not_processed")


def unmade(text: str) -> str:
    """The same of a create."""
    return f"{text}, 0 made"


def fault(name: str, fault: str, *expected: "str | None", times: "int | None" = None, outlasts: bool = False,
          **args: object) -> Row:  # fmt: skip
    return Row(name, expected, Rule(fault, args, times), outlasts=outlasts)


def both(name: str, fault_name: str, once: tuple, always: tuple, **args: object) -> "list[Row]":
    """A fault that passes, and the same one that stays."""
    return [
        fault(f"{name}, once", fault_name, *once, times=1, **args),
        fault(f"{name}, always", fault_name, *always, **args),
    ]


def setting(name: str, *expected: "str | None", **values: object) -> Row:
    return Row(name, expected, settings=dict(values))


def new_secret(bench: Bench) -> None:
    bench.control("POST", "/secrets", {"replace": None})


def lock(bench: Bench) -> None:
    bench.control("POST", "/user", {"locked": True})


def new_password(bench: Bench) -> None:
    bench.control("POST", "/user", {"password": "another one"})


def drop_sessions(bench: Bench) -> None:
    bench.control("POST", "/sessions", {"drop": True})


BASIC = {"auth": Auth.BASIC}
NO = None

# What stands behind a fault: read; create; mint of a read; mint of a create; CSRF token of a create; read-only batch.
ROWS = [
    setting("none", OK, OK, OK, OK, OK, OK),
    # A proxy's page. Nobody but the tenant can say that it did not process a create.
    *[
        row
        for code in (500, 502, 503, 504)
        for row in both(
            f"status {code}", "status", (AGAIN, UNKNOWN_0, AGAIN, AGAIN, AGAIN, AGAIN),
            (GONE, UNKNOWN_0, refused(GONE), unmade(refused(GONE)), unmade(unsent(GONE)), GONE), code=code, body="html")
    ],
    # By the status's own meaning the request had not come whole; of a create it proves nothing all the same.
    *both("status 408", "status", (AGAIN, UNKNOWN_0, AGAIN, AGAIN, AGAIN, AGAIN),
          (refused(GONE), UNKNOWN_0, unsent(GONE), unmade(unsent(GONE)), unmade(unsent(GONE)), refused(GONE)),
          code=408),
    fault("status 429, once", "status", *[AGAIN] * 6, times=1, code=429, retry_after=0),
    fault("status 429, Retry-After beyond the deadline", "status", SLOWER, unmade(SLOWER), SLOWER, unmade(SLOWER),
          unmade(SLOWER), SLOWER, code=429, retry_after=60),
    fault("status 503, Retry-After beyond the deadline", "status", GONE, UNKNOWN_0, refused(GONE),
          unmade(refused(GONE)), unmade(unsent(GONE)), GONE, code=503, body="text", retry_after=60),
    # An error of SAP's own is told in its words; that of a gateway is the network's.
    fault("status 500 with SAP's error", "status", "SERVICE_ERROR, unknown", UNKNOWN_0, refused(GONE),
          unmade(refused(GONE)), "SERVICE_ERROR, not_sent, 0 made", "SERVICE_ERROR, unknown", code=500),
    fault("an error body that repeats the credential", "echo_authorization", "SERVICE_ERROR, unknown", UNKNOWN_0,
          refused(GONE), unmade(refused(GONE)), "SERVICE_ERROR, not_sent, 0 made", "SERVICE_ERROR, unknown"),
    fault("status 400", "status", "SERVICE_ERROR, not_processed", "SERVICE_ERROR, not_processed, 0 made", NO, NO,
          "SERVICE_ERROR, not_processed, 0 made", "SERVICE_ERROR, not_processed", code=400),
    fault("status 404", "status", "NOT_FOUND, not_processed", "NOT_FOUND, not_processed, 0 made", NO, NO,
          "NOT_FOUND, not_processed, 0 made", "NOT_FOUND, not_processed", code=404),
    *both("status 401 to a good token", "unauthorized_api", (AGAIN, AGAIN, NO, NO, AGAIN, AGAIN),
          (REFUSED, unmade(REFUSED), NO, NO, unmade(REFUSED), REFUSED)),
    fault("status 401 of the token endpoint", "status", NO, NO, EXPIRED, unmade(EXPIRED), NO, NO, code=401),
    fault("status 403", "forbidden", REFUSED, unmade(REFUSED), NO, NO, unmade(REFUSED), REFUSED),
    fault("login page in place of an answer", "html_login", "NOT_ODATA, unknown", UNKNOWN_0,
          "NOT_ODATA, not_processed", "NOT_ODATA, not_processed, 0 made", NO, "NOT_ODATA, unknown"),
    fault("redirect to another host", "redirect", FOREIGN, UNKNOWN_0, refused(FOREIGN), unmade(refused(FOREIGN)),
          NO, FOREIGN),
    # Connections.
    fault("latency within the deadline", "latency", OK, OK, OK, OK, OK, OK, times=1, ms=150),
    # The sandbox waits before it reads the body, and whoever leaves meanwhile is not served.
    fault("latency beyond the deadline", "latency", LATE, UNKNOWN_0, unsent(LATE), unmade(unsent(LATE)),
          unmade(unsent(LATE)), LATE, outlasts=True, ms=LONGER_MS),
    *both("connection reset before an answer", "reset", (AGAIN, UNKNOWN_1, AGAIN, AGAIN, AGAIN, AGAIN),
          (GONE, UNKNOWN_1, unsent(GONE), unmade(unsent(GONE)), unmade(unsent(GONE)), GONE)),
    *both("connection closed before an answer", "reset", (AGAIN, UNKNOWN_1, AGAIN, AGAIN, AGAIN, AGAIN),
          (GONE, UNKNOWN_1, unsent(GONE), unmade(unsent(GONE)), unmade(unsent(GONE)), GONE), how="close"),
    *both("connection reset before the body was read", "not_processed_reset",
          (AGAIN, UNKNOWN_0, AGAIN, AGAIN, AGAIN, AGAIN),
          (GONE, UNKNOWN_0, unsent(GONE), unmade(unsent(GONE)), unmade(unsent(GONE)), GONE)),
    *both("reset in the middle of the body", "reset", (AGAIN, CUT_OFF, AGAIN, AGAIN, AGAIN, AGAIN),
          (f"{BAD}, retryable", CUT_OFF, unsent(f"{BAD}, retryable"), unmade(unsent(f"{BAD}, retryable")),
           unmade(unsent(f"{BAD}, retryable")), f"{BAD}, retryable"), when="body"),
    *both("body cut off", "truncate", (AGAIN, CUT_OFF, AGAIN, AGAIN, AGAIN, AGAIN),
          (f"{BAD}, retryable", CUT_OFF, unsent(f"{BAD}, retryable"), unmade(unsent(f"{BAD}, retryable")),
           unmade(unsent(f"{BAD}, retryable")), f"{BAD}, retryable")),
    fault("body dripping beyond the deadline", "drip", LATE, "TIMED_OUT, processed, 1 made", unsent(LATE),
          unmade(unsent(LATE)), unmade(unsent(LATE)), LATE, outlasts=True, bytes_per_s=40),
    fault("body long after its headers", "slow_body", LATE, "TIMED_OUT, processed, 1 made", unsent(LATE),
          unmade(unsent(LATE)), unmade(unsent(LATE)), LATE, outlasts=True, ms=LONGER_MS),
    Row("TLS that stalls", (unsent(LATE), unmade(unsent(LATE)), NO, NO, NO, unsent(LATE)),
        connection={"host": "@silent_url"}, cold=True, outlasts=True),
    Row("TLS of the token endpoint that stalls", (NO, NO, unsent(LATE), unmade(unsent(LATE)), NO, NO),
        connection={"token_url": "@silent_url/oauth/token"}, cold=True, outlasts=True),
    Row("connection closed before TLS", (unsent(GONE), unmade(unsent(GONE)), NO, NO, NO, unsent(GONE)),
        connection={"host": "@closing_url"}, cold=True),
    Row("connection of the token endpoint closed before TLS", (
        NO, NO, unsent(GONE), unmade(unsent(GONE)), NO, NO),
        connection={"token_url": "@closing_url/oauth/token"}, cold=True),
    # Bodies.
    fault("half a body, good HTTP", "truncate", BAD, CUT_OFF, unsent(BAD), unmade(unsent(BAD)), NO, NO,
          variant="clean"),
    fault("broken JSON", "malformed_json", BAD, CUT_OFF, unsent(BAD), unmade(unsent(BAD)), NO, NO),
    fault("bytes that are no UTF-8", "invalid_utf8", BAD, CUT_OFF, unsent(BAD), unmade(unsent(BAD)), NO, NO),
    fault("a name twice in an object", "duplicate_keys_json", BAD, NO, NO, NO, NO, NO, where="row"),
    fault("headers of 2 MB", "huge_header", LARGE, "TOO_LARGE, processed, 1 made", unsent(LARGE),
          unmade(unsent(LARGE)), unmade(unsent(LARGE)), LARGE, kb=2048),
    fault("a body beyond the limit", "huge_body", LARGE, NO, unsent(LARGE), unmade(unsent(LARGE)), NO, NO, mb=3),
    # Pages.
    fault("rows of another entity set", "wrong_set", BAD, NO, NO, NO, NO, NO),
    fault("next link to another host", "next_foreign", NOT_FOLLOWED, NO, NO, NO, NO, NO),
    fault("next link without TLS", "next_http", NOT_FOLLOWED, NO, NO, NO, NO, NO),
    fault("next link to another port", "next_port80", NOT_FOLLOWED, NO, NO, NO, NO, NO),
    fault("next link to its own page", "next_loop", INCONSISTENT, NO, NO, NO, NO, NO),
    fault("next link to the first page", "next_to_self_first", INCONSISTENT, NO, NO, NO, NO, NO),
    fault("rows repeated", "repeat_rows", INCONSISTENT, NO, NO, NO, NO, NO, times=1),
    fault("rows skipped", "skip_rows", INCONSISTENT, NO, NO, NO, NO, NO, times=1, k=2),
    fault("rows skipped, the page full", "skip_rows", INCONSISTENT, NO, NO, NO, NO, NO, times=1, shift=True),
    fault("an empty page that leads on", "empty_page_with_next", OK, NO, NO, NO, NO, NO, times=1),
    fault("empty pages without end", "empty_page_with_next", INCONSISTENT, NO, NO, NO, NO, NO),
    setting("next links without a host", OK, NO, NO, NO, NO, NO, next_link="host-relative"),
    setting("next links below the service", OK, NO, NO, NO, NO, NO, next_link="service-relative"),
    setting("next links that keep the old token", OK, NO, NO, NO, NO, NO, repeat_skiptoken=True),
    # Writes. A read-only batch is a POST that may be repeated.
    fault("answer lost: reset", "lost_answer", NO, UNKNOWN_1, NO, NO, NO, AGAIN, times=1),
    fault("answer lost: silence", "lost_answer", NO, UNKNOWN_1, NO, NO, NO, LATE, outlasts=True, how="stall"),
    fault("answer lost: a proxy's 504", "lost_answer", NO, UNKNOWN_1, NO, NO, NO, AGAIN, times=1, how="status"),
    fault("answer lost behind its headers", "lost_answer_after_headers", NO, CUT_OFF, NO, NO, NO, AGAIN, times=1),
    fault("committed after the answer was lost", "late_commit", NO, UNKNOWN_1, NO, NO, NO, NO, after_ms=200),
    fault("committed after a proxy's 504", "late_commit", NO, UNKNOWN_1, NO, NO, NO, NO, after_ms=200, how="status"),
    # 403 with x-csrf-token: Required says that it was not processed, and nothing about the arrangement.
    *both("CSRF token wanted", "csrf_required", (NO, AGAIN, NO, NO, NO, AGAIN),
          (NO, "SERVICE_ERROR, not_processed, 0 made", NO, NO, NO, "SERVICE_ERROR, not_processed")),
    Row("a new client, and batches want a CSRF token", (OK, OK, NO, NO, NO, OK), cold=True),
    Row("every HTTP session ended", (OK, AGAIN, NO, NO, NO, AGAIN), before=drop_sessions),
    fault("a Location at another host", "location_foreign", NO, OK, NO, NO, NO, NO),
    fault("a warning beside the answer", "warning", NO, OK, NO, NO, NO, NO),
    Row("the document changed meanwhile", (NO, "PRECONDITION_FAILED, not_processed", NO, NO, NO, NO),
        Rule("etag_moved", {}), changes=True),
    # Credentials.
    Row("the old secret dead at once", (NO, NO, EXPIRED, unmade(EXPIRED), NO, NO), before=new_secret),
    Row(LOCKED, (EXPIRED, unmade(EXPIRED), NO, NO, NO, EXPIRED), before=lock, connection=BASIC),
    Row("the user's password changed", (EXPIRED, unmade(EXPIRED), NO, NO, NO, EXPIRED), before=new_password,
        connection=BASIC),
    setting("tokens good for one request", OK, OK, OK, OK, OK, OK, token_single_use=True),
    setting("cookies on reads", OK, OK, OK, OK, OK, OK, cookies_on_reads=True),
    fault("a cookie for another host", "cookie_foreign", OK, OK, OK, OK, OK, OK),
]  # fmt: skip

# A create under an id that the tenant knows again is sent again like a read, and carried out once all the same.
REPEATABLE = {
    "none": OK,
    **{f"status {code}, once": AGAIN for code in (408, 429, 500, 502, 503, 504)},
    **{f"status {code}, always": UNKNOWN_0 for code in (408, 500, 502, 503, 504)},
    "status 429, Retry-After beyond the deadline": unmade(SLOWER),
    "status 503, Retry-After beyond the deadline": UNKNOWN_0,
    "status 400": "SERVICE_ERROR, not_processed, 0 made",
    "status 401 to a good token, once": AGAIN,
    "status 403": unmade(REFUSED),
    "login page in place of an answer": UNKNOWN_0,
    "latency beyond the deadline": UNKNOWN_0,
    "connection reset before an answer, once": AGAIN,
    "connection reset before an answer, always": UNKNOWN_1,
    "connection closed before an answer, once": AGAIN,
    "connection reset before the body was read, once": AGAIN,
    "connection reset before the body was read, always": UNKNOWN_0,
    "reset in the middle of the body, once": AGAIN,
    "reset in the middle of the body, always": CUT_OFF,
    "body cut off, once": AGAIN,
    "body dripping beyond the deadline": "TIMED_OUT, processed, 1 made",
    "answer lost: reset": AGAIN,
    "answer lost: silence": UNKNOWN_1,
    "answer lost: a proxy's 504": AGAIN,
    "answer lost behind its headers": AGAIN,
    "committed after the answer was lost": UNKNOWN_1,
    "committed after a proxy's 504": UNKNOWN_1,
    "CSRF token wanted, once": AGAIN,
    "every HTTP session ended": AGAIN,
}
for row in ROWS:
    row.expected += (REPEATABLE.get(row.name),)
