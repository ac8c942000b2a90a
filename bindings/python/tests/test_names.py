# SPDX-License-Identifier: Apache-2.0
"""Names of hosts: who looks them up, how long anybody waits for that, and which addresses count."""

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from c_programs import preload

PROGRAM = """
import json, os, sys, threading, time
from askel_s4 import AskelError, Cancelled, HostRefused, Instance
given = json.loads(sys.argv[1])
Instance.create_key_file(given["folder"] + "/key")
instance = Instance(given["folder"] + "/vault.db", key_file=given["folder"] + "/key")

def connect(name, allow=True):
    host, token_host = f"{name}:{given['api']}", f"{name}:{given['token']}"
    return instance.put_connection(
        name, host, token_url=f"https://{token_host}/oauth/token", client_id=given["client_id"],
        client_secret=given["client_secret"], ca_file=given["ca_file"], allow_host=name)

def looked_up():
    try:
        return open(os.environ["SLOW_NAMES_LOG"]).read().split()
    except FileNotFoundError:
        return []

def wait_for(condition):
    while not condition():
        time.sleep(0.01)

def ours():
    return len(os.listdir("/proc/self/task")) - threading.active_count()

def read(name, **options):
    cursor = connect(name).client().read("API_SALES_ORDER_SRV", "A_SalesOrder", top=3, **options)
    return cursor, lambda: len(list(cursor))

"""


@pytest.fixture(scope="module")
def slow_names(tmp_path_factory):
    return preload("slow_names", tmp_path_factory.mktemp("preload"), "-ldl")


@pytest.fixture
def run(slow_names, sandbox, tmp_path):
    def run(program, **environment):
        given = {
            name: sandbox.info[name] for name in ("client_id", "client_secret", "ca_file")
        } | {"folder": str(tmp_path)}
        given |= {name: urlsplit(sandbox.info[name + "_url"]).port for name in ("api", "token")}
        # A lookup that hangs does so for longer than the test may take.
        names = {"LD_PRELOAD": str(slow_names), "SLOW_NAMES_MS": "600000", "SLOW_NAMES_LOG": str(tmp_path / "names")}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM + program, json.dumps(given)], env={**os.environ, **names, **environment},
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    return run


def test_slow_lookups_hold_up_nobody_else(run):
    run("""
reads = [read(f"s{number:02}.slow.test") for number in range(20)]
ends = []
def wait(each):
    try:
        each()
    except Cancelled as error:
        ends.append(error.outcome)
waiters = [threading.Thread(target=wait, args=(each,)) for _, each in reads]
for waiter in waiters:
    waiter.start()
wait_for(lambda: len(looked_up()) == 2)
# One that was never seen, one that was, and one more while they hang.
for name in ("one.tenants.test", "one.tenants.test", "two.tenants.test"):
    assert read(name)[1]() == 3
assert sorted(looked_up()) == sorted({*looked_up()}), looked_up()
assert ours() <= 4, ours()
assert ends == []
for cursor, _ in reads:
    cursor.cancel()
for waiter in waiters:
    waiter.join()
assert ends == [0] * 20, ends
instance.close()
assert ours() <= 3, ours()
""")


def test_equal_names_are_looked_up_once(run):
    run("""
reads = [read("s.slow.test") for _ in range(10)]
ends = []
def wait(each):
    try:
        each()
    except Cancelled:
        ends.append(1)
waiters = [threading.Thread(target=wait, args=(each,)) for _, each in reads]
for waiter in waiters:
    waiter.start()
wait_for(lambda: looked_up())
assert read("one.tenants.test")[1]() == 3
for cursor, _ in reads:
    cursor.cancel()
for waiter in waiters:
    waiter.join()
assert looked_up() == ["s.slow.test", "one.tenants.test"] and len(ends) == 10
for cursor, _ in reads:
    cursor.close()
""")


def test_a_deadline_does_not_wait_for_a_lookup(run):
    run("""
from askel_s4 import TimedOut
_, each = read("s.slow.test", timeout=0.2)
try:
    each()
except TimedOut as error:
    assert "looked up" in str(error) and error.outcome == 0 and error.retryable, error
else:
    raise SystemExit("it was read")
""")


@pytest.mark.parametrize("ending", ["instance.close()", "pass", "os._exit(0)", "del instance, waiter"])
def test_leaving_does_not_wait_for_a_lookup(run, ending):
    run(f"""
def wait(each):
    try:
        each()
    except AskelError:
        pass
for number in range(4):
    waiter = threading.Thread(target=wait, args=(read(f"s{{number}}.slow.test")[1],), daemon=True)
    waiter.start()
wait_for(lambda: len(looked_up()) == 2)
{ending}
""")


@pytest.mark.parametrize(
    "addresses",
    ["127.0.0.1", "10.1.2.3", "0.0.0.0", "169.254.169.254", "100.64.0.1", "192.168.1.1", "::1", "::", "fe80::1",
     "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1",
     # One inside is one too many, wherever it stands.
     "127.0.0.1,203.0.114.1", "203.0.114.1,::1"],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(run, addresses):
    run("""
edition = "my000001-api.s4hana.cloud.sap"
connection = instance.put_connection(
    "tenant", edition, token_url=f"https://{edition}/sap/bc/sec/oauth2/token", client_id="x", client_secret="y")
for _ in range(2):
    try:
        next(connection.client().read("API_SALES_ORDER_SRV", "A_SalesOrder"))
    except HostRefused as error:
        assert "private network" in str(error) and error.outcome == 0, error
    else:
        raise SystemExit("it went there")
# What was judged is what would have been connected to: nothing asks again.
assert looked_up() == [edition]
""", SLOW_NAMES_ADDRESSES=addresses)  # fmt: skip
