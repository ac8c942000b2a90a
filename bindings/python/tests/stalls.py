# SPDX-License-Identifier: Apache-2.0
"""Servers that leave a client waiting, at each stage of a connection."""

import contextlib
import socket
import threading
from typing import Iterator, List


@contextlib.contextmanager
def unaccepting() -> Iterator[int]:
    """The port of a server whose backlog is full: a connection is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """The port of a server that takes connections and says nothing: the TLS handshake stalls."""
    taken: List[socket.socket] = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            # A close alone does not end an accept.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in taken:
                each.close()
