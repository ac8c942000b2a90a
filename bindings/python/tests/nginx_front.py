# SPDX-License-Identifier: Apache-2.0
"""A real nginx in front of the sandbox, which speaks HTTP/2 where the sandbox speaks HTTP/1.1 alone."""

import pathlib
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from typing import Dict, List, Optional, Set
from urllib.parse import urlsplit

from askel_s4_sandbox.ca import make_certificates

_SERVER = """
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.pem;
    {further}
    location / {{
      proxy_pass {url};
      proxy_ssl_verify off;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
    }}
  }}
"""
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
  log_format protocol "$server_protocol $server_port $connection $status $ssl_client_s_dn";
  access_log {folder}/access.log protocol;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
{servers}
}}
"""


class NginxFront:
    """`with NginxFront(sandbox) as front:` gives the tenant's members that differ, as `front.info`.

    :param further: further directives, for both servers
    :param verifies: a client certificate must be shown; the sandbox is shown it by nginx
    """

    def __init__(self, sandbox: object, further: str = "", verifies: bool = False) -> None:
        self._sandbox = sandbox
        self._further = further
        self._verifies = verifies
        self._stack = ExitStack()
        self._process: Optional[subprocess.Popen] = None
        self.info: Dict[str, str] = {}

    def __enter__(self) -> "NginxFront":
        folder = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        made = make_certificates(folder)
        api, token = _free_port(), _free_port()
        token_url = urlsplit(self._sandbox.token_url)
        further = self._further
        if self._verifies:
            for name in ("client_certificate", "client_key"):
                (folder / name).write_text(self._sandbox.info[name])
            authority = pathlib.Path(self._sandbox.ca_file).parent / "client-ca.pem"
            further += (
                f"ssl_client_certificate {authority}; ssl_verify_client on; "
                f"proxy_ssl_certificate {folder}/client_certificate; proxy_ssl_certificate_key {folder}/client_key;")
        servers = [
            _SERVER.format(folder=folder, port=port, further=further, url=f"https://{urlsplit(url).netloc}")
            for port, url in ((api, self._sandbox.api_url), (token, self._sandbox.token_url))
        ]
        (folder / "nginx.conf").write_text(_CONFIGURATION.format(folder=folder, servers="".join(servers)))
        self._process = subprocess.Popen(
            ["/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
        self._wait(api, folder)
        self._log = folder / "access.log"
        self.info = {
            "api_url": f"https://localhost:{api}",
            "token_url": f"https://localhost:{token}{token_url.path}",
            "ca_file": str(made.ca_file),
        }
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        self._stack.close()

    def both(self, other: "NginxFront") -> str:
        """A file with the authorities of both."""
        path = pathlib.Path(self.info["ca_file"]).with_name("both.pem")
        path.write_text("".join(pathlib.Path(each.info["ca_file"]).read_text() for each in (self, other)))
        return str(path)

    def protocols(self) -> Set[str]:
        """The versions of HTTP that requests came in."""
        return {request[0] for request in self.requests()}

    def requests(self) -> List[List[str]]:
        """Version of HTTP, port, number of the connection, status and the client's name of each request so far."""
        return [line.split(" ", 4) for line in self._log.read_text().splitlines()]

    def _wait(self, port: int, folder: pathlib.Path) -> None:
        for _ in range(200):
            assert self._process.poll() is None, (folder / "error.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("nginx does not listen")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
