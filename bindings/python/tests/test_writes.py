# SPDX-License-Identifier: Apache-2.0
"""Writing documents: what goes out, how often, and what is known of it afterwards."""

import json
import os
import random
import re
import threading
import time
from datetime import date
from decimal import Decimal

import pytest
from conftest import SERVICE, put

from askel_s4 import (
    CredentialExpired,
    Instance,
    InvalidArgument,
    MalformedAnswer,
    NotFound,
    Outcome,
    PreconditionFailed,
    ReadInconsistent,
    ServiceError,
    Throttled,
    TooLarge,
    UnknownOutcome,
)

ORDERS = "A_SalesOrder"
# The long form of what follows, and the short one.
SOAK = bool(os.environ.get("ASKEL_S4_SOAK"))


@pytest.fixture
def order(client):
    """What a new order needs, taken from one that is there."""
    row = next(iter(client.read(SERVICE, ORDERS, top=1, expand="to_Item")))
    item = json.loads(row.json())["to_Item"]["results"][0]
    return {
        "SalesOrderType": "OR",
        "SalesOrganization": row["SalesOrganization"],
        "DistributionChannel": row["DistributionChannel"],
        "OrganizationDivision": row["OrganizationDivision"],
        "SoldToParty": row["SoldToParty"],
        "to_Item": [{"Material": item["Material"], "RequestedQuantity": Decimal("2")}],
    }


def writes(sandbox, method="POST", entity_set=ORDERS):
    """Answers to writes by their status, as the server counted them."""
    return sandbox.stats()["writes"].get(SERVICE, {}).get(entity_set, {}).get(method, {})


def test_a_document_is_created_changed_and_deleted(sandbox, client, order):
    order["RequestedDeliveryDate"] = date(2027, 1, 31)
    created = client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": 'Größe 7" \u20ac'})
    number = created["SalesOrder"]
    assert created.http_status == 201 and created.etag and number in created.header("Location")
    found = client.get(SERVICE, ORDERS, number, expand="to_Item")
    assert found["PurchaseOrderByCustomer"] == 'Größe 7" \u20ac'
    assert found["RequestedDeliveryDate"].date() == date(2027, 1, 31)
    assert len(json.loads(found.json())["to_Item"]["results"]) == 1

    answer = client.update(SERVICE, ORDERS, number, {"PurchaseOrderByCustomer": "second"}, etag=found.etag)
    assert answer.http_status == 204 and answer.json() == "" and list(answer.header("x-none")) == []
    with pytest.raises(PreconditionFailed) as caught:
        client.update(SERVICE, ORDERS, number, {"PurchaseOrderByCustomer": "third"}, etag=found.etag)
    assert caught.value.outcome == Outcome.NOT_PROCESSED and caught.value.http_status == 412
    client.update(SERVICE, ORDERS, number, {"PurchaseOrderByCustomer": "fourth"}, any_etag=True, merge=True)
    again = client.get(SERVICE, ORDERS, number)
    assert again["PurchaseOrderByCustomer"] == "fourth"

    below = client.create(SERVICE, ORDERS, order["to_Item"][0], below=(number, "to_Item"))
    assert below["SalesOrder"] == number and below["SalesOrderItem"] == "20"

    client.delete(SERVICE, ORDERS, number, etag=client.get(SERVICE, ORDERS, number).etag)
    with pytest.raises(NotFound):
        client.get(SERVICE, ORDERS, number)
    assert writes(sandbox, "DELETE") == {"204": 1} and writes(sandbox, "MERGE") == {"204": 1}
    assert sandbox.stats()["csrf"] == {"fetches": 1, "refused": 0, "sessions": 1}


