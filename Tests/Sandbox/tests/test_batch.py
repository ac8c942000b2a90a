# SPDX-License-Identifier: Apache-2.0
"""$batch: reads and change sets in one request, whole or not at all; pyodata is the judge from outside."""

from __future__ import annotations

import json
import re
from typing import Any

import pyodata
import pytest
import requests
from conftest import SERVICE, SERVICE_4, order
from pyodata.v2.model import Config, PolicyWarning

READ = "GET A_SalesOrder('9999')?$select=SalesOrder HTTP/1.1\r\nAccept: application/json\r\n\r\n"
HTTP = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"


def part(text: str, **mime: str) -> str:
    extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in mime.items())
    return f"{HTTP}{extra}\r\n{text}"


def write(method: str, url: str, body: object = None, **headers: str) -> str:
    text = "" if body is None else json.dumps(body)
    named = {"Content-Type": "application/json", "Content-Length": str(len(text))} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    return f"{method} {url} HTTP/1.1\r\n{head}\r\n{text}"


def multipart(boundary: str, *parts: str) -> str:
    return "".join(f"--{boundary}\r\n{each}\r\n" for each in parts) + f"--{boundary}--"


def changes(*parts: str) -> str:
    return "Content-Type: multipart/mixed; boundary=changes\r\n\r\n" + multipart("changes", *parts)


def send(client: Any, *parts: str, body: str | None = None, token: bool = True, **headers: str) -> requests.Response:
    if token and not client.token:
        client.fetch_token()
    named = {"Content-Type": 'multipart/mixed; boundary="outer one"', "Accept": "multipart/mixed"}
    named |= {"x-csrf-token": client.token} if token else {}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = multipart("outer one", *parts) if body is None else body
    return client.session.post(f"{client.root}/$batch", data=data.encode(), headers=named, timeout=20)  # type: ignore[no-any-return]


def answers(answer: requests.Response, status: int = 202) -> list[Any]:
    """[(status, headers, body)]; of a change set a list of them. Read without the sandbox's own code."""
    assert answer.status_code == status, answer.text
    return split(answer.content, answer.headers["Content-Type"])


