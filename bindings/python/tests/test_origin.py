# SPDX-License-Identifier: Apache-2.0
"""A credential goes to its own origin and nowhere else: whatever the tenant's answers name, a stranger's host gets
neither Authorization nor cookie nor certificate, and no connection at all."""

import contextlib
import ssl
import urllib.request

import pytest
from conftest import SERVICE, put

from askel_s4 import AskelError, Auth, ClientAuth, HostRefused, InvalidArgument, OriginRefused, UnknownOutcome

ORDERS = "A_SalesOrder"
NO_CLIENT = {"token_url": None, "client_id": None, "client_secret": None}
REDIRECTS = [301, 302, 303, 307, 308]


def ways(sandbox):
    """Each kind of credential."""
    certificate = {"client_certificate": sandbox.client_certificate, "client_key": sandbox.client_key}
    return {
        "secret_basic": {},
        "secret_post": {"client_auth": ClientAuth.SECRET_POST},
        "token_certificate": {"client_auth": ClientAuth.CERTIFICATE, "client_secret": None, **certificate},
        "user": {"auth": Auth.BASIC, "user": sandbox.user, "password": sandbox.password, **NO_CLIENT},
        "api_certificate": {"auth": Auth.CERTIFICATE, **certificate, **NO_CLIENT},
    }


@pytest.fixture(params=["secret_basic", "secret_post", "token_certificate", "user", "api_certificate"])
def way(request):
    return request.param


@pytest.fixture
def client(instance, sandbox, way):
    with put(instance, sandbox, **ways(sandbox)[way]).client() as opened:
        next(opened.read(SERVICE, ORDERS, top=1))
        yield opened
        assert sandbox.foreign_log() == []
        assert sandbox.stats()["foreign_connections"] == []


def order(client):
    row = client.get(SERVICE, ORDERS, next(client.read(SERVICE, ORDERS, top=1))["SalesOrder"])
    names = ("SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty")
    return {name: row[name] for name in names}


def test_the_strangers_host_notices_whoever_comes(sandbox):
    """What the other tests rest on."""
    context = ssl.create_default_context(cafile=sandbox.ca_file)
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    urllib.request.build_opener(*handlers).open(sandbox.foreign_url + "/x", timeout=20).close()
    assert [entry["path"] for entry in sandbox.foreign_log()] == ["/x"]
    assert sandbox.stats()["foreign_connections"] == [None]


def test_a_foreign_next_link(sandbox, client):
    for fault in ("next_foreign", "next_http", "next_port80"):
        sandbox.fault(fault, match=ORDERS, times=1)
        with pytest.raises(OriginRefused):
            list(client.read(SERVICE, ORDERS, page_size=10, top=50))


def test_a_foreign_redirect_of_a_read(sandbox, client):
    for code in REDIRECTS:
        sandbox.clear_faults()
        sandbox.fault("redirect", match=ORDERS, code=code)
        with pytest.raises(OriginRefused):
            list(client.read(SERVICE, ORDERS, top=1))
        with pytest.raises(OriginRefused):
            client.get(SERVICE, ORDERS, "1")


def test_a_foreign_redirect_of_metadata_and_of_a_check(instance, sandbox, way, client):
    for code in REDIRECTS:
        sandbox.clear_faults()
        sandbox.fault("redirect", match="metadata", code=code)
        with instance.connection("nordvik").client() as fresh, pytest.raises(OriginRefused):
            list(fresh.read(SERVICE, ORDERS, top=1))
        sandbox.fault("redirect", code=code)
        with pytest.raises(AskelError):
            instance.connection("nordvik").check(SERVICE)


def test_a_foreign_redirect_of_a_token_request(sandbox, way, client):
    for code in REDIRECTS:
        sandbox.clear_faults()
        sandbox.fault("redirect", on="token", code=code)
        # Without tokens nothing is asked for them.
        with pytest.raises(AskelError) if way not in ("user", "api_certificate") else contextlib.nullcontext():
            list(client.read(SERVICE, ORDERS, top=1))


def test_a_foreign_redirect_of_a_write(sandbox, client):
    new = order(client)
    for code in REDIRECTS:
        sandbox.clear_faults()
        sandbox.drop_sessions()
        # The session that the redirect brings is the tenant's own.
        sandbox.fault("redirect", method="GET", code=code)
        assert client.create(SERVICE, ORDERS, new)["SalesOrder"]
        sandbox.fault("redirect", method="POST", code=code)
        with pytest.raises(UnknownOutcome, match="not followed"):
            client.create(SERVICE, ORDERS, new)
    assert sandbox.stats()["created"][ORDERS] == len(REDIRECTS)
    sandbox.reset_data()


def test_a_foreign_location(sandbox, client):
    sandbox.fault("location_foreign", method="POST")
    created = client.create(SERVICE, ORDERS, order(client))
    # It is told, and not followed.
    assert created.header("Location").startswith(sandbox.foreign_url) and created["SalesOrder"]
    sandbox.clear_faults()
    assert client.get(SERVICE, ORDERS, created["SalesOrder"])["SalesOrder"] == created["SalesOrder"]
    sandbox.reset_data()


SPLIT = ["a\r\nX-Second: b", "a\nb", "a\rb"]


@pytest.mark.parametrize("text", SPLIT)
def test_no_text_of_the_product_becomes_a_header_or_another_request(instance, sandbox, text):
    connection = put(instance, sandbox)
    with connection.client() as client:
        row = client.get(SERVICE, ORDERS, next(client.read(SERVICE, ORDERS, top=1))["SalesOrder"])
        sandbox.reset_stats()
        attempts = [
            lambda: next(client.read(text, ORDERS)),
            lambda: next(client.read("/sap/" + text, ORDERS)),
            lambda: next(client.read(SERVICE, text)),
            lambda: next(client.read(SERVICE, ORDERS, select=text)),
            lambda: next(client.read(SERVICE, ORDERS, expand=text)),
            lambda: next(client.read(SERVICE, ORDERS, orderby=text)),
            lambda: client.update(SERVICE, ORDERS, row["SalesOrder"], {}, etag=text),
            lambda: client.create(SERVICE, ORDERS, {}, below=("1", text)),
            lambda: next(connection.client(language=text).read(SERVICE, ORDERS)),
        ]
        for number, attempt in enumerate(attempts):
            with pytest.raises(InvalidArgument):
                attempt()
                pytest.fail(f"attempt {number} went through")
        # A key and a parameter may hold any text: it arrives as what it is, in one request.
        with pytest.raises(AskelError):
            client.get(SERVICE, ORDERS, text)
        assert list(client.read(SERVICE, ORDERS, filter="PurchaseOrderByCustomer eq ?", params=[text])) == []
    requests = sandbox.stats()["requests"]["api"]
    assert requests["total"] <= 3
    for name in ("client_id", "scope", "client_secret", "user", "password"):
        way = {"auth": Auth.BASIC, "user": "x", "password": "y"} if name in ("user", "password") else {}
        with pytest.raises(InvalidArgument, match="control character"):
            put(instance, sandbox, "other", **{**way, name: text})
    for where in ({"host": "localhost\r\n" + text}, {"token_url": sandbox.token_url + text}, {"allow_host": text}):
        with pytest.raises(HostRefused):
            put(instance, sandbox, "third", **where)
