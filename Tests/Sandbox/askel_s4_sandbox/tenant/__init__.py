# SPDX-License-Identifier: Apache-2.0
"""The tenant Nordvik Manufacturing AG: entity type declarations and seeded, deterministic business data."""
