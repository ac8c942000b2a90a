"""The tenant Nordvik Manufacturing AG: entity type declarations and seeded, deterministic business data."""
