# SPDX-License-Identifier: Apache-2.0
"""One token for a whole call, where the product asks for that; and one for each request, where it does not."""

import pytest
from conftest import SERVICE, put

from askel_s4 import CredentialExpired, InvalidArgument, MintPolicy, Unauthorised, Unreachable


@pytest.fixture
def shared(connection):
    """A client whose calls have one token each, and which knows $metadata."""
    with connection.client(mint_policy=MintPolicy.PER_CALL) as client:
        list(client.read(SERVICE, "A_SalesOrder", top=1))
        yield client


def read(client, pages=8):
    """Reads pages of ten rows."""
    cursor = client.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=10 * pages)
    keys = [row["SalesOrder"] for row in cursor]
    assert len(keys) == len(set(keys)) == 10 * pages
    return cursor.receipt


def use(sandbox):
    stats = sandbox.stats()
    return stats["mints"], stats["tokens"]["used_more_than_once"]


def test_a_read_of_eight_pages_is_one_token(sandbox, shared):
    sandbox.reset_stats()
    receipt = read(shared)
    assert (receipt.pages, receipt.mints, receipt.mints_unused) == (8, 1, 0)
    assert use(sandbox) == (1, 1)
    # It ended with its read: the next one has another.
    assert read(shared).mints == 1
    assert use(sandbox) == (2, 2)


def test_by_default_each_request_has_its_own(sandbox, client):
    list(client.read(SERVICE, "A_SalesOrder", top=1))
    sandbox.reset_stats()
    receipt = read(client)
    assert receipt.mints - receipt.mints_unused == 8
    assert sandbox.stats()["tokens"]["used_once"] == 8 and use(sandbox)[1] == 0


def test_metadata_and_a_write_with_its_session_share_one_too(sandbox, connection):
    with connection.client() as client:
        order = next(client.read(SERVICE, "A_SalesOrder", top=1))["SalesOrder"]
    with connection.client(mint_policy=MintPolicy.PER_CALL) as client:
        sandbox.reset_stats()
        document = client.get(SERVICE, "A_SalesOrder", order)
        assert use(sandbox) == (1, 1)
        # The CSRF token is fetched with the one that the order is written with.
        client.update(SERVICE, "A_SalesOrder", order, {"PurchaseOrderByCustomer": "x"}, etag=document.etag)
        assert use(sandbox) == (2, 2) and sandbox.stats()["csrf"]["fetches"] == 1


@pytest.mark.parametrize("expires_in", [0, "0", 1])
def test_a_token_whose_end_has_come_is_not_sent_again(sandbox, shared, expires_in):
    sandbox.settings(token_expires_in=expires_in, token_lifetime_s=60, latency_ms=30 if expires_in == 1 else 0)
    sandbox.reset_stats()
    receipt = read(shared, pages=40 if expires_in == 1 else 8)
    # Of one that lives for a second, half is left for requests.
    assert 1 < receipt.mints < receipt.requests if expires_in == 1 else receipt.mints == receipt.requests == 8
    assert use(sandbox)[0] == receipt.mints
    assert sandbox.stats()["unauthorized"] == {}


@pytest.mark.parametrize("expires_in", [None, "soon", -5, 43199, "43199", 3600.5])
def test_a_token_that_says_nothing_usable_of_its_end_serves_a_short_read(sandbox, shared, expires_in):
    sandbox.settings(token_expires_in=expires_in, token_lifetime_s=60)
    assert read(shared).mints == 1


def test_a_fresh_401_is_one_new_token(sandbox, shared):
    cursor = shared.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=50)
    pages = cursor.pages()
    next(pages)
    sandbox.revoke_tokens()
    sandbox.reset_stats()
    assert len(list(pages)) == 4
    assert (cursor.receipt.mints, cursor.receipt.retries) == (2, 1)
    assert use(sandbox) == (1, 1) and sandbox.stats()["unauthorized"] == {"unknown_token": 1}


def test_an_api_that_takes_no_token_is_told_after_one_new_one(sandbox, instance, shared):
    sandbox.reset_stats()
    sandbox.fault("unauthorized_api", match="A_SalesOrder")
    with pytest.raises(Unauthorised):
        read(shared)
    assert use(sandbox)[0] == 2
    assert instance.connection("nordvik").state == "unauthorised"


def test_a_new_credential_ends_the_old_ones_token(sandbox, instance, shared):
    pages = shared.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=50).pages()
    next(pages)
    sandbox.reset_stats()
    put(instance, sandbox)
    assert len(list(pages)) == 4
    assert use(sandbox) == (1, 1)


def test_a_rejected_credential_ends_the_read_though_its_token_lives(sandbox, instance, connection, shared):
    pages = shared.read(SERVICE, "A_SalesOrder", select="SalesOrder", page_size=10, top=50).pages()
    next(pages)
    sandbox.rotate_secret()
    with pytest.raises(CredentialExpired):
        connection.check()
    sandbox.reset_stats()
    with pytest.raises(CredentialExpired):
        next(pages)
    assert "token" not in sandbox.stats()["requests"]


def test_a_token_endpoint_that_is_down_is_told_after_one_row_of_retries(sandbox, connection):
    with connection.client(mint_policy=MintPolicy.PER_CALL, retries=2) as client:
        sandbox.fault("status", on="token", code=503, body="empty")
        with pytest.raises(Unreachable):
            next(client.read(SERVICE, "A_SalesOrder", top=1))
        assert sandbox.stats()["requests"]["token"]["total"] == 3


def test_a_policy_that_is_none(connection):
    with pytest.raises(InvalidArgument, match="mint_policy"):
        connection.client(mint_policy=2)
