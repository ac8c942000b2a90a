# SPDX-License-Identifier: Apache-2.0
"""OData V4 as the sandbox tenant speaks it: one service over the same tables as the V2 service."""
