# SPDX-License-Identifier: Apache-2.0
"""A sandbox tenant: an HTTPS server that behaves like an SAP S/4HANA Cloud tenant, with faults on demand.

`python3 -m askel_s4_sandbox` runs it; `Sandbox` runs it for a test.
"""

from .sandbox import Sandbox

__all__ = ["Sandbox"]
__version__ = "0.1.0"
