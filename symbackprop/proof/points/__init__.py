"""Statements at points: rigorous evaluation, exact sample points, counterexamples and witnesses."""
