# SPDX-License-Identifier: Apache-2.0
"""What is left of secrets, tokens and keys in a process's memory, in its vault's files, and in its logs."""

import base64
import hashlib
import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Set
from urllib.parse import quote_plus

import pytest
from askel_s4_sandbox import Sandbox
from c_programs import program
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from memory_scan import Found, Scanner
from nginx_front import NginxFront

WAYS = ["secret_basic", "secret_post", "basic", "certificate"]
# Kinds of private keys beside the sandbox's own, P-256 in PKCS #8.
KEYS = {
    "p-384": serialization.PrivateFormat.PKCS8,
    "p-521": serialization.PrivateFormat.TraditionalOpenSSL,
    "rsa": serialization.PrivateFormat.TraditionalOpenSSL,
    "ed25519": serialization.PrivateFormat.PKCS8,
}


class Traces:
    """Tests/CHarness/traces.c at work: it puts, checks, mints for each of 106 requests, and keeps no copy itself."""

    def __init__(self, built, sandbox, folder: Path, way: str, *options: str, front: Mapping[str, str] = {}) -> None:
        self.sandbox, self.folder, self.way = sandbox, folder, way
        # What form encoding and base64 spell in other ways; the ends are random, so that they are found alone too.
        self.secret = f"{secrets.token_hex(12)}+/=&%~ ü{secrets.token_hex(12)}"
        self.key = secrets.token_bytes(32)
        self.needle = secrets.token_hex(20)
        if way == "basic":
            sandbox.set_user(password=self.secret)
            options = (f"basic:{sandbox.user}", *options)
        elif way == "certificate":
            self.secret = sandbox.client_key
            (folder / "certificate").write_text(sandbox.client_certificate)
            options = (way, *options)
        else:
            sandbox.control("POST", "/secrets", {"replace": self.secret})
            sandbox.info["client_secret"] = self.secret
            options = (way, *options)
        (folder / "secret").write_text(self.secret)
        (folder / "key").write_bytes(self.key)
        (folder / "needle").write_text(self.needle)
        line = {**sandbox.info, "client_secret": "in a file", "password": "", "client_key": "", **front}
        (folder / "line").write_text(json.dumps(line) + "\n")
        sandbox.keep_tokens()
        self.process = subprocess.Popen(
            [built, folder / "line", folder, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.log: List[bytes] = []
        self._scanner, self._known_tokens = self._known(), 0

    def __enter__(self) -> "Traces":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.sandbox.keep_tokens(False)

    def reach(self, stage: str) -> None:
        for line in self.process.stdout:
            self.log.append(line)
            if line == f"at {stage}\n".encode():
                return
        raise AssertionError(b"".join(self.log).decode())

    def go_on(self) -> None:
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        out, _ = self.process.communicate(b"\n", timeout=20)
        self.log.append(out)
        assert self.process.returncode == 0, b"".join(self.log).decode()

    def status(self) -> Dict[str, object]:
        return json.loads(next(line for line in self.log if line.startswith(b"status "))[7:])

    def mints(self) -> int:
        return len(self.sandbox.kept_tokens())

    def scanner(self) -> Scanner:
        tokens = self.sandbox.kept_tokens()
        self._scanner.add_tokens(tokens[self._known_tokens :])
        self._known_tokens = len(tokens)
        return self._scanner

    def _known(self) -> Scanner:
        scanner = Scanner()
        scanner.add("needle", self.needle.encode())
        scanner.add("key", self.key)
        if self.way == "certificate":
            for form in private_forms(self.secret):
                scanner.add("secret", form)
            return scanner
        scanner.add("secret", self.secret.encode())
        # A header of HTTP Basic, with the secret as it is and as RFC 6749 has it.
        for name in (self.sandbox.client_id, self.sandbox.user):
            for pair in (f"{name}:{self.secret}", f"{quote_plus(name)}:{quote_plus(self.secret)}"):
                header = base64.b64encode(pair.encode())
                scanner.add("secret", header[len(header) - len(self.secret) :])
        return scanner

    def scan(self) -> List[Found]:
        """What is found, the needle aside, which must be."""
        found = self.scanner().found_in_process(self.process.pid)
        assert any(each.what == "needle" for each in found), "the scan does not find what is there"
        return [each for each in found if each.what != "needle"]

    def found_outside(self) -> Set[str]:
        """What is found in the vault's files and in what was written to stdout and stderr."""
        scanner = self.scanner()
        found = scanner.found_in(b"".join(self.log))
        for file in self.folder.glob("vault.db*"):
            found |= scanner.found_in(file.read_bytes())
        return found


def private_forms(pem: str) -> Iterator[bytes]:
    """What is secret of a private key, apart from what its certificate says as well: its numbers as they stand in DER
    and in a computation of OpenSSL's (the other way round), and what spells them in PEM."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        secret = [key.private_bytes_raw()]
        # What its signatures are computed with.
        yield hashlib.sha512(secret[0]).digest()
    else:
        numbers = key.private_numbers()
        if isinstance(numbers, ec.EllipticCurvePrivateNumbers):
            values = [numbers.private_value]
        else:
            values = [numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp]
        secret = [value.to_bytes((value.bit_length() + 7) // 8, "big") for value in values]
    body = "".join(pem.splitlines()[1:-1])
    der = base64.b64decode(body)
    for form in secret:
        yield form
        yield form[::-1]
        at = der.index(form)
        # Its lines are broken where PEM breaks them.
        first, last = -(-at * 4 // 3), (at + len(form)) * 4 // 3
        for start in range(0, len(body), 64):
            part = body[max(start, first) : min(start + 64, last)]
            if len(part) >= 16:
                yield part.encode()


@pytest.fixture
def traces(sandbox, tmp_path, tmp_path_factory):
    built = program("traces", tmp_path_factory.getbasetemp(), "-lcurl")
    password = sandbox.password
    yield lambda way, *options, front={}: Traces(built, sandbox, tmp_path, way, *options, front=front)
    sandbox.set_user(password=password)


def texts(found: List[Found]) -> List[str]:
    return [str(each) for each in found]


def test_the_scan_finds_every_form_of_a_secret():
    secret = f"{secrets.token_hex(12)}+/=&% ü{secrets.token_hex(12)}"
    scanner = Scanner()
    scanner.add("secret", secret.encode())
    spelled = [secret.encode(), quote_plus(secret).encode(), quote_plus(secret).lower().encode()]
    for before in range(3):
        text = b"x" * before + spelled[0] + b"tail"
        spelled += [base64.b64encode(text), base64.urlsafe_b64encode(text)]
        spelled += [base64.b64encode(b"x" * before + spelled[1] + b"tail")]
    for form in spelled:
        for offset in range(16):
            assert scanner.found_in(os.urandom(offset) + form + os.urandom(20)) == {"secret"}
            assert scanner.found_in(os.urandom(offset) + form[3:19] + os.urandom(20)) == {"secret"}
    assert scanner.found_in(os.urandom(1 << 20)) == set()


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_in_memory_files_or_logs(traces, sandbox, way):
    with traces(way) as run:
        run.reach("stored")
        assert run.status()["wiping"] == "full"
        # The key alone is needed now. It lies in memory that is left out of core dumps.
        held = [each for each in run.scan() if not (each.what == "key" and each.region.is_kept_out)]
        assert texts(held) == []
        run.go_on()

        run.reach("open")
        assert sandbox.stats()["requests"]["api"]["total"] >= 107
        assert run.mints() == 0 if way == "basic" else run.mints() > 100
        # An open client holds its secret, and nothing else does.
        held = [each for each in run.scan() if each.what == "token" or not each.region.is_kept_out]
        assert texts(held) == []
        assert run.found_outside() == set()
        sandbox.fault("status", on="api" if way == "basic" else "token", times=1, code=400, body="text")
        run.go_on()

        run.reach("freed")
        assert any(line.startswith(b"check: error") for line in run.log)
        held = [each for each in run.scan() if not (each.what == "key" and each.region.is_kept_out)]
        assert texts(held) == []
        run.go_on()

        run.reach("closed")
        assert texts(run.scan()) == []
        run.end()
        assert run.found_outside() == set()


def test_a_token_that_a_read_shares_is_held_as_a_secret_and_ends_with_it(traces, sandbox):
    with traces("secret_basic", "per_call") as run:
        run.reach("stored")
        run.go_on()

        run.reach("reading")
        # Of the check and of the read; the latter lies where core dumps do not look, and nowhere else.
        found = run.scan()
        assert any(each.what == "token" for each in found)
        assert texts([each for each in found if not each.region.is_kept_out]) == []
        run.go_on()

        run.reach("open")
        assert sandbox.stats()["tokens"]["used_more_than_once"] == 1
        assert texts([each for each in run.scan() if each.what == "token" or not each.region.is_kept_out]) == []
        assert run.found_outside() == set()


@pytest.mark.parametrize("kind", KEYS)
def test_no_kind_of_private_key_is_left(tmp_path, tmp_path_factory, kind):
    built = program("traces", tmp_path_factory.getbasetemp(), "-lcurl")
    with Sandbox(client_key=kind) as sandbox:
        key = serialization.load_pem_private_key(sandbox.client_key.encode(), None)
        text = key.private_bytes(serialization.Encoding.PEM, KEYS[kind], serialization.NoEncryption())
        sandbox.info["client_key"] = text.decode()
        with Traces(built, sandbox, tmp_path, "certificate") as run:
            for stage in ("stored", "open", "freed"):
                run.reach(stage)
                kept_out = {"key", "secret"} if stage == "open" else {"key"}
                held = [each for each in run.scan() if not (each.what in kept_out and each.region.is_kept_out)]
                assert texts(held) == [], stage
                run.go_on()
            run.reach("closed")
            assert run.mints() > 100
            assert texts(run.scan()) == []
            run.end()
            assert run.found_outside() == set()


def record_what_is_left(run: Traces, how: str, record_property) -> None:
    """Recorded, not demanded: what is freed without wiping is overwritten by chance. The key is not libcurl's."""
    left = [each for each in run.scan() if not each.region.is_kept_out]
    for what in ("secret", "token"):
        record_property(f"left_of_{what}_{how}", sum(each.what == what for each in left))
        print(f"left with {how}, in pieces: {what} {sum(each.what == what for each in left)}")
    assert not any(each.what == "key" for each in left)
    assert run.found_outside() == set()


def test_a_host_that_started_libcurl_itself_is_told_so(traces, record_property):
    with traces("secret_basic", "host_first") as run:
        run.reach("stored")
        assert run.status()["wiping"] == "partial"
        run.go_on()
        run.reach("open")
        record_what_is_left(run, "partial wiping", record_property)


def test_what_http_2_leaves_is_told(traces, sandbox, record_property):
    with NginxFront(sandbox) as front, traces("secret_basic", "http_2", front=front.info) as run:
        run.reach("stored")
        assert run.status()["wiping"] == "full"
        run.go_on()
        run.reach("open")
        assert run.mints() > 100
        assert front.protocols() == {"HTTP/2.0"}
        record_what_is_left(run, "HTTP/2", record_property)
