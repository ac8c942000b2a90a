# SPDX-License-Identifier: Apache-2.0
"""A check of a list of services, and the connection's state that follows from all of them."""

import threading
import time

import pytest
from conftest import SERVICE, put

from askel_s4 import (
    Auth,
    CredentialExpired,
    InvalidArgument,
    ServiceError,
    TimedOut,
    TlsRefused,
    Unauthorised,
    Unreachable,
)

ROOT = "/sap/opu/odata/sap/"
V4 = "/sap/opu/odata4/sap/api_salesorder/srvd_a2x/sap/salesorder/0001"
CLOSED = "API_BUSINESS_PARTNER"  # the sandbox's arrangement has it not
BASIC = {"auth": Auth.BASIC, "token_url": None, "client_id": None, "client_secret": None}


def states(instance):
    return [(event["from"], event["to"]) for event in instance.events() if event["event"] == "connection_state"]


def test_each_service_is_told_as_it_stands(instance, sandbox, connection):
    sandbox.fault("status", match="API_GONE_SRV", code=404)
    sandbox.fault("status", match="API_BROKEN_SRV", code=500, sap_code="SY/530")
    sandbox.fault("html_login", match="API_PAGE_SRV")
    names = [SERVICE, CLOSED, "API_GONE_SRV", "API_BROKEN_SRV", "API_PAGE_SRV", V4]
    sandbox.reset_stats()
    result = connection.check(services=names)
    found = [(each.service, each.status, each.http_status, each.code) for each in result.services]
    assert found == [
        (ROOT + SERVICE, "readable", 200, None),
        (ROOT + CLOSED, "not_in_arrangement", 403, "/IWFND/MED/170"),
        (ROOT + "API_GONE_SRV", "not_found", 404, "SANDBOX/001"),
        (ROOT + "API_BROKEN_SRV", "failing", 500, "SY/530"),
        (ROOT + "API_PAGE_SRV", "failing", 200, "notOData"),
        (V4, "readable", 200, None),
    ]
    assert result.services[0].message is None and "communication arrangement" in result.services[1].message
    assert result.service is None and result.token.type == "bearer" and result.state == "unauthorised"
    # The proof of the credential, and a token for each request.
    stats = sandbox.stats()
    assert stats["mints"] == 1 + stats["requests"]["api"]["total"]
    assert stats["tokens"]["used_more_than_once"] == 0
    known = instance.connection("nordvik")
    assert (known.state, known.last_error) == ("unauthorised", "/IWFND/MED/170")
    events = [event for event in instance.events() if event["event"] == "connection_state"]
    assert [(event["from"], event["to"]) for event in events] == [("new", "active"), ("active", "unauthorised")]
    assert CLOSED in events[1]["message"] and SERVICE not in events[1]["message"]


@pytest.mark.parametrize("basic", [True, False])
def test_the_state_follows_all_of_them_together(instance, sandbox, basic):
    changes = dict(BASIC, user=sandbox.user, password=sandbox.password) if basic else {}
    connection = put(instance, sandbox, **changes)
    down = {"code": 503, "body": "empty", "retry_after": 60}
    sandbox.fault("status", match="API_DOWN_SRV", **down)
    sandbox.fault("status", match="API_GONE_SRV", code=404)
    for services, state, events in [
        # The order must not decide, nor which one answers last.
        (["API_DOWN_SRV", SERVICE], "active", [("new", "active")]),
        ([SERVICE, "API_DOWN_SRV"], "active", []),
        ([SERVICE, CLOSED, "API_DOWN_SRV"], "unauthorised", [("active", "unauthorised")]),
        ([CLOSED, SERVICE], "unauthorised", []),
        (["API_GONE_SRV"], "unauthorised", []),
        ([SERVICE], "unauthorised", []),  # the other one has not been opened since
    ]:
        result = connection.check(services=services, timeout=5)
        assert result.state == instance.connection("nordvik").state == state, services
        assert states(instance) == events, services
    sandbox.fault("status", match=CLOSED, code=404)
    connection = put(instance, sandbox, **changes)
    states(instance)
    assert connection.check(services=["API_DOWN_SRV", "API_GONE_SRV"], timeout=5).state == "unreachable"
    assert states(instance)[-1][1] == instance.connection("nordvik").state == "unreachable"
    connection.check(services=[SERVICE])
    assert states(instance) == [("unreachable", "active")]


def test_a_service_that_is_opened_makes_the_connection_recover(instance, sandbox, connection):
    sandbox.fault("forbidden", match=SERVICE)
    assert connection.check(services=[SERVICE, V4]).state == "unauthorised"
    assert states(instance)[-1][1] == "unauthorised"
    sandbox.clear_faults()
    assert connection.check(services=[SERVICE, V4]).state == "active"
    events = [event for event in instance.events() if event["event"] == "connection_state"]
    assert [(event["to"], event["recovered"]) for event in events] == [("active", True)]


