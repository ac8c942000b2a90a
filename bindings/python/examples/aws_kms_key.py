# SPDX-License-Identifier: Apache-2.0
"""A vault whose key-encryption key stays in AWS KMS: a sample to copy into a product and to change there.

    import askel_s4
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "kms",
        region_name="eu-central-1",
        config=Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "max_attempts": 3}),
    )
    kms = AwsKmsKey("arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", client)
    key = askel_s4.ServiceKey(kms.name, kms.wrap, kms.unwrap, data_key_ttl=300.0)

AWS is asked once when a connection is put and once when it is opened, not for each request to the tenant: an unwrapped
data key stays in locked memory for `data_key_ttl` seconds. Keep the timeouts: the call of the product that needs the
key waits for AWS. The process needs kms:Encrypt and kms:Decrypt on the key; one that only works with connections, and
never puts or rotates, needs kms:Decrypt alone.

boto3's own debug log (`boto3.set_stream_logger("")`) has keys in clear: leave it off.
"""

import base64
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Protocol

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from askel_s4 import VaultUnavailable

#: The name in the encryption context that what a key belongs to stands under. Changed, it opens no earlier key.
CONTEXT = "askel-s4"


class KmsClient(Protocol):
    """What is needed of boto3.client("kms"), which several threads may use at once."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: Dict[str, str]) -> Dict[str, Any]: ...

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: Dict[str, str]) -> Dict[str, Any]: ...


class AwsKmsKey:
    """A symmetric key of AWS KMS.

    key_id: the key's ARN, best of all: it is the key's name in the vault, and an alias may point to another key one
    day. AWS's own yearly rotation of the key's material changes nothing here.
    """

    def __init__(self, key_id: str, client: KmsClient) -> None:
        self.name = key_id
        self._client = client

    def wrap(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypts a key, at most 1 KiB (AWS takes 4096 bytes), bound to what it belongs to."""
        with told_apart():
            answer = self._client.encrypt(
                KeyId=self.name, Plaintext=plaintext, EncryptionContext=encryption_context(associated_data)
            )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, associated_data: bytes) -> bytes:
        """Decrypts a key. AWS refuses one that belongs to something else (InvalidCiphertextException), and KeyId one
        that was made under another key (IncorrectKeyException)."""
        with told_apart():
            answer = self._client.decrypt(
                KeyId=self.name, CiphertextBlob=wrapped, EncryptionContext=encryption_context(associated_data)
            )
        return bytes(answer["Plaintext"])


@contextmanager
def told_apart() -> Iterator[None]:
    """Tells AWS that is down, or asks to wait, from AWS that says no: the one may be tried again."""
    try:
        yield
    except ClientError as error:
        answer = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if answer >= 500 or error.response.get("Error", {}).get("Code") == "ThrottlingException":
            raise VaultUnavailable(str(error)) from error
        raise
    except BotoCoreError as error:
        raise VaultUnavailable(str(error)) from error


def encryption_context(associated_data: bytes) -> Dict[str, str]:
    """What a key belongs to, as text: AWS binds pairs of text to what it encrypts, and writes them to CloudTrail. It is
    no secret and names no customer. 512 bytes, the most there are, become 684 of the 8 KB that AWS allows."""
    return {CONTEXT: base64.b64encode(associated_data).decode("ascii")}
