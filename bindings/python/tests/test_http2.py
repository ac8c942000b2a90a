# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 and client certificates through a real nginx."""

import shutil
import threading
from urllib.parse import urlsplit

import pytest
from conftest import SERVICE, put
from nginx_front import NginxFront

from askel_s4 import AskelError, Auth, ClientAuth, HttpVersion

ORDERS = "A_SalesOrder"
NO_CLIENT = {"token_url": None, "client_id": None, "client_secret": None}

pytestmark = pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin") is None, reason="nginx is not installed")


def connect(instance, sandbox, front, **changes):
    values = {"host": front.info["api_url"], "token_url": front.info["token_url"], "ca_file": front.info["ca_file"]}
    return put(instance, sandbox, **{**values, **changes})


def order(client):
    row = client.get(SERVICE, ORDERS, next(client.read(SERVICE, ORDERS, top=1))["SalesOrder"])
    names = ("SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty")
    return {name: row[name] for name in names}


def write(client):
    created = client.create(SERVICE, ORDERS, order(client))
    client.update(SERVICE, ORDERS, created["SalesOrder"], {"PurchaseOrderByCustomer": "x"}, etag=created.etag)
    assert client.get(SERVICE, ORDERS, created["SalesOrder"])["PurchaseOrderByCustomer"] == "x"
    client.delete(SERVICE, ORDERS, created["SalesOrder"], any_etag=True)


def in_parallel(count, work):
    failed = []

    def run():
        try:
            work()
        except AskelError as error:
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_many_requests_go_over_one_connection(instance, sandbox):
    with NginxFront(sandbox) as front:
        client = connect(instance, sandbox, front).client(http_version=HttpVersion.HTTP_2)
        in_parallel(24, lambda: list(client.read(SERVICE, ORDERS, page_size=20, top=60)))
        write(client)
        assert front.protocols() == {"HTTP/2.0"}
        api = str(urlsplit(front.info["api_url"]).port)
        assert len({request[2] for request in front.requests() if request[1] == api}) == 1
    sandbox.reset_data()


def test_a_connection_that_the_server_ends_is_replaced(instance, sandbox):
    """After each five requests nginx says GOAWAY."""
    with NginxFront(sandbox, "keepalive_requests 5;") as front:
        client = connect(instance, sandbox, front).client(http_version=HttpVersion.HTTP_2)
        in_parallel(16, lambda: list(client.read(SERVICE, ORDERS, page_size=20, top=100)))
        connections = {request[2] for request in front.requests()}
        assert len(connections) > 10 and front.protocols() == {"HTTP/2.0"}


@pytest.mark.parametrize("version", [HttpVersion.HTTP_1_1, HttpVersion.HTTP_2])
@pytest.mark.parametrize("at", ["token", "api"])
def test_a_client_certificate(instance, sandbox, at, version):
    certificate = {"client_certificate": sandbox.client_certificate, "client_key": sandbox.client_key}
    ways = {
        "token": {"client_auth": ClientAuth.CERTIFICATE, "client_secret": None, **certificate},
        "api": {"auth": Auth.CERTIFICATE, **certificate, **NO_CLIENT},
    }
    # With tokens it is the token endpoint alone that the certificate is shown to.
    with NginxFront(sandbox, verifies=True) as front, NginxFront(sandbox) as plain:
        hosts = {} if at == "api" else {"host": plain.info["api_url"], "ca_file": front.both(plain)}
        client = connect(instance, sandbox, front, **{**ways[at], **hosts}).client(http_version=version)
        assert len(list(client.read(SERVICE, ORDERS, page_size=10, top=30))) == 30
        write(client)
        shown = {request[4] for request in front.requests()}
        assert len(shown) == 1 and "CN=" in shown.pop()
        assert {request[4] for request in plain.requests()} <= {"-"}
        assert front.protocols() == {"HTTP/2.0" if version == HttpVersion.HTTP_2 else "HTTP/1.1"}
    sandbox.reset_data()
