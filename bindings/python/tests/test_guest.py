# SPDX-License-Identifier: Apache-2.0
"""The library as a guest in its host's process."""

import os
import subprocess
import sys

from conftest import SERVICE

READ = """
import signal, sys
before = {number: signal.getsignal(number) for number in signal.valid_signals()}
from askel_s4 import HttpVersion, Instance
vault, key, ending = sys.argv[1:]
instance = Instance(vault, key_file=key)
client = instance.connection("nordvik").client(http_version=HttpVersion.HTTP_2)
orders = client.read("API_SALES_ORDER_SRV", "A_SalesOrder", top=1500)
first = next(orders)
assert before == {number: signal.getsignal(number) for number in signal.valid_signals()}
if ending == "close":
    instance.close()
elif ending == "read":
    assert 1 + sum(1 for _ in orders) == 1500
# else: left as it is, with a page's token on its way
"""


def run(instance, tmp_path, ending, **environment):
    return subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "vault.db"), str(tmp_path / "vault.key"), ending],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_environment_changes_nothing(instance, sandbox, connection, tmp_path):
    keys = tmp_path / "keys.log"
    nowhere = "http://127.0.0.1:9"
    (tmp_path / ".netrc").write_text("machine localhost login stranger password stranger\n")
    (tmp_path / ".curlrc").write_text(f"proxy = {nowhere}\n")
    done = run(
        instance, tmp_path, "read", https_proxy=nowhere, HTTPS_PROXY=nowhere, ALL_PROXY=nowhere, all_proxy=nowhere,
        SSLKEYLOGFILE=str(keys), CURL_CA_BUNDLE="/nowhere", SSL_CERT_FILE="/nowhere", SSL_CERT_DIR="/nowhere",
        LC_ALL="tr_TR.UTF-8", HOME=str(tmp_path),
        CURL_HOME=str(tmp_path), NETRC=str(tmp_path / ".netrc"), http_proxy=nowhere, NO_PROXY="", no_proxy="",
        CURL_SSL_BACKEND="none",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sandbox.stats()["unauthorized"] == {}
    # libcurl opens the file; what matters is that no session key reaches it.
    assert not keys.exists() or keys.read_text() == ""


def test_leaving_without_a_word_neither_hangs_nor_crashes(instance, connection, tmp_path):
    for ending in ["nothing", "close"] * 5:
        done = run(instance, tmp_path, ending)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_http_2_is_asked_for_and_http_1_1_taken(connection):
    with connection.client(http_version=2) as client:
        assert next(client.read(SERVICE, "A_SalesOrder", top=1))["SalesOrder"]
