"""The index normal form: equality of index expressions for all sizes. `form` is its interface."""
