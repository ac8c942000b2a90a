# SPDX-License-Identifier: Apache-2.0
"""A server that behaves like AWS KMS (moto), as a process of its own."""

import re
import subprocess
import sys
import tempfile
import time
from typing import Any

import boto3
from botocore.config import Config

_START_TIMEOUT_S = 60.0


class AwsServer:
    """`with AwsServer() as server:` then `server.kms()` is a client of it."""

    def __enter__(self) -> "AwsServer":
        # Not a pipe: it writes a line for each request, and would wait for a reader.
        self._said = tempfile.TemporaryFile()
        # It takes a free port itself, and says which.
        command = [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", "0"]
        self._process = subprocess.Popen(
            command, stdout=self._said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            self.url = self._announced()
        except BaseException:
            self.stop()
            raise
        return self

    def _announced(self) -> str:
        said, end = b"", time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < end and self._process.poll() is None:
            self._said.seek(0)
            said = self._said.read()
            found = re.search(rb"(http://127\.0\.0\.1:\d+)\s", said)
            if found:
                return found[1].decode()
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start within {_START_TIMEOUT_S} s: {said.decode(errors='replace')}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._said.close()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kms(self) -> Any:
        """A boto3 client that asks nobody else."""
        return boto3.client(
            "kms",
            region_name="eu-central-1",
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 0}, proxies={}),
        )
