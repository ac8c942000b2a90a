# SPDX-License-Identifier: Apache-2.0
"""What is left of the tenant's sessions in memory: see session_memory.py."""

import json
import subprocess
import sys
from pathlib import Path

ORDER = {
    "SalesOrderType": "OR",
    "SalesOrganization": "1010",
    "DistributionChannel": "10",
    "OrganizationDivision": "00",
    "SoldToParty": "10100001",
    "to_Item": [{"Material": "NM-1000", "RequestedQuantity": "2"}],
}


def test_no_session_outlives_its_client(sandbox, tmp_path):
    sandbox.settings(cookies_on_reads=True)
    given = {
        "host": sandbox.api_url,
        "token_url": sandbox.token_url,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "allow_host": "localhost",
        "ca_file": sandbox.ca_file,
        "order": ORDER,
    }
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("session_memory.py"), tmp_path],
        input=json.dumps(given), capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    # Cookies that come with reads are not even kept.
    assert counts["read"] == [0, 0]
    # The session is there to be used again: the search finds what there is.
    assert min(counts["open"]) > 0
    assert counts["closed"] == [0, 0]
