# SPDX-License-Identifier: Apache-2.0
"""Key-encryption keys of every kind, and what becomes of callbacks."""

import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import SERVICE, put
from key_service import KeyService

from askel_s4 import (
    Instance,
    InvalidArgument,
    KeyBytes,
    KeyFile,
    Passphrase,
    ServiceKey,
    VaultError,
    VaultKeyRefused,
    VaultUnavailable,
    _callbacks,
)
from askel_s4._enums import Code
from askel_s4._errors import check
from askel_s4._ffi import lib
from askel_s4._keys import GivenKeys, _held

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def nothing_stays_held():
    gc.collect()
    before = len(_held)
    yield
    gc.collect()
    assert len(_held) == before


def key_file(folder, name="key", mode=0o600):
    Instance.create_key_file(folder / name)
    (folder / name).chmod(mode)
    return folder / name


def kinds(folder, name):
    """A key of each kind; another name makes others."""
    first = folder / name
    first.mkdir(exist_ok=True)
    path = first / "key"
    return {
        "file": KeyFile(path if path.exists() else key_file(first)),
        "bytes": KeyBytes(bytes(32 - len(name)) + name.encode()),
        "passphrase": Passphrase(f"correct horse {name}"),
        "service": KeyService(name).key(),
    }


@pytest.mark.parametrize("kind", ["file", "bytes", "passphrase", "service"])
def test_a_key_opens_its_vault_and_no_other_key_does(sandbox, tmp_path, kind):
    key = kinds(tmp_path, "right")[kind]
    vault = tmp_path / "vault"
    with Instance(vault, vault_key=key) as instance:
        put(instance, sandbox).check()
        assert instance.vault_status()["key"] == kind
    for other in kinds(tmp_path, "wrong").values():
        with pytest.raises(VaultKeyRefused):
            Instance(vault, vault_key=other)
    with Instance(vault, vault_key=key) as instance:
        assert instance.connection("nordvik").check().state == "active"
    with Instance(vault, vault_key=kinds(tmp_path, "wrong")[kind], other_key=key) as instance:
        assert instance.connection("nordvik").check().state == "active"


def test_the_older_ways_to_give_a_key_are_the_same_keys(tmp_path):
    with Instance(tmp_path / "a", key=bytearray(KEY)):
        pass
    with Instance(tmp_path / "a", vault_key=KeyBytes(KEY)) as instance:
        assert instance.vault_status()["key"] == "bytes"
    path = key_file(tmp_path)
    with Instance(tmp_path / "b", vault_key=KeyFile(path)):
        pass
    with Instance(tmp_path / "b", key_file=path) as instance:
        assert instance.vault_status()["key"] == "file"


def test_a_passphrase_is_its_utf_8(tmp_path):
    with Instance(tmp_path / "vault", vault_key=Passphrase("Grüße aus Köln")):
        pass
    with Instance(tmp_path / "vault", vault_key=Passphrase("Grüße aus Köln".encode())):
        pass


def test_a_shared_key_file_is_admitted_only_where_that_was_said(tmp_path):
    path = key_file(tmp_path, mode=0o440)
    with pytest.raises(VaultKeyRefused):
        Instance(tmp_path / "vault", vault_key=KeyFile(path))
    with Instance(tmp_path / "vault", vault_key=KeyFile(path, allow_shared=True)):
        pass


@pytest.mark.parametrize(
    "key",
    [
        KeyBytes(b"too short"),
        Passphrase("short"),
        Passphrase("x" * 1025),
        KeyService("").key(),
        KeyService("x" * 513).key(),
        KeyFile("no/such/file"),
    ],
    ids=repr,
)
def test_a_key_that_is_none(tmp_path, key):
    with pytest.raises((InvalidArgument, VaultKeyRefused)):
        Instance(tmp_path / "vault", vault_key=key)


def test_exactly_one_key_is_given(tmp_path):
    service = KeyService().key()
    for given in ({}, {"key": KEY, "vault_key": service}, {"key_file": "x", "vault_key": service}):
        with pytest.raises(InvalidArgument, match="key"):
            Instance(tmp_path / "vault", **given)
    with pytest.raises(InvalidArgument):
        Instance(tmp_path / "vault", vault_key=service, event_capacity=1 << 20)
    with pytest.raises(TypeError, match="other_key"):
        Instance(tmp_path / "vault", vault_key=service, other_key=KEY)
    with pytest.raises(TypeError, match="wrap"):
        ServiceKey("name", None, service.unwrap)
    assert not (tmp_path / "vault").exists()


