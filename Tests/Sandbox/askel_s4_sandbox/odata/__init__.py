# SPDX-License-Identifier: Apache-2.0
"""OData V2 as the sandbox tenant speaks it: schema, URLs, filters, rows, JSON and `$metadata`."""