@pytest.mark.parametrize("basic", [True, False])
def test_a_credential_that_does_not_pass_is_an_error_and_one_attempt(instance, sandbox, basic):
    changes = dict(BASIC, user=sandbox.user, password="wrong") if basic else {"client_secret": "wrong"}
    connection = put(instance, sandbox, **changes)
    with pytest.raises(CredentialExpired):
        connection.check(services=[SERVICE, V4, CLOSED] * 20)
    stats = sandbox.stats()
    assert (stats["basic_auth_failures"] if basic else stats["mint_failures"]["bad_secret"]) == 1
    assert states(instance) == [("new", "expired")]


@pytest.mark.parametrize("services", [[CLOSED], [SERVICE], [SERVICE, CLOSED]])
@pytest.mark.parametrize("basic", [True, False])
def test_a_check_of_a_list_ends_a_rejection(instance, sandbox, basic, services):
    changes = dict(BASIC, user=sandbox.user, password=sandbox.password) if basic else {}
    connection = put(instance, sandbox, **changes)
    if basic:
        sandbox.set_user(locked=True)
    else:
        sandbox.fault("status", on="token", code=401)
    with pytest.raises(CredentialExpired):
        connection.check(services=[SERVICE])
    sandbox.set_user(locked=False)
    sandbox.clear_faults()
    connection.check(services=services)
    assert instance.connection("nordvik").state == ("unauthorised" if CLOSED in services else "active")
    with connection.client() as client:
        assert next(client.read(SERVICE, "A_SalesOrder", top=1))


def test_where_no_service_answers_it_is_an_error(instance, sandbox, connection):
    sandbox.fault("reset", when="before")
    with pytest.raises(Unreachable):
        connection.check(services=[SERVICE, V4])
    assert instance.connection("nordvik").state == "unreachable"
    sandbox.clear_faults()
    sandbox.fault("status", on="token", code=503, retry_after=60)
    with pytest.raises(Unreachable, match="token endpoint"):
        connection.check(services=[SERVICE, V4], timeout=5)
    with pytest.raises(TlsRefused):
        put(instance, sandbox, ca_file=None).check(services=[SERVICE])


def test_the_deadline_is_one_for_all(instance, sandbox, connection):
    sandbox.fault("latency", match="API_SLOW_SRV", ms=20_000)
    began = time.monotonic()
    # Four at a time: the slow ones hold up what stands behind them.
    result = connection.check(services=[SERVICE] + ["API_SLOW_SRV"] * 6, timeout=1.5)
    assert time.monotonic() - began < 10
    assert [each.status for each in result.services] == ["readable"] + ["failing"] * 6
    assert {each.http_status for each in result.services[1:]} == {None}
    assert {each.code for each in result.services[1:]} == {"timedOut"}
    with pytest.raises(TimedOut):
        connection.check(services=["API_SLOW_SRV"] * 2, timeout=1)
    assert instance.connection("nordvik").state == "unreachable"


def test_few_are_asked_at_once_and_many_are_told(sandbox, connection):
    sandbox.settings(latency_ms=5)
    sandbox.reset_stats()
    result = connection.check(services=[SERVICE, V4] * 100)
    assert len(result.services) == 200 and {each.status for each in result.services} == {"readable"}
    assert sandbox.stats()["requests"]["api"]["most_in_flight"] <= 4


def test_a_list_that_is_none(instance, sandbox, connection):
    with pytest.raises(InvalidArgument, match="service_count"):
        connection.check(services=[SERVICE] * 201)
    with pytest.raises(InvalidArgument, match="one of the two"):
        connection.check(SERVICE, services=[SERVICE])
    with pytest.raises(InvalidArgument, match="service"):
        connection.check(services=[SERVICE, "../x"])
    with pytest.raises(TypeError, match="sequence"):
        connection.check(services=SERVICE)
    assert connection.check(services=[]).services == connection.check(SERVICE).services == ()
    with pytest.raises(InvalidArgument, match="service"):
        put(instance, sandbox, **dict(BASIC, user="x", password="y")).check(services=[])


def test_the_one_service_is_an_error_as_before(connection, sandbox):
    with pytest.raises(Unauthorised):
        connection.check(CLOSED)
    sandbox.fault("status", match=SERVICE, code=500)
    with pytest.raises(ServiceError):
        connection.check(SERVICE)


def test_a_list_is_cancelled_with_its_call(instance, sandbox, connection):
    sandbox.fault("latency", match="API_SLOW_SRV", ms=20_000)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(_closed(connection)))
    thread.start()
    time.sleep(0.5)
    began = time.monotonic()
    instance.close()
    thread.join()
    assert time.monotonic() - began < 10 and ended == ["Closed"]


def _closed(connection):
    try:
        connection.check(services=["API_SLOW_SRV"] * 100)
    except Exception as error:
        return type(error).__name__
    return "nothing"