@pytest.mark.parametrize(
    "call, about",
    [
        (lambda c: c.update(SERVICE, ORDERS, "1", {"A": 1}), "etag"),
        (lambda c: c.update(SERVICE, ORDERS, "1", {"A": 1}, etag="x", any_etag=True), "any_etag"),
        (lambda c: c.update(SERVICE, ORDERS, "1", {"A": 1}, etag="x\r\nAuthorization: y"), "etag"),
        (lambda c: c.update(SERVICE, ORDERS, "1", {"A": 1}, etag=""), "etag"),
        (lambda c: c.update(SERVICE, ORDERS, "1", {"A": 1}, etag="*"), "etag"),
        (lambda c: c.create(SERVICE, ORDERS, "{}", below=("1", "../A_SalesOrder")), "navigation"),
        (lambda c: c.delete(SERVICE, ORDERS, "1"), "etag"),
        (lambda c: c.create(SERVICE, ORDERS, "[1]"), "body"),
        (lambda c: c.create(SERVICE, ORDERS, '{"A":1'), "body"),
        (lambda c: c.create(SERVICE, ORDERS, '{"A":1} {"B":2}'), "body"),
        (lambda c: c.create(SERVICE, ORDERS, b'{"A":"\xff"}'), "body"),
        (lambda c: c.create(SERVICE, ORDERS, b""), "body"),
        (lambda c: c.create("x?y", ORDERS, "{}"), "service"),
        (lambda c: c.create(SERVICE, "A_SalesOrder('1')/to_Item", "{}"), "entity_set"),
    ],
)
def test_what_cannot_be_right_is_not_sent(sandbox, client, call, about):
    with pytest.raises(InvalidArgument) as caught:
        call(client)
    assert caught.value.target == about and caught.value.outcome == Outcome.NOT_SENT
    assert sandbox.stats()["writes"] == {}


def test_navigation_is_looked_up(sandbox, client):
    with pytest.raises(InvalidArgument, match="to_Item"):
        client.create(SERVICE, ORDERS, "{}", below=("1", "to_Itm"))
    with pytest.raises(NotFound, match="A_SalesOrder"):
        client.create(SERVICE, "A_SalesOrdr", "{}")
    assert sandbox.stats()["writes"] == {}


def test_what_sap_refuses_is_told_in_its_words(sandbox, client, order):
    with pytest.raises(ServiceError) as caught:
        client.create(SERVICE, ORDERS, {**order, "NoSuchProperty": "1"})
    assert caught.value.http_status == 400 and caught.value.outcome == Outcome.NOT_PROCESSED
    assert caught.value.sap_code and "NoSuchProperty" in str(caught.value)
    assert writes(sandbox) == {"400": 1}


def test_a_session_that_is_over_is_replaced_once(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.control("POST", "/sessions", {"drop": True})
    client.create(SERVICE, ORDERS, order)
    assert writes(sandbox) == {"201": 2}
    csrf = sandbox.stats()["csrf"]
    assert (csrf["fetches"], csrf["refused"]) == (2, 1)
    # A tenant that never takes one is not asked for ever.
    sandbox.fault("csrf_required", match=ORDERS)
    with pytest.raises(ServiceError, match="takes none of those") as caught:
        client.create(SERVICE, ORDERS, order)
    assert caught.value.outcome == Outcome.NOT_PROCESSED and caught.value.http_status == 403
    assert writes(sandbox) == {"201": 2} and sandbox.stats()["csrf"]["fetches"] == 3


def test_a_token_counts_on_an_error_answer(sandbox, client, order):
    sandbox.fault("status", match="API_SALES_ORDER_SRV/", times=1, code=405)
    client.create(SERVICE, ORDERS, order)
    assert writes(sandbox) == {"201": 1}


def test_another_credential_has_another_session(sandbox, instance, client, order):
    client.create(SERVICE, ORDERS, order)
    put(instance, sandbox)
    client.create(SERVICE, ORDERS, order)
    assert sandbox.stats()["csrf"]["fetches"] == 2


@pytest.mark.parametrize("fault, created", [("lost_answer", 1), ("not_processed_reset", 0)])
def test_a_lost_answer_is_told_and_never_repeated(sandbox, client, order, fault, created):
    client.create(SERVICE, ORDERS, order)
    sandbox.reset_stats()
    sandbox.fault(fault, match=ORDERS, times=1)
    with pytest.raises(UnknownOutcome) as caught:
        client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": "once"})
    assert caught.value.outcome == Outcome.UNKNOWN
    assert not caught.value.retryable and "read it back" in str(caught.value)
    assert sandbox.stats()["created_by_reference"].get("once", 0) == created
    assert sandbox.stats()["requests"]["api"]["total"] == 1


def test_an_answer_that_breaks_off_behind_its_status_says_enough(sandbox, client, order):
    sandbox.fault("lost_answer_after_headers", match=ORDERS, times=1)
    with pytest.raises(MalformedAnswer, match="carried out") as caught:
        client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": "once"})
    assert caught.value.outcome == Outcome.PROCESSED and not caught.value.retryable
    assert sandbox.stats()["created_by_reference"]["once"] == 1


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504])
def test_what_a_gateway_says_is_no_proof(sandbox, client, order, code):
    client.create(SERVICE, ORDERS, order)
    sandbox.reset_stats()
    sandbox.fault("status", match=ORDERS, code=code, body="html")
    with pytest.raises(UnknownOutcome) as caught:
        client.create(SERVICE, ORDERS, order)
    assert caught.value.http_status == code
    assert caught.value.outcome == Outcome.UNKNOWN and not caught.value.retryable
    assert sandbox.stats()["requests"]["api"]["by_status"] == {str(code): 1}