def test_no_key_shows_itself(tmp_path):
    shown = repr([KeyBytes(KEY), Passphrase("correct horse"), KeyService().key()])
    assert "horse" not in shown and repr(KEY) not in shown


def test_copies_are_wiped_when_the_call_is_over():
    with GivenKeys() as given:
        given.add("vault_key", KeyBytes(KEY))
        given.add("other_key", Passphrase("correct horse"))
        assert [each.raw for each in given._copies] == [KEY, b"correct horse"]
    assert [each.raw for each in given._copies] == [bytes(32), bytes(13)]


# -- Keys of a service


def test_the_service_is_asked_for_each_connection_and_not_for_each_request(sandbox, tmp_path):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key(data_key_ttl=0)) as instance:
        service.asked("wrap"), service.asked("unwrap")
        first, second = put(instance, sandbox), put(instance, sandbox, "second")
        assert (service.asked("wrap"), service.asked("unwrap")) == (2, 0)
        for connection in (first, second):
            with connection.client() as client:
                assert service.asked("unwrap") == 1
                assert sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=50, page_size=10)) == 50
                assert client.get(SERVICE, "A_SalesOrder", "8005")["SalesOrder"] == "8005"
                instance.connections()
                instance.status()
                assert (service.asked("wrap"), service.asked("unwrap")) == (0, 0)
            # Nothing was kept.
            connection.client().close()
            assert service.asked("unwrap") == 1
    assert set(service.threads) == {threading.get_ident()}


@pytest.mark.parametrize("options,most", [({}, 1), ({"data_key_ttl": None}, 1), ({"data_key_ttl": 0.001}, 5)])
def test_an_unwrapped_key_is_kept_for_its_time(sandbox, tmp_path, options, most):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key(**options)) as instance:
        connection = put(instance, sandbox)
        service.asked("unwrap")
        for _ in range(5):
            connection.client().close()
            time.sleep(0.005)
        assert service.asked("unwrap") == most


def test_opening_a_vault_asks_the_service_once(tmp_path):
    service = KeyService()
    Instance(tmp_path / "vault", vault_key=service.key()).close()
    service.asked("unwrap")
    Instance(tmp_path / "vault", vault_key=service.key()).close()
    assert service.asked("unwrap") <= 2


def test_what_a_service_raises_is_raised_again(sandbox, tmp_path):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key(data_key_ttl=-1)) as instance:
        connection = put(instance, sandbox)
        service.failure = ConnectionError("the service\nis\0 down")
        for use in (connection.client, connection.check, lambda: put(instance, sandbox, "second")):
            with pytest.raises(ConnectionError) as caught:
                use()
            assert caught.value is service.failure
            error = caught.value.__context__
            assert isinstance(error, VaultUnavailable) and error.retryable
            assert "ConnectionError: the service is down" in str(error)
            # What says no is told apart from what does not answer.
            service.failure, down = PermissionError("denied"), service.failure
            with pytest.raises(PermissionError) as caught:
                use()
            assert isinstance(caught.value.__context__, VaultKeyRefused) and not caught.value.__context__.retryable
            service.failure = down
        service.failure = None
        assert connection.check().state == "active"
    service.failure = ConnectionError("down")
    with pytest.raises(ConnectionError):
        Instance(tmp_path / "vault", vault_key=service.key())
    with pytest.raises(ConnectionError):
        Instance(tmp_path / "new", vault_key=service.key())


def test_the_cause_of_what_a_service_raises_stays(tmp_path):
    def wrap(data, associated_data):
        raise RuntimeError("wrapped") from KeyError("cause")

    with pytest.raises(RuntimeError) as caught:
        Instance(tmp_path / "vault", vault_key=ServiceKey("name", wrap, wrap))
    assert isinstance(caught.value.__cause__, KeyError)
    assert isinstance(caught.value.__context__, VaultError)


