# SPDX-License-Identifier: Apache-2.0
"""`Sandbox`: a sandbox tenant for a test, as a subprocess. Needs the standard library alone."""

from __future__ import annotations

import base64
import contextlib
import json
import select
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from types import TracebackType
from typing import Any

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
_COMMAND_TIMEOUT_S = 30.0


class SandboxError(Exception):
    """The sandbox did not start, or refused a command; the text says why."""


class Sandbox:
    """A running tenant.

    `with Sandbox(page_size=200) as s:` — then `s.api_url`, `s.token_url`, `s.client_id`, `s.client_secret`, `s.user`,
    `s.password`, `s.client_certificate`, `s.client_key`, `s.ca_file` and whatever else the announcement holds;
    `s.stats()`, `s.fault(…)`, `s.settings(…)`.

    - Parameters: the command line's flags as keywords: `page_size`, `seed`, `today` ("YYYY-MM-DD"), `latency_ms`,
      `next_link`, `gzip`, `port`, `token_port`, `control_port`, `ca_dir`, `env_file`, `host`.
    """

    def __init__(self, python: str = sys.executable, **flags: Any):
        self._command = [python, "-m", "askel_s4_sandbox", "--exit-with-parent"]
        for name, value in flags.items():
            flag = name.replace("_", "-")
            if isinstance(value, bool):
                self._command.append(f"--{flag}" if value else f"--no-{flag}")
            else:
                self._command += [f"--{flag}", str(value)]
        self._process: subprocess.Popen[bytes] | None = None
        self.info: dict[str, Any] = {}

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __getattr__(self, name: str) -> Any:
        info: dict[str, Any] = self.__dict__.get("info", {})
        if name in info:
            return info[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; running ones have {', '.join(info) or 'more'}")

    def start(self) -> None:
        """Starts the server and waits until it listens. Throws SandboxError if it does not."""
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process = process
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _START_TIMEOUT_S)
        line = process.stdout.readline() if ready else b""
        if not line:
            self.stop()
            raise SandboxError(f"the sandbox did not start; exit status {process.returncode}, its stderr says more")
        self.info = json.loads(line)

    def stop(self) -> None:
        """Ends the server: the end of its stdin asks it to go, then a signal, then force."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        for harder in (process.terminate, process.kill):
            try:
                process.wait(_STOP_TIMEOUT_S)
                return
            except subprocess.TimeoutExpired:
                harder()
        process.wait()

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """A context that trusts the sandbox's own CA alone."""
        return ssl.create_default_context(cafile=self.info["ca_file"])

    def control(self, method: str, path: str, body: object | None = None) -> Any:
        """One command of the control endpoint. Throws SandboxError with its reason when it refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.info["control_url"] + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with self._open(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SandboxError(f"{method} {path}: {error.read().decode(errors='replace')}") from None

    def _open(self, request: urllib.request.Request) -> Any:
        # A proxy of the environment must not stand between a test and its sandbox.
        handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.ssl_context))
        return urllib.request.build_opener(*handlers).open(request, timeout=_COMMAND_TIMEOUT_S)

    def stats(self) -> dict[str, Any]:
        """Counters since the start or the last `reset_stats()`."""
        found: dict[str, Any] = self.control("GET", "/stats")
        return found

    def reset_stats(self) -> None:
        """All counters to zero, and an empty foreign log."""
        self.control("POST", "/reset-stats")

    def reset_data(self) -> None:
        """Brings the data back to what they were at the start: nothing created, changed or deleted."""
        self.control("POST", "/reset-data")

    def settings(self, **values: Any) -> dict[str, Any]:
        """Changes settings; returns all of them."""
        found: dict[str, Any] = self.control("POST", "/settings", values)
        return found

    def fault(
        self, name: str, on: str = "api", match: str = "", skip: int = 0, times: int | None = None, method: str = "",
        **args: Any,
    ) -> None:  # fmt: skip
        """Adds a fault rule; further keywords are the fault's own arguments."""
        rule = {"fault": name, "on": on, "match": match, "skip": skip, "times": times, "method": method, "args": args}
        self.control("POST", "/faults", [rule])

    def clear_faults(self) -> None:
        """Removes all fault rules."""
        self.control("DELETE", "/faults")

    def add_secret(self, secret: str | None = None) -> str:
        """One more valid client secret (a made one by default); returns it."""
        added: str = self.control("POST", "/secrets", {"add": secret})["secrets"][-1]
        return added

    def remove_secret(self, secret: str) -> None:
        """Makes a secret invalid; tokens that were minted with it live on."""
        self.control("POST", "/secrets", {"remove": secret})

    def rotate_secret(self, keep_old: bool = False) -> str:
        """A new client secret; the old ones die at once, or stay valid beside it. Returns the new one."""
        secret = self.add_secret()
        if not keep_old:
            self.control("POST", "/secrets", {"replace": secret})
        self.info["client_secret"] = secret
        return secret

    def set_user(self, **values: Any) -> dict[str, Any]:
        """Changes the communication user: `password`, `locked`."""
        found: dict[str, Any] = self.control("POST", "/user", values)
        self.info["password"] = found["password"]
        return found

    def know_certificate(self, known: bool = True) -> None:
        """Whether the tenant knows the client's certificate (`client_certificate`, `client_key`)."""
        self.control("POST", "/certificate", {"known": known})

    def revoke_tokens(self) -> None:
        """Makes every token minted so far unknown."""
        self.control("POST", "/tokens", {"revoke": True})

    def drop_sessions(self) -> None:
        """Ends all HTTP sessions: every CSRF token is void."""
        self.control("POST", "/sessions", {"drop": True})

    def keep_tokens(self, keep: bool = True) -> None:
        """Keeps the texts of the tokens that are minted from now on, or forgets them."""
        self.control("POST", "/tokens", {"keep": keep})

    def kept_tokens(self) -> list[str]:
        """The texts of the tokens minted since `keep_tokens()`: to look for what a client left of them."""
        found: list[str] = self.control("GET", "/tokens")
        return found

    def foreign_log(self) -> list[dict[str, Any]]:
        """What the foreign host was sent: method, path, headers (pairs, names in lower case)."""
        found: list[dict[str, Any]] = self.control("GET", "/foreign-log")
        return found

    def mint(self) -> str:
        """An access token, for tests that speak HTTP themselves."""
        form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
        request = urllib.request.Request(self.info["token_url"], form)
        pair = ":".join(urllib.parse.quote_plus(self.info[name]) for name in ("client_id", "client_secret"))
        request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
        with self._open(request) as answer:
            token: str = json.load(answer)["access_token"]
            return token