def test_a_tenant_that_asks_to_wait_did_not_process_it(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.fault("status", match=ORDERS, times=2, code=429, retry_after=0)
    client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": "patient"})
    assert sandbox.stats()["created_by_reference"]["patient"] == 1
    sandbox.fault("status", match=ORDERS, code=429, retry_after=60)
    with pytest.raises(Throttled) as caught:
        client.create(SERVICE, ORDERS, order, timeout=5)
    assert caught.value.outcome == Outcome.NOT_PROCESSED


def test_a_token_that_is_refused_is_replaced_once(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.reset_stats()
    sandbox.fault("unauthorized_api", match=ORDERS, times=1)
    client.create(SERVICE, ORDERS, order)
    assert sandbox.stats()["requests"]["api"]["by_status"] == {"401": 1, "201": 1}
    assert sandbox.stats()["tokens"]["used_more_than_once"] == 0


def test_a_write_that_never_left_is_known_not_to_have(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.rotate_secret()
    with pytest.raises(CredentialExpired) as caught:
        client.create(SERVICE, ORDERS, order)
    assert caught.value.outcome == Outcome.NOT_PROCESSED


def test_an_answer_that_repeats_the_request_gives_no_credential_away(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.control("POST", "/tokens", {"keep": True})
    sandbox.fault("echo_authorization", match=ORDERS)
    with pytest.raises(Exception) as caught:
        client.create(SERVICE, ORDERS, order)
    said = str(caught.value) + json.dumps(caught.value.details)
    tokens = sandbox.control("GET", "/tokens")
    assert tokens
    for token in tokens:
        assert token not in said


def test_half_a_login_page_proves_nothing(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.reset_stats()
    sandbox.fault("html_login", match=ORDERS)
    sandbox.fault("truncate", match=ORDERS)
    with pytest.raises(UnknownOutcome) as caught:
        client.create(SERVICE, ORDERS, order)
    assert caught.value.outcome == Outcome.UNKNOWN and caught.value.http_status == 0
    assert writes(sandbox).get("created", 0) == 0


def test_an_answer_that_is_too_large_tells_what_its_status_says(sandbox, connection, order):
    connection.client().create(SERVICE, ORDERS, order)
    with connection.client(max_answer_bytes=1500) as narrow, pytest.raises(TooLarge) as caught:
        narrow.create(SERVICE, ORDERS, order)
    assert caught.value.outcome == Outcome.PROCESSED and caught.value.http_status == 201


def test_many_threads_share_one_session(sandbox, tmp_path, order):
    # Each write has a token of its own: as fast as they can be had, the pace would make of this a test of itself.
    key = os.urandom(32)
    with Instance(tmp_path / "crowd.db", key=key, mints_per_second=0) as instance:
        crowd(sandbox, put(instance, sandbox).client(), order)


def crowd(sandbox, client, order):
    client.create(SERVICE, ORDERS, order)
    sandbox.control("POST", "/sessions", {"drop": True})
    sandbox.reset_stats()
    threads, each, failures = 64, 157 if SOAK else 10, []

    def work(thread):
        for number in range(each):
            try:
                client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": f"{thread}-{number}"})
            except Exception as error:
                failures.append(error)

    running = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert failures == []
    stats = sandbox.stats()
    assert len(stats["created_by_reference"]) == threads * each
    assert set(stats["created_by_reference"].values()) == {1}
    # The one whose session was over learns it from the tenant; all others wait for the new one, or have it.
    assert stats["csrf"]["fetches"] <= 2
    assert stats["csrf"]["refused"] <= threads
    assert stats["tokens"]["used_more_than_once"] == 0


def lost(client, sandbox, order, reference, fault, **args):
    """A create whose answer does not come."""
    sandbox.fault(fault, match=ORDERS, times=1, **args)
    with pytest.raises(UnknownOutcome):
        client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": reference})


def settle(client, reference, **options):
    return client.settle(SERVICE, ORDERS, "PurchaseOrderByCustomer", reference, **options)


def test_a_lost_answer_is_settled(sandbox, client, order):
    lost(client, sandbox, order, "it's there", "lost_answer")
    settled = settle(client, "it's there", quiet=30)
    assert settled.outcome == "created" and settled.looks == 1
    number = re.fullmatch(r"SalesOrder='(\d+)'", settled.documents[0]).group(1)
    assert client.get(SERVICE, ORDERS, number)["PurchaseOrderByCustomer"] == "it's there"
    # The reference is the product's to keep unique: all that have it are told of.
    client.create(SERVICE, ORDERS, {**order, "PurchaseOrderByCustomer": "it's there"})
    assert len(settle(client, "it's there").documents) == 2

    lost(client, sandbox, order, "not there", "not_processed_reset")
    began = time.monotonic()
    settled = settle(client, "not there", quiet=2)
    assert (settled.outcome, settled.documents) == ("not_created", ())
    assert time.monotonic() - began >= 2 and settled.looks > 1


def test_what_is_settled_is_what_the_tenant_has(sandbox, client, order):
    dice = random.Random(7)
    client.create(SERVICE, ORDERS, order)
    sandbox.reset_stats()
    unknown = [f"{number}" for number in range(1000 if SOAK else 25)]
    for reference in unknown:
        lost(client, sandbox, order, reference, dice.choice(["lost_answer", "not_processed_reset"]))
    made = sandbox.stats()["created_by_reference"]
    assert 0 < len(made) < len(unknown) and set(made.values()) == {1}
    for reference in unknown:
        settled = settle(client, reference, quiet=0.001)
        expected = "created" if reference in made else "not_created"
        assert (settled.outcome, len(settled.documents)) == (expected, made.get(reference, 0))


def test_a_commit_that_comes_late_is_waited_for(sandbox, client, order):
    lost(client, sandbox, order, "late", "late_commit", after_ms=1500)
    assert settle(client, "late", quiet=0.001).outcome == "not_created"
    settled = settle(client, "late", quiet=20)
    assert settled.outcome == "created" and settled.looks > 1
    # Less time than quiet: nothing is claimed.
    assert settle(client, "never", quiet=60, timeout=1).outcome == "unknown"


def test_a_look_whose_answer_was_long_on_its_way_ends_no_quiet_period(sandbox, client, order):
    lost(client, sandbox, order, "slow", "late_commit", after_ms=1500)
    sandbox.fault("slow_body", match=ORDERS, method="GET", times=1, ms=2500)
    settled = settle(client, "slow", quiet=2)
    assert settled.outcome == "created" and settled.looks == 2


def test_an_empty_page_that_leads_on_settles_nothing(sandbox, client, order):
    lost(client, sandbox, order, "further on", "lost_answer")
    sandbox.fault("empty_page_with_next", match=ORDERS)
    with pytest.raises(ReadInconsistent, match="empty page"):
        settle(client, "further on", quiet=0.001)


def test_what_cannot_settle_anything_is_told(sandbox, client):
    for field, reference in (("", "x"), ("A B", "x"), ("PurchaseOrderByCustomer", ""), ("NoSuchField", "x")):
        with pytest.raises(InvalidArgument):
            client.settle(SERVICE, ORDERS, field, reference)
    sandbox.fault("wrong_set", match=ORDERS)
    with pytest.raises(MalformedAnswer):
        settle(client, "x")
