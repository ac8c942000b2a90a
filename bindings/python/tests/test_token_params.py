# SPDX-License-Identifier: Apache-2.0
"""What a tenant's token endpoint wants beside what OAuth asks for."""

import pytest
from conftest import put

from askel_s4 import ClientAuth, InvalidArgument, ServiceError

WANTED = {"resource": "urn:sap:identity:application:provider:name:a b&c=ü", "audience": ""}


@pytest.mark.parametrize("client_auth", [ClientAuth.SECRET_BASIC, ClientAuth.SECRET_POST])
def test_they_are_sent_as_a_form_has_them(instance, sandbox, client_auth):
    sandbox.settings(token_params=WANTED)
    with pytest.raises(ServiceError, match="invalid_target") as caught:
        put(instance, sandbox, client_auth=client_auth).check()
    assert caught.value.sap_code == "invalid_target"
    connection = put(instance, sandbox, client_auth=client_auth, token_params=WANTED)
    assert connection.check().state == "active"
    assert connection.token_params == tuple(WANTED.items())
    assert instance.connections()[0].token_params == tuple(WANTED.items())


def test_a_name_may_come_more_than_once(instance, sandbox):
    sandbox.settings(token_params={"resource": ["urn:b", "urn:a"]})
    connection = put(instance, sandbox, token_params=[("resource", "urn:b"), ("resource", "urn:a")])
    connection.check()
    assert connection.token_params == (("resource", "urn:b"), ("resource", "urn:a"))


def test_a_staged_credential_takes_them_over_or_has_its_own(instance, sandbox):
    sandbox.settings(token_params=WANTED)
    put(instance, sandbox, token_params=WANTED)
    new = sandbox.rotate_secret(keep_old=True)
    staged = instance.stage_connection("nordvik", client_secret=new)
    assert staged.beside.token_params == tuple(WANTED.items())
    assert staged.check(beside=True).state == "active"
    for given, expected in (({}, ()), ({"audience": "x"}, (("audience", "x"),))):
        staged = instance.stage_connection("nordvik", token_params=given)
        assert staged.beside.token_params == expected and staged.token_params == tuple(WANTED.items())
        with pytest.raises(ServiceError, match="invalid_target"):
            staged.check(beside=True)


@pytest.mark.parametrize(
    "name",
    ["grant_type", "client_id", "Client_Secret", "SCOPE", "client_assertion", "client_assertion_type", "password",
     "username", "assertion", "refresh_token", "code", "", "a\nb", "x" * 65],
)  # fmt: skip
def test_names_that_are_refused(instance, sandbox, name):
    with pytest.raises(InvalidArgument, match="token_params") as caught:
        put(instance, sandbox, token_params={name: "s3cr3t-value"})
    assert caught.value.target == "token_params" and "s3cr3t" not in str(caught.value)
    assert instance.connections() == []


@pytest.mark.parametrize(
    "given",
    [{"a": "x" * 1025}, {"a": "x\r\nb"}, {"a": "x\0"}, {f"p{n}": "" for n in range(17)},
     {f"p{n}": "x" * 1000 for n in range(5)}],
)  # fmt: skip
def test_what_is_too_much_is_refused(instance, sandbox, given):
    with pytest.raises(InvalidArgument, match="token_params"):
        put(instance, sandbox, token_params=given)


def test_the_most_that_may_be_given(instance, sandbox):
    most = {f"{n:064}": '"' * 192 for n in range(16)}
    connection = put(instance, sandbox, token_params=most)
    assert connection.token_params == tuple(most.items())
    assert connection.check().state == "active"