def test_a_call_inside_of_a_callback_takes_nothing_away():
    def function(_):
        _callbacks.failed(None, KeyboardInterrupt())
        check(lambda _: 0)
        return 0

    with pytest.raises(KeyboardInterrupt):
        check(function)
    check(lambda _: 0)


def test_a_failure_that_the_library_got_over_is_forgotten(instance):
    def function(status):
        _callbacks.failed(None, RuntimeError("over"), raised_for=Code.VAULT_KEY_REFUSED)
        return status

    check(lambda _: function(Code.OK))
    with pytest.raises(InvalidArgument) as caught, instance._handle as pointer:
        check(lambda out: function(lib.connection_get(pointer, b"", None, out)))
    assert caught.value.__cause__ is None


def test_ctrl_c_inside_a_callback_is_raised(sandbox, tmp_path):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key(data_key_ttl=0)) as instance:
        connection = put(instance, sandbox)
        service.failure = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            connection.client()


@pytest.mark.parametrize("answer", [None, "text", 32, b"", b"x" * 16_385, bytes(32)])
def test_an_answer_that_is_no_wrapped_key(tmp_path, answer):
    def wrap(data, associated_data):
        return data if answer == bytes(32) else answer

    with pytest.raises((TypeError, VaultKeyRefused)):
        Instance(tmp_path / "vault", vault_key=ServiceKey("name", wrap, wrap))


def test_an_answer_may_be_a_bytearray(tmp_path):
    service = KeyService()
    key = ServiceKey("name", lambda *given: bytearray(service.wrap(*given)), lambda *given: service.unwrap(*given))
    Instance(tmp_path / "vault", vault_key=key).close()
    Instance(tmp_path / "vault", vault_key=key).close()


def test_a_second_key_that_is_down_does_not_stop_the_first(sandbox, tmp_path):
    down = KeyService("another")
    down.failure = ConnectionError("down")
    with Instance(tmp_path / "vault", key=KEY) as instance:
        put(instance, sandbox)
    with Instance(tmp_path / "vault", key=KEY, other_key=down.key()) as instance:
        assert instance.connection("nordvik").check().state == "active"


def test_callbacks_are_held_until_the_instance_is_closed(tmp_path):
    before = len(_held)
    instance = Instance(tmp_path / "vault", vault_key=KeyService().key(), other_key=KeyService("other").key())
    assert len(_held) == before + 2
    instance.add_key(KeyService("third").key())
    assert len(_held) == before + 3
    instance.close()
    assert len(_held) == before
    for _ in range(3):
        with pytest.raises(VaultError):
            Instance(tmp_path / "vault", vault_key=KeyService("wrong").key())
    assert len(_held) == before


def test_many_threads_with_one_service(sandbox, tmp_path):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key(data_key_ttl=0)) as instance:
        for number in range(8):
            put(instance, sandbox, f"customer-{number}")

        def read(number):
            with instance.connection(f"customer-{number % 8}").client() as client:
                return sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=20))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(read, range(32))) == [20] * 32


def test_a_callback_may_use_another_instance(sandbox, tmp_path):
    """As one that keeps the service's own password in a vault."""
    service = KeyService()
    with Instance(tmp_path / "inner", key=KEY) as inner:
        put(inner, sandbox)

        def unwrap(data, associated_data):
            with pytest.raises(InvalidArgument):
                inner.connection("")
            inner.connection("nordvik").check()
            if service.failure:
                raise service.failure
            return service.unwrap(data, associated_data)

        with Instance(tmp_path / "outer", vault_key=ServiceKey("name", service.wrap, unwrap, data_key_ttl=0)) as outer:
            connection = put(outer, sandbox)
            connection.check()
            service.failure = RuntimeError("own")
            with pytest.raises(RuntimeError, match="own"):
                connection.check()
            service.failure = None


def test_a_child_after_fork_uses_the_service_itself(sandbox, tmp_path):
    service = KeyService()
    with Instance(tmp_path / "vault", vault_key=service.key()) as instance:
        put(instance, sandbox)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                instance.close()
                with Instance(tmp_path / "vault", vault_key=service.key()) as own:
                    own.connection("nordvik").check()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        instance.connection("nordvik").check()
