"""Networks of any depth: one layer that is repeated, written as one derivation file."""
