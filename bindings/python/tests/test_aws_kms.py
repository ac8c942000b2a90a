# SPDX-License-Identifier: Apache-2.0
"""The sample of a vault key in AWS KMS, over a server that behaves like it."""

import pathlib
import sys

import pytest
from conftest import SERVICE, put

from askel_s4 import Instance, KeyFile, ServiceKey, VaultKeyRefused, VaultUnavailable

pytest.importorskip("boto3", reason="boto3 is not installed")
pytest.importorskip("moto", reason="moto is not installed")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "examples"))

from aws_kms_key import AwsKmsKey
from aws_server import AwsServer
from botocore.exceptions import ClientError, EndpointConnectionError


@pytest.fixture(scope="module")
def aws():
    with AwsServer() as running:
        yield running


class Kms:
    """A client of KMS that writes down what it asks."""

    def __init__(self, aws):
        self.client = aws.kms()
        self.asked = []
        self.keys = set()
        self.client.meta.events.register("before-parameter-build.kms.*", self._note)

    def _note(self, params, event_name, **_):
        self.asked.append(event_name.rpartition(".")[2])
        self.keys.add(params.get("KeyId"))

    def new_key(self):
        return self.client.create_key()["KeyMetadata"]["Arn"]

    def vault_key(self, arn, **options):
        key = AwsKmsKey(arn, self.client)
        return ServiceKey(key.name, key.wrap, key.unwrap, **options)

    def count(self):
        asked, self.asked = self.asked, []
        return {operation: asked.count(operation) for operation in set(asked)}


@pytest.fixture
def kms(aws):
    return Kms(aws)


def rows(connection):
    with connection.client() as client:
        return sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=50, page_size=10))


def test_kms_is_asked_once_for_each_connection_and_not_for_each_request(sandbox, kms, tmp_path):
    key = kms.vault_key(kms.new_key(), data_key_ttl=0)
    with Instance(tmp_path / "vault", vault_key=key) as instance:
        kms.count()
        connection, second = put(instance, sandbox), put(instance, sandbox, "second")
        assert kms.count() == {"Encrypt": 2}
        for each in (connection, second):
            with each.client() as client:
                assert kms.count() == {"Decrypt": 1}
                for _ in range(3):
                    assert sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=50, page_size=10)) == 50
                assert client.get(SERVICE, "A_SalesOrder", "8005")["SalesOrder"] == "8005"
                assert kms.count() == {}
        assert instance.vault_status()["key"] == "service"


def test_an_opened_data_key_is_kept_for_its_time(sandbox, kms, tmp_path):
    arn = kms.new_key()
    with Instance(tmp_path / "vault", vault_key=kms.vault_key(arn)) as instance:
        put(instance, sandbox)
    with Instance(tmp_path / "vault", vault_key=kms.vault_key(arn)) as instance:
        connection = instance.connection("nordvik")
        kms.count()
        for _ in range(4):
            assert rows(connection) == 50
        assert kms.count() == {"Decrypt": 1}


def test_from_a_file_to_kms_and_on_to_another_key_of_kms(sandbox, kms, tmp_path):
    vault, path = tmp_path / "vault", tmp_path / "vault.key"
    Instance.create_key_file(path)
    first, second = kms.new_key(), kms.new_key()
    with Instance(vault, key_file=path) as instance:
        for number in range(3):
            put(instance, sandbox, f"customer-{number}")
        assert kms.count() == {"CreateKey": 2}
        instance.rotate_key(kms.vault_key(first))
        assert kms.count()["Encrypt"] >= 3
        assert rows(instance.connection("customer-0")) == 50
    with pytest.raises(VaultKeyRefused):
        Instance(vault, key_file=path)
    with pytest.raises(VaultKeyRefused):
        Instance(vault, vault_key=kms.vault_key(second))
    with Instance(vault, vault_key=kms.vault_key(first)) as instance:
        assert rows(instance.connection("customer-1")) == 50
        instance.rotate_key(kms.vault_key(second))
        assert rows(instance.connection("customer-2")) == 50
        instance.check_vault()
    for key in (kms.vault_key(first), KeyFile(path)):
        with pytest.raises(VaultKeyRefused):
            Instance(vault, vault_key=key)
    kms.keys.clear()
    with Instance(vault, vault_key=kms.vault_key(second)) as instance:
        assert [each.id for each in instance.connections()] == [f"customer-{number}" for number in range(3)]
        assert rows(instance.connection("customer-2")) == 50
    assert kms.keys == {second}


def test_a_wrapped_key_of_one_connection_does_not_open_in_another_place(kms):
    key = AwsKmsKey(kms.new_key(), kms.client)
    wrapped = key.wrap(bytes(range(32)), b"one place")
    assert key.unwrap(wrapped, b"one place") == bytes(range(32))
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        key.unwrap(wrapped, b"another place")


def test_kms_that_does_not_answer_is_told_and_open_clients_go_on(sandbox, tmp_path):
    with AwsServer() as aws:
        kms = Kms(aws)
        arn = kms.new_key()
        with Instance(tmp_path / "vault", vault_key=kms.vault_key(arn, data_key_ttl=-1)) as instance:
            connection = put(instance, sandbox)
            with connection.client() as client:
                aws.stop()
                assert sum(1 for _ in client.read(SERVICE, "A_SalesOrder", top=5)) == 5
                with pytest.raises(VaultUnavailable) as caught:
                    connection.client()
                assert isinstance(caught.value.__cause__, EndpointConnectionError)
                assert caught.value.__context__.retryable
                assert instance.connection("nordvik").state == "active"
