"""The two routes to a gradient, step by step; instances of them, and the oracle from outside."""
