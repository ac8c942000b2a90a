# SPDX-License-Identifier: Apache-2.0
"""What a sandbox that listens says of itself: the JSON line, and the same for a shell."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .ca import Certificates
from .state import Tenant
from .tenant.plan import OPEN_ORDERS, PARTIALLY_DELIVERED
from .token_endpoint import ABAP_PATH, XSUAA_PATH


def announcement(tenant: Tenant, certificates: Certificates) -> str:
    """The JSON line. `open_orders` are those of the last 30 days, `open_orders_in_all` also the older ones."""
    urls = tenant.urls
    return json.dumps(
        {
            "api_url": urls.api,
            "token_url": urls.token + XSUAA_PATH,
            "abap_token_url": urls.api + ABAP_PATH,
            "control_url": urls.control,
            "foreign_url": urls.foreign,
            "silent_url": urls.silent,
            "closing_url": urls.closing,
            "ca_file": str(certificates.ca_file),
            "client_id": tenant.client.client_id,
            "client_secret": tenant.client.secrets[0],
            "user": tenant.user.name,
            "password": tenant.user.password,
            "client_certificate": certificates.client_certificate,
            "client_key": certificates.client_key,
            "today": tenant.today.isoformat(),
            "seed": tenant.seed,
            "page_size": tenant.settings.page_size,
            "open_orders": OPEN_ORDERS,
            "open_orders_in_all": tenant.open_orders,
            "partially_delivered": PARTIALLY_DELIVERED,
            "pid": os.getpid(),
        }
    )


@contextlib.contextmanager
def env_file(tenant: Tenant, ca_file: Path, path: Path | None) -> Iterator[None]:
    """Keeps a file of `export` lines for a POSIX shell, with mode 0600, as long as the block runs. None: no file."""
    if path is None:
        yield
        return
    values = {
        "S4_HOST": tenant.urls.api,
        "S4_TOKEN_URL": tenant.urls.token + XSUAA_PATH,
        "S4_CLIENT_ID": tenant.client.client_id,
        "S4_CLIENT_SECRET": tenant.client.secrets[0],
        "S4_CA_FILE": str(ca_file),
        "S4_ALLOW_HOST": urlsplit(tenant.urls.api).hostname or "",
    }
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())
    # Whole or not at all, and never readable for others: made beside it with mode 0600, then put in its place.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