def split(body: bytes, content_type: str) -> list[Any]:
    found = re.fullmatch(r"multipart/mixed; boundary=(\w+)", content_type)
    assert found
    delimiter = f"--{found[1]}".encode()
    assert body.startswith(delimiter + b"\r\n") and body.endswith(b"\r\n" + delimiter + b"--\r\n")
    pieces = (b"\r\n" + body).split(b"\r\n" + delimiter)[1:-1]
    read = []
    for piece in pieces:
        mime, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = named(mime)
        assert int(headers["content-length"]) == len(content)
        if headers["content-type"].startswith("multipart/mixed"):
            read.append(split(content, headers["content-type"]))
            continue
        assert headers["content-type"] == "application/http" and headers["content-transfer-encoding"] == "binary"
        head, _, inner = content.partition(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        inner_headers = named(rest) | {"content-id": headers.get("content-id")}
        assert int(inner_headers["content-length"]) == len(inner)
        read.append((int(line.split()[1]), inner_headers, json.loads(inner) if inner else None))
    return read


def named(head: bytes) -> dict[str, Any]:
    assert b"\n" not in head.replace(b"\r\n", b"")
    pairs = [line.partition(": ") for line in head.decode().split("\r\n")]
    return {name.lower(): value for name, _, value in pairs}


def numbers(client: Any, reference: str) -> list[str]:
    query = f"$filter=PurchaseOrderByCustomer eq '{reference}'&$select=SalesOrder"
    return [row["SalesOrder"] for row in client.rows("A_SalesOrder", query)]


def test_reads_answer_in_their_order_each_with_its_own_status(client: Any) -> None:
    host = client.sandbox.api_url
    gone = READ.replace("9999", "1")
    absolute, rooted = (READ.replace("A_", f"{root}{SERVICE}/A_") for root in (host, ""))
    found = answers(send(client, part(READ), part(gone), part(absolute), part(rooted)))
    assert [each[0] for each in found] == [200, 404, 200, 200]
    assert {each[2]["d"]["SalesOrder"] for each in found if each[0] == 200} == {"9999"}
    assert found[1][2]["error"]["code"] == "/IWBEP/CM_MGW_RT/020" and found[0][1]["dataserviceversion"] == "2.0"
    assert client.sandbox.stats()["batched"] == {"GET": 4}


def test_a_page_in_a_batch_leads_on(client: Any) -> None:
    client.sandbox.settings(page_size=5)
    status, _, body = answers(send(client, part(READ.replace("('9999')", ""))))[0]
    assert status == 200 and len(body["d"]["results"]) == 5
    assert body["d"]["__next"].startswith(f"{client.root}/A_SalesOrder?")
    assert client.raw(body["d"]["__next"]).status_code == 200


def test_urls_that_leave_the_service_are_refused(client: Any) -> None:
    urls = ["https://stranger.example/A_SalesOrder", "/sap/opu/odata/sap/API_OTHER/A_SalesOrder", "$1/to_Item"]
    found = answers(send(client, *(part(f"GET {url} HTTP/1.1\r\n\r\n") for url in urls)))
    assert [each[0] for each in found] == [400, 404, 400]


def test_a_change_set_is_carried_out_whole(client: Any) -> None:
    old = client.create()["SalesOrder"]
    found = answers(send(
        client,
        changes(
            part(write("POST", "A_SalesOrder", order("whole")), Content_ID="1"),
            part(write("POST", "$1/to_Item", {"Material": "NM-1001", "RequestedQuantity": "7"}), Content_ID="2"),
            part(write("PATCH", "$1", {"PurchaseOrderByCustomer": "changed"}, If_Match="*"), Content_ID="3"),
            part(write("DELETE", f"A_SalesOrder('{old}')", If_Match="*")),
        ),
        part(READ.replace("'9999'", f"'{old}'")),
    ))  # fmt: skip
    assert [[each[0] for each in found[0]], found[1][0]] == [[201, 201, 204, 204], 404]
    assert [each[1]["content-id"] for each in found[0]] == ["1", "2", "3", None]
    made = found[0][0][2]["d"]["SalesOrder"]
    assert found[0][0][1]["location"] == f"{client.root}/A_SalesOrder('{made}')"
    items = client.data(f"A_SalesOrder('{made}')", "$expand=to_Item")
    assert items["PurchaseOrderByCustomer"] == "changed" and len(items["to_Item"]["results"]) == 2


def test_a_change_set_with_one_error_leaves_no_trace(client: Any) -> None:
    kept = client.create("kept")
    client.sandbox.reset_stats()
    path = f"A_SalesOrder('{kept['SalesOrder']}')"
    etag = client.get(path).headers["etag"]
    wrong = order("half") | {"SoldToParty": "1"}
    found = answers(send(
        client,
        changes(
            part(write("POST", "A_SalesOrder", order("half")), Content_ID="1"),
            part(write("PATCH", path, {"PurchaseOrderByCustomer": "half"}, If_Match=etag)),
            part(write("DELETE", path, If_Match="*")),
            part(write("POST", "A_SalesOrder", wrong), Content_ID="4"),
        ),
        changes(part(write("POST", "A_SalesOrder", order("next")))),
    ))  # fmt: skip
    status, headers, body = found[0]
    assert (status, headers["content-id"], body["error"]["code"]) == (400, "4", "ZSB/011")
    assert numbers(client, "half") == [] and client.get(path).headers["etag"] == etag
    assert client.data(path)["PurchaseOrderByCustomer"] == "kept"
    # The numbers of what was taken back are given again, and it is not counted as created.
    assert int(found[1][0][2]["d"]["SalesOrder"]) == int(kept["SalesOrder"]) + 1
    stats = client.sandbox.stats()
    assert stats["created_by_reference"] == {"next": 1} and stats["batched"]["change_sets_refused"] == 1


def test_an_etag_in_a_change_set_counts(client: Any) -> None:
    path = f"A_SalesOrder('{client.create()['SalesOrder']}')"
    for given, status in (({}, 428), ({"If_Match": 'W/"old"'}, 412)):
        found = answers(send(client, changes(part(write("PATCH", path, {"SalesGroup": "A"}, **given)))))
        assert found[0][0] == status


@pytest.mark.parametrize(
    "body",
    [
        "",
        multipart("outer one", part(READ)).replace("\r\n", "\n"),
        multipart("outer one", part(READ)).removesuffix("--"),
        multipart("another", part(READ)),
        multipart("outer one"),
        # No blank line behind the headers of a GET.
        multipart("outer one", part(READ.removesuffix("\r\n"))),
        multipart("outer one", READ),
        multipart("outer one", f"Content-Type: application/http\r\n\r\n{READ}"),
        multipart("outer one", part(READ.replace("\r\nAccept", "\nAccept"))),
        multipart("outer one", part(READ.replace(" HTTP/1.1", ""))),
        # A write outside of a change set, and a read inside of one.
        multipart("outer one", part(write("POST", "A_SalesOrder", {}))),
        multipart("outer one", changes(part(READ))),
        multipart("outer one", changes(changes(part(write("POST", "A_SalesOrder", {}))))),
        multipart("outer one", changes(*[part(write("POST", "A_SalesOrder", {}), Content_ID="1")] * 2)),
        multipart("outer one", changes(part(write("POST", "A_SalesOrder", {}).replace("Length: 2", "Length: 3")))),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(client: Any, body: str) -> None:
    answer = send(client, body=body)
    assert answer.status_code == 400 and "Malformed batch request" in answer.json()["error"]["message"]["value"]
    stats = client.sandbox.stats()
    assert stats["batched"] == {} and stats["created"] == {}


def test_a_preamble_and_an_epilogue_are_passed_over(client: Any) -> None:
    body = "none of it\r\n" + multipart("outer one", part(READ)) + "  \r\nnor this\r\n--outer one\r\n"
    assert [each[0] for each in answers(send(client, body=body))] == [200]
    wrong = send(client, part(READ), Content_Type="application/json")
    assert wrong.status_code == 400


def test_read_only_batches_may_demand_a_csrf_token(client: Any) -> None:
    refused = send(client, part(READ), token=False)
    assert refused.status_code == 403 and refused.headers["x-csrf-token"] == "Required"
    assert client.sandbox.stats()["csrf"]["refused"] == 1 and client.sandbox.stats()["batched"] == {}
    client.sandbox.settings(csrf_batch=False)
    assert answers(send(client, part(READ), token=False))[0][0] == 200


def test_faults_strike_batches_too(client: Any) -> None:
    client.fetch_token()
    client.sandbox.fault("lost_answer", match="$batch", times=1)
    with pytest.raises(requests.ConnectionError):
        send(client, changes(part(write("POST", "A_SalesOrder", order("lost")))))
    assert len(numbers(client, "lost")) == 1
    client.sandbox.fault("status", match="$batch", times=1, code=503)
    assert send(client, part(READ)).status_code == 503 and answers(send(client, part(READ)))[0][0] == 200
    assert client.sandbox.stats()["requests"]["api"]["by_kind"]["batch"] == 3


@pytest.fixture
def service(client: Any) -> Any:
    """A pyodata client over the sandbox; its batches carry the CSRF token."""
    client.fetch_token()
    client.session.headers.update({"x-csrf-token": client.token, "Accept": "*/*"})
    return pyodata.Client(client.root + "/", client.session, config=Config(default_error_policy=PolicyWarning()))


def test_pyodata_reads_and_writes_in_batches(client: Any, service: Any) -> None:
    batch = service.create_batch()
    batch.add_request(service.entity_sets.A_SalesOrder.get_entity("9999"))
    changeset = service.create_changeset()
    changeset.add_request(service.entity_sets.A_SalesOrder.create_entity().set(**order("pyodata")))
    number = client.create()["SalesOrder"]
    update = service.entity_sets.A_SalesOrder.update_entity(SalesOrder=number, method="PATCH")
    update.set(PurchaseOrderByCustomer="patched")
    update.add_headers({"If-Match": "*"})
    changeset.add_request(update)
    batch.add_request(changeset)
    read, (created, _) = batch.execute()
    assert read.SalesOrder == "9999" and created.PurchaseOrderByCustomer == "pyodata"
    assert client.data(f"A_SalesOrder('{number}')")["PurchaseOrderByCustomer"] == "patched"


def test_pyodata_sees_one_answer_for_a_refused_change_set(client: Any, service: Any) -> None:
    batch, changeset = service.create_batch(), service.create_changeset()
    for wrong in ({}, {"SoldToParty": "1"}):
        entity = order("refused") | wrong
        changeset.add_request(service.entity_sets.A_SalesOrder.create_entity().set(**entity))
    batch.add_request(changeset)
    with pytest.raises(pyodata.exceptions.HttpError, match="400"):
        batch.execute()
    assert numbers(client, "refused") == []


def test_v4_batches_end_at_the_first_error_unless_told_otherwise(client4: Any) -> None:
    gone, there = (f"GET SalesOrder('{number}')?$select=SalesOrder HTTP/1.1\r\n\r\n" for number in ("1", "9999"))
    found = answers(send(client4, part(there), part(gone), part(there)), 200)
    assert [each[0] for each in found] == [200, 404]
    found = answers(send(client4, part(gone), part(there), Prefer="odata.continue-on-error"), 200)
    assert [each[0] for each in found] == [404, 200]
    assert found[1][2]["SalesOrder"] == "9999" and found[1][1]["odata-version"] == "4.0"


def test_v4_change_sets_refer_to_what_they_made(client4: Any) -> None:
    body = {
        "SalesOrderType": "TA", "SalesOrganization": "1010", "DistributionChannel": "10", "OrganizationDivision": "00",
        "SoldToParty": "10100001", "PurchaseOrderByCustomer": "v4",
        "_Item": [{"Product": "NM-1000", "RequestedQuantity": 3}],
    }  # fmt: skip
    item = {"Product": "NM-1001", "RequestedQuantity": 2}
    rooted = f"{SERVICE_4}/SalesOrder"
    good = [part(write("POST", rooted, body), Content_ID="a"), part(write("POST", "$a/_Item", item), Content_ID="b")]
    found = answers(send(client4, changes(*good)), 200)[0]
    assert [(each[0], each[1]["content-id"]) for each in found] == [(201, "a"), (201, "b")]
    assert found[1][2]["SalesOrder"] == found[0][2]["SalesOrder"]
    bad = part(write("PATCH", "$b", {"NoSuchProperty": 1}, If_Match="*"), Content_ID="c")
    status, headers, _ = answers(send(client4, changes(*good, bad)), 200)[0]
    assert status == 400 and headers["content-id"] == "c"
    assert client4.sandbox.stats()["created_by_reference"] == {"v4": 1}
