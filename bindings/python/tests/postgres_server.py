# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server for the tests, from the machine's package, in a directory of its own.

It listens on a socket in that directory alone, sorts as English does, and ends with the process that started it.
"""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
from typing import IO, List, Optional

import psycopg


class PostgresServer:
    """`with PostgresServer() as server:` connects by `server.dsn`."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._root = pathlib.Path(tempfile.mkdtemp(prefix="askel-s4-pg-"))
        self._log: IO[bytes] = open(self._root / "log", "wb")  # noqa: SIM115
        self._process: Optional[subprocess.Popen[bytes]] = None
        self.dsn = f"host={self._root} port=5432 dbname=postgres user=vault"

    def __enter__(self) -> "PostgresServer":
        try:
            if os.geteuid() == 0:
                shutil.chown(self._root, "postgres", "postgres")
            # The database's own order is not that of the keys' bytes: a table has to ask for that.
            self._run("initdb", "--no-sync", "--auth=trust", "--username=vault", "--encoding=UTF8", "--locale=C.UTF-8",
                      "--locale-provider=icu", "--icu-locale=en-US", "--pgdata", str(self._root / "data"))
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._log.close()
            shutil.rmtree(self._root, ignore_errors=True)

    def start(self) -> None:
        settings = ["listen_addresses=", f"unix_socket_directories={self._root}", "fsync=on", "synchronous_commit=off",
                    "max_connections=60", "shared_buffers=16MB", "log_min_messages=warning",
                    "recovery_init_sync_method=syncfs"]
        command = [str(self._programs / "postgres"), "-D", str(self._root / "data")]
        for setting in settings:
            command += ["-c", setting]
        self._process = subprocess.Popen(
            _as_owner(command), stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, cwd=self._root)
        end = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.dsn).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"PostgreSQL does not start: {error}\n{self.log()}") from None
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """Ends the server: SIGINT ends its sessions first; SIGQUIT is a crash, after which it recovers from its log."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def restart(self, how: int = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def log(self) -> str:
        return (self._root / "log").read_text(errors="replace")[-4000:]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            _as_owner([str(self._programs / program), *arguments]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=120, cwd=self._root)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stdout}")


def _programs() -> pathlib.Path:
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        raise RuntimeError("there is no PostgreSQL server on this machine: install the package postgresql")
    return pathlib.Path(max(found, key=lambda path: float(path.split("/")[4]))).parent


def _as_owner(command: List[str]) -> List[str]:
    """The server refuses to run as root; and it is to end when this process does, however that comes."""
    prefix = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() == 0:
        prefix += ["--reuid", "postgres", "--regid", "postgres", "--init-groups"]
    return prefix + command
